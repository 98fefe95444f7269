import { expect, it } from "vitest";
import { parseChallenge } from "./challenge.js";
import {
  endpointsOf,
  mergeMirrors,
  noRegistryConfig,
  parseEngineConfig,
  parseMirrorsVariable,
} from "./registry-config.js";
import { waitMs } from "./retry.js";

it("reads mirrors and insecure registries from engine.json", () => {
  const text = '{"registryMirrors":{"docker.io":["http://127.0.0.1:5000/"]},"insecureRegistries":["10.0.0.5:5000"]}';
  expect(parseEngineConfig(text)).toEqual({
    mirrors: { "docker.io": ["http://127.0.0.1:5000"] },
    insecure: ["10.0.0.5:5000"],
  });
  expect(parseEngineConfig("{}")).toEqual(noRegistryConfig);
});

it.each(["[]", "{", '{"registryMirrors":[]}', '{"registryMirrors":{"a":["ftp://x"]}}', '{"insecureRegistries":"x"}'])(
  "refuses %s as engine.json",
  (text) => {
    expect(() => parseEngineConfig(text)).toThrow(expect.objectContaining({ code: "bad-parameter" }));
  },
);

it("reads mirrors from a variable, several for one host", () => {
  expect(parseMirrorsVariable("docker.io=http://127.0.0.1:5000, quay.io=mirror.example,docker.io=localhost:1")).toEqual(
    {
      "docker.io": ["http://127.0.0.1:5000", "http://localhost:1"],
      "quay.io": ["https://mirror.example"],
    },
  );
  expect(parseMirrorsVariable("")).toEqual({});
  expect(() => parseMirrorsVariable("docker.io")).toThrow("not HOST=URL");
});

it("asks mirrors in order, those of the variable first, then the registry itself", () => {
  const mirrors = mergeMirrors({ "docker.io": ["http://a"] }, { "docker.io": ["http://b"], "q.io": ["http://c"] });
  expect(endpointsOf("docker.io", { mirrors, insecure: [] }).map(({ baseUrl }) => baseUrl)).toEqual([
    "http://a",
    "http://b",
    "https://registry-1.docker.io",
  ]);
});

it.each([
  ["127.0.0.1:5000", ["http", "https"]],
  ["localhost:5000", ["http", "https"]],
  ["[::1]:5000", ["http", "https"]],
  ["lab:5000", ["http", "https"]],
  ["quay.io", ["https"]],
  ["127.evil.example", ["https"]],
])("speaks to %s by %j", (host, schemes) => {
  const endpoints = endpointsOf(host, { mirrors: {}, insecure: ["lab:5000"] });
  expect(endpoints.map(({ baseUrl }) => baseUrl)).toEqual(schemes.map((scheme) => `${scheme}://${host}`));
});

it("understands the challenges of registries", () => {
  expect(parseChallenge('Bearer realm="https://auth.x/token",service="reg",scope="repository:a/b:pull,push"')).toEqual({
    kind: "bearer",
    realm: "https://auth.x/token",
    service: "reg",
    scope: "repository:a/b:pull,push",
  });
  expect(parseChallenge('Basic realm="r"')).toEqual({ kind: "basic" });
  expect(parseChallenge("Bearer realm=nowhere")).toBeUndefined();
  expect(parseChallenge(undefined)).toBeUndefined();
});

it("waits longer each time, or as long as the registry says", () => {
  const waits = [1, 2, 3, 9].map((attempt) => waitMs(attempt, { retryAfter: undefined, random: 0.5 }));
  expect(waits).toEqual([500, 1000, 2000, 30_000]);
  expect(waitMs(1, { retryAfter: "7", random: 0.5 })).toBe(7000);
  expect(waitMs(1, { retryAfter: "99999", random: 0.5 })).toBe(30_000);
  expect(waitMs(1, { retryAfter: "soon", random: 0.5 })).toBe(500);
});
