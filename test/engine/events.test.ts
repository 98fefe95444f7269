/** What the engine tells as events, by docker's own client and its API. The built program, real containers. */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import type { EngineEvent } from "../../src/wire/system.js";
import { startTestEngine, type TestEngine } from "./engine-fixture.js";

/** Events of a container carry them all. */
const common = ["image", "name", "execID", "container"];

it("tells every change with the attributes that Docker's events have", async () => {
  await using engine = await startTestEngine();
  const docker = async (...args: string[]) => {
    const outcome = await engine.docker(args);
    expect(outcome, args.join(" ")).toMatchObject({ exitCode: 0 });
    return outcome.stdout;
  };
  const folder = dirname(engine.stateRoot);
  writeFileSync(join(folder, "file"), "x");
  await docker("tag", "busybox", "other:1");
  await docker("save", "-o", join(folder, "saved.tar"), "other:1");
  await docker("rmi", "other:1");
  await docker("load", "-i", join(folder, "saved.tar"));
  await docker("volume", "create", "v1");
  await docker("network", "create", "n1");
  const parts = ["--label", "l=x", "-v", "v1:/data", "--network", "n1"];
  await docker("create", "--name", "c1", ...parts, "busybox", "sleep", "1000");
  await docker("start", "c1");
  await docker("exec", "c1", "echo", "hi");
  await docker("top", "c1");
  await docker("pause", "c1");
  await docker("unpause", "c1");
  await docker("rename", "c1", "c2");
  await docker("update", "--memory", "100m", "--memory-swap", "200m", "c2");
  await docker("cp", join(folder, "file"), "c2:/tmp/file");
  await docker("cp", "c2:/tmp/file", join(folder, "copy"));
  await docker("export", "-o", join(folder, "exported.tar"), "c2");
  await docker("commit", "-m", "why", "c2", "made:1");
  await docker("restart", "-t", "0", "c2");
  await docker("rm", "-f", "c2");
  await docker("run", "--rm", "--network", "none", "busybox", "true");
  await docker("container", "prune", "-f");
  await docker("image", "prune", "-f");
  await docker("volume", "rm", "v1");
  await docker("network", "prune", "-f");
  const told = (await eventsOf(engine)).map(printEvent);
  expect(told.slice(told.indexOf("image tag (name=other:1)"))).toEqual(expected);
});

const expected = [
  "image tag (name=other:1)",
  "image save",
  "image untag",
  "image load",
  "volume create (driver=local)",
  "network create (name=n1,type=bridge)",
  "container create (l=x)",
  "network connect (name=n1,type=bridge)",
  "volume mount (destination=/data,driver=local,propagation=,read/write=true)",
  "container start (l=x)",
  "container exec_create: echo hi (l=x)",
  "container exec_start: echo hi (l=x)",
  "container exec_die (exitCode=0,l=x)",
  "container top (l=x)",
  "container pause (l=x)",
  "container unpause (l=x)",
  "container rename (l=x,oldName=/c1)",
  "container update (l=x)",
  "container extract-to-dir (l=x)",
  "container archive-path (l=x)",
  "container export (l=x)",
  "container pause (l=x)",
  "image tag (l=x,name=made:1)",
  "container commit (comment=why,imageID=sha256:ID,imageRef=made:1,l=x)",
  "container unpause (l=x)",
  "container kill (l=x,signal=15)",
  "container kill (l=x,signal=9)",
  "container die (execDuration=SECONDS,exitCode=137,l=x)",
  "network disconnect (name=n1,type=bridge)",
  "volume unmount (driver=local)",
  "container stop (l=x)",
  "network connect (name=n1,type=bridge)",
  "volume mount (destination=/data,driver=local,propagation=,read/write=true)",
  "container start (l=x)",
  "container restart (l=x)",
  "container kill (l=x,signal=9)",
  "container die (execDuration=SECONDS,exitCode=137,l=x)",
  "network disconnect (name=n1,type=bridge)",
  "volume unmount (driver=local)",
  "container destroy (l=x)",
  "container create",
  "container attach",
  "network connect (name=none,type=null)",
  "container start",
  "container die (execDuration=SECONDS,exitCode=0)",
  "network disconnect (name=none,type=null)",
  "container destroy",
  "container prune (reclaimed=0)",
  "image prune (reclaimed=0)",
  "volume destroy (driver=local)",
  "network destroy (name=n1,type=bridge)",
  "network prune (reclaimed=0)",
];

it("tells of a lack of memory when it happens, also when the container lives on", async () => {
  await using engine = await startTestEngine();
  const script = "sh -c 'a=x; while :; do a=$a$a; done'; echo survived; exec sleep 1000";
  const limits = ["-m", "16m", "--memory-swap", "16m"];
  await engine.docker(["run", "-d", "--name", "eater", ...limits, "busybox", "sh", "-c", script]);
  await expect
    .poll(async () => (await engine.docker(["logs", "eater"])).stdout, { timeout: 20_000 })
    .toContain("survived");
  const actions = (events: EngineEvent[]) => events.map(({ Action }) => Action);
  await expect.poll(async () => actions(await eventsOf(engine)), { timeout: 20_000 }).toContain("oom");
  expect((await engine.client.containers.inspect("eater")).State).toMatchObject({ Running: true });
  await engine.docker(["kill", "eater"]);
  expect((await engine.client.containers.inspect("eater")).State).toMatchObject({ OOMKilled: true, ExitCode: 137 });
  expect(actions(await eventsOf(engine)).filter((action) => action === "oom")).toHaveLength(1);
});

/** All that the journal has. */
async function eventsOf(engine: TestEngine): Promise<EngineEvent[]> {
  const told: EngineEvent[] = [];
  const until = Date.now() / 1000 + 0.001;
  for await (const event of engine.client.system.events({ since: 1, until })) told.push(event);
  return told;
}

/** `TYPE ACTION (what is its own)`; ids are left out. */
function printEvent({ Type, Action, Actor }: EngineEvent): string {
  const own = Object.entries(Actor.Attributes)
    .filter(
      ([name, value]) => (Type !== "container" || !common.includes(name)) && value !== Actor.ID && name !== "container",
    )
    .map(
      ([name, value]) => `${name}=${name === "execDuration" ? "SECONDS" : value.replaceAll(/\b[0-9a-f]{64}\b/g, "ID")}`,
    )
    .sort();
  return `${Type} ${Action}${own.length > 0 ? ` (${own.join(",")})` : ""}`;
}
