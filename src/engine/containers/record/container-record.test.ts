import { expect, it } from "vitest";
import { neverStarted, parseContainerRecord } from "./container-record.js";

const endpoint = { NetworkID: "n", IPAddress: "10.0.0.2" };
const sandbox = {
  containerId: "a".repeat(64),
  name: "web",
  endpoints: { front: endpoint },
  ports: {},
  nameServers: [],
};
const running = { ...neverStarted, status: "running", process: { pid: 1, startTicks: 2, bootId: "b" }, sandbox };
const record = {
  id: "a".repeat(64),
  name: "web",
  createdAt: "2026-01-01T00:00:00Z",
  imageId: "sha256:1",
  ...{ chainIds: [], platform: "linux", config: {}, hostConfig: {}, endpoints: {}, mounts: [], files: [] },
  state: running,
};

it("is taken from the disk as it was written", () => {
  expect(parseContainerRecord(JSON.parse(JSON.stringify(record)))).toEqual(record);
});

it.each([
  ["a state", { state: undefined }],
  ["a known status", { state: { ...running, status: "sleeping" } }],
  ["a process with a pid", { state: { ...running, process: "x" } }],
  ["a sandbox with endpoints", { state: { ...running, sandbox: { ...sandbox, endpoints: undefined } } }],
  ["a sandbox with ports", { state: { ...running, sandbox: { ...sandbox, ports: 7 } } }],
  ["settings for each network", { endpoints: { front: null } }],
  ["mounts", { mounts: [1] }],
  ["injected files", { files: [null] }],
])("is refused without %s", (_what, change) => {
  expect(parseContainerRecord({ ...record, ...change })).toBeUndefined();
});
