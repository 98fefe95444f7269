import { Readable } from "node:stream";
import { expect, it } from "vitest";
import type { BuildInputs } from "../../wire/build.js";
import { readBuildRequest } from "./build-query.js";
import type { ApiRequest } from "./http/request.js";

function read(
  query: string,
  { inputs, headers = {} }: { inputs?: BuildInputs; headers?: Record<string, string> } = {},
) {
  const request: ApiRequest = {
    ...{ method: "POST", path: "/build", version: 51, params: {}, upgrade: false, headers },
    query: new URLSearchParams(query),
    signal: new AbortController().signal,
    body: Readable.from([]),
  };
  return readBuildRequest(request, inputs);
}

const json = (value: unknown) => encodeURIComponent(JSON.stringify(value));

it("has defaults where nothing is asked for, and takes null and nothing for nothing", () => {
  const empty =
    "t=&remote=&buildargs=null&labels=null&cachefrom=null&ulimits=null&extrahosts=&shmsize=0&memory=0&outputs=";
  for (const query of ["", empty]) {
    expect(read(query)).toMatchObject({
      ...{
        dockerfile: "Dockerfile",
        tags: [],
        labels: {},
        noCache: false,
        pull: false,
        keepContainers: false,
        host: {},
      },
      context: { kind: "archive" },
    });
  }
});

it("reads every parameter that Docker's clients send", () => {
  const args = json({ A: "1", B: null });
  const limits = json([{ Name: "nofile", Soft: 1, Hard: 2 }]);
  const found = read(
    `dockerfile=./sub/D&t=a&t=b:2&nocache=1&pull=true&rm=0&target=x&platform=linux/arm64&buildargs=${args}` +
      `&labels=${json({ l: "m" })}&ulimits=${limits}&extrahosts=a:1&extrahosts=b:2&networkmode=none&shmsize=9` +
      "&memory=8&memswap=-1&cpushares=7&cpusetcpus=0-1&cpusetmems=0&cpuperiod=6&cpuquota=5&cgroupparent=/g" +
      `&securityopt=${json(["no-new-privileges"])}`,
  );
  expect(found).toMatchObject({
    ...{ dockerfile: "sub/D", tags: ["a", "b:2"], noCache: true, pull: true, keepContainers: true, target: "x" },
    ...{ platform: "linux/arm64", args: new Map([["A", "1"]]), labels: { l: "m" } },
  });
  expect(found.host).toEqual({
    ...{ Memory: 8, MemorySwap: -1, CpuShares: 7, CpuPeriod: 6, CpuQuota: 5, CpusetCpus: "0-1", CpusetMems: "0" },
    ...{ CgroupParent: "/g", ShmSize: 9, NetworkMode: "none", ExtraHosts: ["a:1", "b:2"] },
    ...{ Ulimits: [{ Name: "nofile", Soft: 1, Hard: 2 }], SecurityOpt: ["no-new-privileges"] },
  });
});

it.each([
  ["version=2", "BuildKit's protocol"],
  ["squash=1", "squash"],
  ["isolation=hyperv", "isolation=hyperv"],
  [`outputs=${json([{ Type: "tar" }])}`, "outputs"],
  ["buildargs=[1]", "buildargs"],
  ["labels={", "labels"],
  [`ulimits=${json([{ Name: 1 }])}`, "ulimits"],
])("refuses %s by name", (query, name) => {
  expect(() => read(query)).toThrow(name);
});

it("reads where caches are taken from, as many as there are", () => {
  expect(read(`cachefrom=${json(["a", "type=local,src=/c"])}`)).toMatchObject({
    cacheFrom: [{ kind: "registry" }, { kind: "local" }],
    warnings: [],
  });
  expect(read("cachefrom=[]").cacheFrom).toEqual([]);
});

it("finds credentials by the registry's host, Docker Hub's by its old address", () => {
  const config = { "https://index.docker.io/v1/": { username: "hub", password: "p" }, "r:5000": { username: "own" } };
  const header = Buffer.from(JSON.stringify(config)).toString("base64url");
  const { authFor } = read("", { headers: { "x-registry-config": header } });
  expect([authFor("docker.io"), authFor("r:5000"), authFor("other")]).toEqual([
    { username: "hub", password: "p" },
    { username: "own" },
    undefined,
  ]);
  expect(read("", { headers: { "x-registry-config": "nonsense" } }).authFor("docker.io")).toBeUndefined();
});

it("takes what our own client announced: a directory, secrets, contexts", () => {
  const inputs = {
    ...{ context: "/c", secrets: { s: Buffer.from("v").toString("base64") }, allow: ["network.host"] },
    contexts: { i: "docker-image://x:1", d: "/dir", g: "https://host/r.git#main" },
  };
  expect(read("", { inputs })).toMatchObject({
    ...{ context: { kind: "directory", path: "/c" }, allow: new Set(["network.host"]) },
    secrets: new Map([["s", Buffer.from("v")]]),
    contexts: new Map<string, unknown>([
      ["i", { kind: "image", name: "x:1" }],
      ["d", { kind: "directory", path: "/dir" }],
      ["g", { kind: "remote", url: "https://host/r.git#main" }],
    ]),
  });
  const contexts = {
    one: "oci-layout:///a/b",
    two: "oci-layout:///a/b:v1",
    three: `oci-layout:///a@sha256:${"0".repeat(64)}`,
  };
  expect([...read("", { inputs: { contexts } }).contexts.values()]).toEqual([
    { kind: "layout", path: "/a/b" },
    { kind: "layout", path: "/a/b", reference: "v1" },
    { kind: "layout", path: "/a", reference: `sha256:${"0".repeat(64)}` },
  ]);
});
