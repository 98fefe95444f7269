import { expect, it } from "vitest";
import type { ContainerStats } from "../../wire/stats.js";
import { statsRow } from "./stats-view.js";

const cpu = (total: number, system: number) => ({
  cpu_usage: { total_usage: total, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  system_cpu_usage: system,
  online_cpus: 2,
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
});
const stats: ContainerStats = {
  ...{ name: "/web", id: "0123456789abcdef", read: "", preread: "", num_procs: 0, storage_stats: {} },
  pids_stats: { current: 3 },
  blkio_stats: {
    io_service_bytes_recursive: [
      { major: 8, minor: 0, op: "read", value: 4096 },
      { major: 8, minor: 0, op: "Write", value: 1000 },
    ],
    io_serviced_recursive: null,
  },
  cpu_stats: cpu(150, 1200),
  precpu_stats: cpu(100, 1000),
  memory_stats: { usage: 3 * 1024 ** 2, limit: 64 * 1024 ** 2, stats: { total_inactive_file: 1024 ** 2 } },
};

const named = { trunc: true, container: "web" };

it("tells rates since the reading before, and memory without what can be taken back", () => {
  expect(statsRow(stats, named)).toMatchObject({
    ...{ ID: "0123456789ab", Name: "web", CPUPerc: "50.00%", MemUsage: "2MiB / 64MiB", MemPerc: "3.13%" },
    ...{ NetIO: "0B / 0B", BlockIO: "4.1kB / 1kB", PIDs: "3" },
  });
});

it("has dashes for a container that does not run", () => {
  expect(statsRow({ ...stats, memory_stats: {}, pids_stats: {} }, named)).toMatchObject({ CPUPerc: "--", PIDs: "--" });
});
