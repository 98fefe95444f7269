import { expect, it } from "vitest";
import { limitWrites } from "./cgroup-limits.js";

const print = (version: 1 | 2, limits: Parameters<typeof limitWrites>[1]) =>
  limitWrites(version, limits).map(({ hierarchy, file, value }) => `${hierarchy}/${file} ${value}`);

it("writes only what was asked for", () => {
  expect(print(1, {})).toEqual([]);
  expect(print(2, { Memory: 0, CpusetCpus: "", PidsLimit: null })).toEqual([]);
});

it("writes v1's files", () => {
  const limits = { Memory: 64, MemorySwap: -1, NanoCpus: 5e8, CpuShares: 512, PidsLimit: -1, CpusetCpus: "0-1" };
  expect(print(1, limits)).toEqual([
    "memory/memory.limit_in_bytes 64",
    "memory/memory.memsw.limit_in_bytes -1",
    "cpu/cpu.shares 512",
    "cpu/cpu.cfs_period_us 100000",
    "cpu/cpu.cfs_quota_us 50000",
    "cpuset/cpuset.cpus 0-1",
    "pids/pids.max max",
  ]);
});

it("writes v2's files, swap without the memory in it", () => {
  expect(print(2, { Memory: 64, MemorySwap: 100, CpuQuota: -1, CpuShares: 1024, PidsLimit: 9 })).toEqual([
    "/memory.max 64",
    "/memory.swap.max 36",
    "/cpu.weight 39",
    "/cpu.max max 100000",
    "/pids.max 9",
  ]);
});
