import { expect, it } from "vitest";
import { hostCpu, interfaceUsage, usageOfV1, usageOfV2 } from "./cgroup-usage.js";

const from = (files: Record<string, string>) => (name: string) => files[name] ?? "";

it("reads a v1 cgroup: times in nanoseconds, no limit where the kernel says its largest number", () => {
  const usage = usageOfV1(
    from({
      "cpuacct/cpuacct.usage": "5000000000\n",
      "cpuacct/cpuacct.usage_percpu": "3000000000 2000000000 \n",
      "cpuacct/cpuacct.stat": "user 300\nsystem 100\n",
      "cpu/cpu.stat": "nr_periods 10\nnr_throttled 2\nthrottled_time 77\n",
      "memory/memory.usage_in_bytes": "4096\n",
      "memory/memory.limit_in_bytes": "9223372036854771712\n",
      "memory/memory.stat": "cache 1\ntotal_inactive_file 1024\n",
      "pids/pids.current": "3\n",
      "pids/pids.max": "max\n",
      "blkio/blkio.throttle.io_service_bytes_recursive": "8:0 Read 4096\n8:0 Write 10\n8:0 Total 4106\nTotal 4106\n",
    }),
  );
  expect(usage).toMatchObject({ cpuNanos: 5e9, userNanos: 3e9, systemNanos: 1e9, perCpuNanos: [3e9, 2e9] });
  expect(usage).toMatchObject({ periods: 10, throttledPeriods: 2, throttledNanos: 77, memoryBytes: 4096, pids: 3 });
  expect(usage).not.toHaveProperty("memoryLimitBytes");
  expect(usage).not.toHaveProperty("pidsLimit");
  expect(usage.memoryStats).toEqual({ cache: 1, total_inactive_file: 1024 });
  expect(usage.io.map(({ op, value }) => [op, value])).toEqual([
    ["read", 4096],
    ["write", 10],
  ]);
});

it("reads a v2 cgroup", () => {
  const usage = usageOfV2(
    from({
      "cpu.stat": "usage_usec 5000\nuser_usec 3000\nsystem_usec 2000\nnr_periods 1\nnr_throttled 1\nthrottled_usec 9\n",
      "memory.current": "8192\n",
      "memory.max": "1048576\n",
      "memory.stat": "inactive_file 2048\n",
      "pids.current": "2\n",
      "pids.max": "100\n",
      "io.stat": "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n",
    }),
  );
  expect(usage).toMatchObject({ cpuNanos: 5e6, userNanos: 3e6, systemNanos: 2e6, throttledNanos: 9000 });
  expect(usage).toMatchObject({ memoryBytes: 8192, memoryLimitBytes: 1048576, pids: 2, pidsLimit: 100 });
  expect(usage.io.map(({ op, unit, value }) => `${op} ${unit} ${value}`)).toEqual([
    "read bytes 1",
    "write bytes 2",
    "read operations 3",
    "write operations 4",
  ]);
});

it("gives zeros for a cgroup that is gone", () => {
  for (const usage of [usageOfV1(from({})), usageOfV2(from({}))]) {
    expect(usage).toMatchObject({ cpuNanos: 0, memoryBytes: 0, pids: 0, io: [] });
  }
});

it("sums what all CPUs have spent, guests counted once", () => {
  const stat = "cpu  100 0 100 200 0 0 0 0 50 0\ncpu0 1 2 3\ncpu1 1 2 3\nintr 5\n";
  expect(hostCpu(stat)).toEqual({ totalNanos: 4e9, cpus: 2 });
});

it("reads every interface but the loopback", () => {
  const text = `Inter-|   Receive                            |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
    lo:     1       1    0    0    0     0          0         0        1       1    0    0    0     0       0          0
  eth0: 1000      10    1    2    0     0          0         0      500       5    3    4    0     0       0          0
`;
  expect(interfaceUsage(text)).toEqual({
    eth0: {
      ...{ rxBytes: 1000, rxPackets: 10, rxErrors: 1, rxDropped: 2 },
      ...{ txBytes: 500, txPackets: 5, txErrors: 3, txDropped: 4 },
    },
  });
});
