import { describe, expect, it } from "vitest";
import type { HostConfig } from "../../../wire/container.js";
import { checkHostConfig } from "./check-host-config.js";
import { isWithin } from "./number-list.js";

const spec = { initPath: undefined, realtimeCpu: false, onlineCpus: "0-3,8", onlineNodes: "0" };
const check = (request: HostConfig) => checkHostConfig(request, { cpus: 5, runtimes: ["runc"], spec });

describe("a host configuration is refused", () => {
  it.each<[HostConfig, string]>([
    [{ MemoryReservation: 1000 }, "Minimum memory reservation allowed is 6MB"],
    [{ MemorySwappiness: 101 }, "valid memory swappiness range is 0-100"],
    [{ CpuPeriod: 10 }, "CPU cfs period can not be less than 1ms"],
    [{ CpuQuota: 10 }, "CPU cfs quota can not be less than 1ms"],
    [{ CpusetCpus: "0,4" }, "Requested CPUs are not available - requested 0,4, available: 0-3,8"],
    [{ CpusetMems: "x" }, "Requested memory nodes are not available"],
    [{ CpuRealtimeRuntime: 5 }, "CpuRealtimeRuntime: this kernel does not support"],
    [{ BlkioWeight: 5 }, "Range of BlkioWeight"],
    [{ OomScoreAdj: -1001 }, "range for oom score adj is [-1000, 1000]"],
    [{ ShmSize: -1 }, "SHM size can not be less than 0"],
    [{ IpcMode: "container:" }, "invalid IPC mode: container:"],
    [{ PidMode: "private" }, "invalid PID mode: private"],
    [{ UTSMode: "x" }, "invalid UTS mode: x"],
    [{ UsernsMode: "remap" }, "invalid UsernsMode: remap"],
    [{ Isolation: "hyperv" }, "linux only supports 'default'"],
    [{ StorageOpt: { size: "1G" } }, "StorageOpt size: --storage-opt is supported only for overlay over xfs"],
    [{ StorageOpt: { other: "1" } }, "StorageOpt: Unknown option other"],
    [{ Runtime: "kata" }, "unknown or invalid runtime name: kata"],
    [{ VolumeDriver: "flocker" }, 'plugin "flocker" not found'],
    [{ CpuPercent: 10 }, "CpuPercent is a limit of Windows"],
    [{ LogConfig: { Config: { "max-size": "big" } } }, "invalid size of max-size: 'big'"],
    [{ LogConfig: { Config: { mode: "fast" } } }, "unknown mode 'fast'"],
  ])("%j", (request, text) => {
    expect(() => check(request)).toThrow(text);
  });

  it("when it asks for an init process that is not installed, unless there is none to start", () => {
    expect(() => check({ Init: true })).toThrow("Init: no program for it is installed");
    check({ Init: true, PidMode: "host" });
  });

  it("not for what clients send for unset, nor for what is there", () => {
    check({ CpusetCpus: "1-2,8", CpusetMems: "", Runtime: "", Isolation: "default", UsernsMode: "host", Init: false });
    check({ StorageOpt: {}, VolumeDriver: "local", ConsoleSize: [0, 0], MemorySwappiness: -1, BlkioWeight: 0 });
  });
});

it("a list of numbers is within another, however both are written", () => {
  expect(isWithin("0-3", "0,1,2-3")).toBe(true);
  expect(isWithin("3,0", "0-1,3")).toBe(true);
  for (const asked of ["2", "0-2", "", "1-0", "a", "0,,1"]) expect(isWithin(asked, "0-1")).toBe(false);
});
