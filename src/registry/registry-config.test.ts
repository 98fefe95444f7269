import { expect, it } from "vitest";
import { parseChallenge } from "./auth/challenge.js";
import {
  environmentConfig,
  isInsecure,
  mergeConfigs,
  mirrorsOf,
  noRegistryConfig,
  ownEndpointsOf,
  parseEngineConfig,
  parseMirrorsVariable,
} from "./registry-config.js";
import { isTransientError, waitMs } from "./retry.js";

it("reads mirrors and insecure registries from engine.json", () => {
  const text = '{"registryMirrors":{"docker.io":["http://127.0.0.1:5000/"]},"insecureRegistries":["10.0.0.5:5000"]}';
  expect(parseEngineConfig(text)).toEqual({
    mirrors: { "docker.io": ["http://127.0.0.1:5000"] },
    ...{ insecure: ["10.0.0.5:5000"], proxies: {}, isOffline: false },
  });
});

it("takes proxies and offline from engine.json over the environment, and mirrors of both", () => {
  const environment = environmentConfig({
    ...{ HTTPS_PROXY: "http://a:1", no_proxy: "x", GANTRY_REGISTRY_MIRRORS: "docker.io=http://m", SSL_CERT_FILE: "/c" },
  });
  expect(environment).toMatchObject({ isOffline: false, certificates: { file: "/c" } });
  const text = '{"proxies":{"https-proxy":"http://b:2"},"offline":true,"registryMirrors":{"docker.io":["http://n"]}}';
  expect(mergeConfigs(environment, parseEngineConfig(text))).toMatchObject({
    mirrors: { "docker.io": ["http://m", "http://n"] },
    ...{ proxies: { https: "http://b:2", none: "x" }, isOffline: true },
  });
});

it.each([
  ["1", true],
  ["yes", true],
  ["", false],
  ["0", false],
  ["False", false],
])("with GANTRY_OFFLINE=%s is offline: %s", (GANTRY_OFFLINE, isOffline) => {
  expect(environmentConfig({ GANTRY_OFFLINE }).isOffline).toBe(isOffline);
});

it.each([
  "[]",
  "{",
  '{"registryMirrors":[]}',
  '{"registryMirrors":{"a":["ftp://x"]}}',
  '{"insecureRegistries":"x"}',
  '{"proxies":{"ftp":"x"}}',
  '{"offline":1}',
])("refuses %s as engine.json", (text) => {
  expect(() => parseEngineConfig(text)).toThrow(expect.objectContaining({ code: "bad-parameter" }));
});

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

it("asks mirrors in order, then the registry itself", () => {
  const config = { ...noRegistryConfig, mirrors: { "docker.io": ["http://b", "http://a"] } };
  expect(mirrorsOf("docker.io", config).map(({ baseUrl }) => baseUrl)).toEqual(["http://b", "http://a"]);
  expect(ownEndpointsOf("docker.io", config).map(({ baseUrl }) => baseUrl)).toEqual(["https://registry-1.docker.io"]);
});

it.each([
  ["127.0.0.1:5000", ["http", "https"]],
  ["localhost:5000", ["http", "https"]],
  ["[::1]:5000", ["http", "https"]],
  ["lab:5000", ["http", "https"]],
  ["10.1.2.3:5000", ["http", "https"]],
  ["10.2.2.3:5000", ["https"]],
  ["quay.io", ["https"]],
  ["127.evil.example", ["https"]],
])("speaks to %s by %j", (host, schemes) => {
  const config = { ...noRegistryConfig, insecure: ["lab:5000", "10.1.0.0/16"] };
  expect(ownEndpointsOf(host, config).map(({ baseUrl }) => baseUrl)).toEqual(
    schemes.map((scheme) => `${scheme}://${host}`),
  );
  expect(isInsecure(host, config)).toBe(schemes.length === 2);
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

it("waits longer each time, or as long as the registry says in seconds or by a date, unless that is too long", () => {
  const now = new Date("2026-01-01T00:00:00Z");
  const wait = (attempt: number, retryAfter?: string) => waitMs(attempt, { retryAfter, random: 0.5, now });
  expect([1, 2, 3, 9].map((attempt) => wait(attempt))).toEqual([500, 1000, 2000, 30_000]);
  expect(wait(1, "7")).toBe(7000);
  expect(wait(1, "Thu, 01 Jan 2026 00:00:09 GMT")).toBe(9000);
  expect(wait(1, "Wed, 31 Dec 2025 00:00:00 GMT")).toBe(0);
  expect(wait(1, "99999")).toBeUndefined();
  expect(wait(1, "soon")).toBe(500);
});

it("asks a host again that was reached before, and one that broke off, but none that never answered", () => {
  const refused = Object.assign(new Error("x"), { code: "ECONNREFUSED" });
  const reset = Object.assign(new Error("x"), { code: "ECONNRESET" });
  expect([isTransientError(refused, false), isTransientError(refused, true)]).toEqual([false, true]);
  expect([isTransientError(reset, false), isTransientError(new Error("x"), true)]).toEqual([true, false]);
});
