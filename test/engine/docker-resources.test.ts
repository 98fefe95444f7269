/** What containers use and may use, by docker's own client: stats, update. Real kernel, real containers. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestEngine, type TestEngine } from "./engine-fixture.js";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine();
  await ok("run", "-d", "--name", "box", "-m", "64m", "busybox", "sh", "-c", "while :; do :; done");
});
afterAll(() => engine[Symbol.asyncDispose]());

async function ok(...args: string[]): Promise<string> {
  const outcome = await engine.docker(args);
  expect(outcome, args.join(" ")).toMatchObject({ exitCode: 0 });
  return outcome.stdout.trim();
}

it("tells what a container uses: CPU, memory and its limit, processes, network", async () => {
  const [stats] = (await ok("stats", "--no-stream", "--format", "{{json .}}", "box"))
    .split("\n")
    .map((s) => JSON.parse(s));
  expect(stats).toMatchObject({ Name: "box", PIDs: "1" });
  expect(stats.MemUsage).toMatch(/ \/ 64MiB$/);
  expect(Number.parseFloat(stats.CPUPerc)).toBeGreaterThan(5);
  expect(stats.NetIO).toMatch(/B \/ .*B$/);
});

it("tells zeros of a container that does not run", async () => {
  await ok("create", "--name", "still", "busybox", "true");
  expect(await ok("stats", "--no-stream", "--format", "{{.Name}} {{.PIDs}}", "still")).toBe("still 0");
});

it("changes the limits of a running container, and those of its next run", async () => {
  const limit = async () => {
    const files = "/sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max";
    return (await engine.docker(["exec", "box", "sh", "-c", `cat ${files} 2>/dev/null`])).stdout.trim();
  };
  await ok("update", "--memory", "32m", "--memory-swap", "48m", "--pids-limit", "50", "--cpus", "0.5", "box");
  expect(await limit()).toBe(String(32 * 1024 ** 2));
  const read = "{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} {{.HostConfig.NanoCpus}}";
  expect(await ok("inspect", "--format", read, "box")).toBe(`${32 * 1024 ** 2} 50 500000000`);
  await ok("update", "--memory", "96m", "--memory-swap", "128m", "box");
  expect(await limit()).toBe(String(96 * 1024 ** 2));
});

it("changes the restart policy, and refuses limits that contradict each other", async () => {
  await ok("update", "--restart", "on-failure:3", "box");
  expect(await ok("inspect", "--format", "{{json .HostConfig.RestartPolicy}}", "box")).toBe(
    '{"Name":"on-failure","MaximumRetryCount":3}',
  );
  expect(await engine.docker(["update", "--memory", "1g", "box"])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("memoryswap"),
  });
});
