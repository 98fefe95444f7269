import { expect, it } from "vitest";
import type { EngineClient } from "../../client/engine-client.js";
import { registryConfig } from "./auth-header.js";
import { type Credentials, hubKey, parseDockerConfig, registryKey, withEntry } from "./docker-config.js";
import { proxyVariables } from "./docker-proxies.js";
import { withCredentials } from "./with-credentials.js";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const decoded = (header = "") => JSON.parse(Buffer.from(header, "base64url").toString());

it("reads docker's file: passwords that hold colons, tokens, helpers and formats", () => {
  const config = parseDockerConfig(
    JSON.stringify({
      auths: {
        "r.example": { auth: base64("me:a:b") },
        "t.example": { auth: base64("<token>:"), identitytoken: "t" },
        "https://index.docker.io/v1/": {},
      },
      credsStore: "pass",
      credHelpers: { "h.example": "test", bad: 7 },
      psFormat: "{{.ID}}",
    }),
  );
  expect(config.auths["r.example"]).toEqual({ username: "me", password: "a:b" });
  expect(config.auths["t.example"]).toMatchObject({ identityToken: "t" });
  expect(config.auths[hubKey]).toEqual({});
  expect(config).toMatchObject({ credsStore: "pass", credHelpers: { "h.example": "test" }, psFormat: "{{.ID}}" });
  expect(config.credHelpers).not.toHaveProperty("bad");
});

it("takes a file that is no JSON, or of other types, for an empty one", () => {
  for (const text of [undefined, "", "{", "[]", '{"auths":[],"credHelpers":"x","credsStore":{}}']) {
    expect(parseDockerConfig(text)).toEqual({ auths: {}, credHelpers: {}, proxies: {} });
  }
});

it("makes variables of docker's proxies: those of the engine that is named, else the default ones", () => {
  const proxies = {
    default: { httpProxy: "http://p:1", noProxy: "a,b", ftpProxy: "" },
    "tcp://far:2375": { httpsProxy: "q" },
  };
  const { proxies: read } = parseDockerConfig(JSON.stringify({ proxies: { ...proxies, odd: 7 } }));
  expect(proxyVariables(read, {})).toEqual({
    ...{ HTTP_PROXY: "http://p:1", http_proxy: "http://p:1", NO_PROXY: "a,b", no_proxy: "a,b" },
  });
  expect(proxyVariables(read, { DOCKER_HOST: "tcp://far:2375" })).toEqual({ HTTPS_PROXY: "q", https_proxy: "q" });
  expect(proxyVariables({}, {})).toEqual({});
});

it("knows Docker Hub by all its names, and registries by their host", () => {
  for (const name of ["docker.io", "index.docker.io", "https://index.docker.io/v1/", "registry-1.docker.io"]) {
    expect(registryKey(name)).toBe(hubKey);
  }
  expect(registryKey("https://r.example:5000/v2/")).toBe("r.example:5000");
});

it("writes one entry and leaves everything else as it was", () => {
  const before = JSON.stringify({ auths: { a: { auth: "x" } }, HttpHeaders: { k: "v" }, currentContext: "c" });
  const after = withEntry(before, "b", { username: "me", password: "pw" });
  expect(JSON.parse(after)).toEqual({
    auths: { a: { auth: "x" }, b: { auth: base64("me:pw") } },
    HttpHeaders: { k: "v" },
    currentContext: "c",
  });
  expect(JSON.parse(withEntry(after, "b", undefined))).toEqual(JSON.parse(before));
});

/** A client that remembers what credentials came with each call. */
function aClient() {
  const seen: Array<[call: string, auth: string | undefined]> = [];
  const one = async function* (call: string, auth: string | undefined) {
    seen.push([call, auth]);
    yield {};
  };
  const client = {
    images: {
      pull: (name: string, options?: { auth?: string }) => one(`pull ${name}`, options?.auth),
      remoteDigest: async (name: string, call?: { auth?: string }) => void seen.push([`digest ${name}`, call?.auth]),
    },
    upkeep: { pushImage: (name: string, options: { auth?: string }) => one(`push ${name}`, options.auth) },
    builds: { build: (build: { auths?: string }) => one("build", build.auths) },
  } as unknown as EngineClient;
  return { client, seen };
}

async function all(messages: AsyncIterable<unknown>): Promise<void> {
  for await (const _message of messages);
}

it("sends an image's registry its own credentials alone, and a build those of all", async () => {
  const known = new Map<string, Credentials>([
    [hubKey, { username: "hub", password: "1" }],
    ["r.example", { identityToken: "t" }],
  ]);
  let opened = 0;
  const { client, seen } = aClient();
  const wrapped = withCredentials(client, async () => {
    opened += 1;
    return { find: async (key) => known.get(registryKey(key)), all: async () => known };
  });
  expect(opened).toBe(0);
  await all(wrapped.images.pull("busybox"));
  await all(wrapped.images.pull("other.example/a"));
  await all(wrapped.upkeep.pushImage("r.example/a:1", {}));
  await wrapped.images.remoteDigest("r.example/a");
  await all(wrapped.builds.build({} as never));
  const token = { identitytoken: "t", serveraddress: "r.example" };
  expect(seen.map(([call, auth]) => [call, auth === undefined ? undefined : decoded(auth)])).toEqual([
    ["pull busybox", { username: "hub", password: "1", serveraddress: hubKey }],
    ["pull other.example/a", undefined],
    ["push r.example/a:1", token],
    ["digest r.example/a", token],
    ["build", { [hubKey]: { username: "hub", password: "1", serveraddress: hubKey }, "r.example": token }],
  ]);
  expect(opened).toBe(1);
});

it("sends a build nothing when there is nothing", () => {
  expect(registryConfig(new Map())).toBeUndefined();
});
