import { describe, expect, it } from "vitest";
import type { DeviceRequest } from "../../../wire/container.js";
import { parseCdiFile, parseCdiName } from "./cdi-file.js";
import type { CdiDevice, CdiRegistry } from "./cdi-registry.js";
import { combineEdits, requestedDevices } from "./device-requests.js";

const file = parseCdiFile({
  cdiVersion: "0.6.0",
  kind: "nvidia.com/gpu",
  devices: ["0", "1", "10", "all", "GPU-abc"].map((name) => ({ name, containerEdits: { env: [`GPU=${name}`] } })),
  containerEdits: {
    env: ["DRIVER=1"],
    deviceNodes: [{ path: "/dev/nvidiactl" }],
    hooks: [{ hookName: "createContainer", path: "/bin/hook", args: ["hook"] }],
    additionalGids: [44],
  },
});
const devices = new Map(
  [...file.devices].map(([name, edits]): [string, CdiDevice] => [
    `${file.kind}=${name}`,
    { edits, common: file.common, file: "/etc/cdi/nvidia.json" },
  ]),
);
const registry: CdiRegistry = { devices, problems: ["/etc/cdi/other.json: it has no cdiVersion"] };
const ask = (request: DeviceRequest, there = registry) => requestedDevices([request], there);
const gpu = { Capabilities: [["gpu"]] };

describe("a request for devices", () => {
  it("with the Driver cdi names them by DeviceIDs", () => {
    expect(ask({ Driver: "cdi", DeviceIDs: ["nvidia.com/gpu=0", "nvidia.com/gpu=0"] })).toEqual(["nvidia.com/gpu=0"]);
    expect(() => ask({ Driver: "cdi", DeviceIDs: ["gpu"] })).toThrow("invalid CDI device name: gpu");
    expect(() => ask({ Driver: "cdi", DeviceIDs: ["a.com/b=c"] })).toThrow("unresolvable CDI devices a.com/b=c");
  });

  it("by Capabilities takes as many as its Count, in the order of their numbers, or all", () => {
    expect(ask({ ...gpu, Count: 2 })).toEqual(["nvidia.com/gpu=0", "nvidia.com/gpu=1"]);
    expect(ask({ ...gpu, Count: -1 })).toEqual(["nvidia.com/gpu=all"]);
    expect(ask({ Capabilities: [["gpu", "compute"]], Driver: "nvidia" })).toEqual(["nvidia.com/gpu=0"]);
    expect(ask({ ...gpu, DeviceIDs: ["10", "GPU-abc"] })).toEqual(["nvidia.com/gpu=10", "nvidia.com/gpu=GPU-abc"]);
    expect(() => ask({ ...gpu, Count: 4 })).toThrow("4 of nvidia.com/gpu asked for, 3 described");
    expect(() => ask({ ...gpu, Count: 1, DeviceIDs: ["0"] })).toThrow("cannot set both Count and DeviceIDs");
  });

  it("for what nothing describes is refused, and says what could not be read", () => {
    const none = { devices: new Map(), problems: registry.problems };
    expect(() => ask({ ...gpu, Count: -1 }, none)).toThrow(
      'could not select device driver "" with capabilities: [[gpu]]',
    );
    expect(() => ask({ Driver: "amd", ...gpu })).toThrow('could not select device driver "amd"');
    expect(() => ask({ Capabilities: [["tpu"]] })).toThrow("capabilities: [[tpu]]");
    try {
      ask({ ...gpu }, none);
    } catch (error) {
      expect(error).toMatchObject({ hint: expect.stringContaining("it has no cdiVersion") });
    }
  });
});

describe("what devices change", () => {
  it("is put together, a file's common part first and once", () => {
    const edits = combineEdits(["nvidia.com/gpu=0", "nvidia.com/gpu=1"], registry);
    expect(edits).toMatchObject({ env: ["DRIVER=1", "GPU=0", "GPU=1"], additionalGids: [44] });
    expect(edits.nodes).toEqual([{ path: "/dev/nvidiactl", hostPath: "/dev/nvidiactl", permissions: "rwm" }]);
    expect(edits.hooks).toEqual({ createContainer: [{ path: "/bin/hook", args: ["hook"] }] });
  });

  it("is refused when a part of it cannot be had or read", () => {
    const withEdits = (containerEdits: unknown) => () =>
      parseCdiFile({ cdiVersion: "0.8.0", kind: "a.com/b", devices: [{ name: "c", containerEdits }] });
    expect(withEdits({ netDevices: [] })).toThrow("netDevices is not supported");
    expect(withEdits({ env: [1] })).toThrow("env is no text");
    expect(withEdits({ deviceNodes: [{ path: "/dev/p", type: "p" }] })).toThrow("type of /dev/p is not supported");
    expect(withEdits({ hooks: [{ hookName: "never", path: "/x" }] })).toThrow("there are no hooks never");
    expect(() => parseCdiFile({ cdiVersion: "0.8.0", kind: "nope" })).toThrow("its kind is wrong: nope");
  });
});

it("a qualified name has a vendor, a class and a device", () => {
  expect(parseCdiName("vendor.com/net=eth0:1")).toEqual({ kind: "vendor.com/net", device: "eth0:1" });
  for (const text of ["/dev/null", "vendor.com/net", "vendor.com=x", "=x", "vendor.com/net=../x"]) {
    expect(parseCdiName(text)).toBeUndefined();
  }
});
