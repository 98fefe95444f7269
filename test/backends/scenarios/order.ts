/** Services start in their order, and what cannot start is told on a card. */
import { expect, it } from "vitest";
import { eventually } from "../../scenarios/harness/eventually.js";
import { file, type Stage, service, type Traits } from "./stage.js";

/** On an idle machine it takes some milliseconds; a machine that is ten times overloaded is still far from polling. */
const gateLimitMs = 250;

/** When the command began an operation, in milliseconds since the epoch. */
function askedAt(stderr: string, operation: string): number {
  const events = stderr.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));
  const begun = events.find((event) => event.kind === "started" && event.operation === operation);
  return Date.parse(begun?.at);
}

/** When the engine told that the project's `db` is healthy. */
async function healthyAt({ backend }: Stage): Promise<number> {
  const now = Date.now() / 1000;
  const filters = { type: ["container"], event: ["health_status"], label: ["com.docker.compose.service=db"] };
  let last = Number.NaN;
  for await (const event of backend.client.system.events({ since: now - 60, until: now, filters })) {
    if (event.Action.endsWith(": healthy")) last = event.timeNano / 1e6;
  }
  return last;
}

/** Defines these scenarios for the engine on the stage. */
export function describeOrder(stage: Stage, { checksHealth }: Traits): void {
  const gated = file(
    service("db", "    healthcheck: { test: [CMD, test, -e, /ready], interval: 100ms, retries: 1000 }\n"),
    service("web", "    depends_on: { db: { condition: service_healthy } }\n"),
  );

  it.runIf(checksHealth)("starts what depends on health when it is there, and not before", async () => {
    const project = await stage.project("gate", gated);
    const up = project.run("--progress", "json", "up", "-d");
    await eventually(async () => expect(await project.ok("ps", "-q", "db")).not.toBe(""));
    expect(await project.ok("ps", "-q", "web")).toBe("");
    await project.exec("db", "touch", "/ready");
    const { code, stderr } = await up;
    expect(code, stderr).toBe(0);
    expect(askedAt(stderr, "start-container gate-web-1") - (await healthyAt(stage))).toBeLessThan(gateLimitMs);
    expect(await project.ok("ps", "-q", "web")).not.toBe("");
    expect(await project.ok("ps", "db")).toContain("(healthy)");
  });

  it.skipIf(checksHealth)("refuses to wait for a health that nobody checks, before anything is made", async () => {
    const project = await stage.project("gate", gated);
    const up = await project.run("up", "-d");
    expect(up.code).toBe(1);
    expect(up.output).toContain("health checks");
    expect(await stage.backend.remains()).toEqual([]);
  });

  it("waits for a job to end well, and shows one that does not on a card", async () => {
    const text = (code: number) =>
      `services:\n  job: { image: busybox, command: sh -c 'echo broken pipe; exit ${code}' }\n` +
      service("web", "    depends_on: { job: { condition: service_completed_successfully } }\n");
    const project = await stage.project("job", text(9));
    const failed = await project.run("up", "-d");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/error: job: .*exited \(9\)/);
    expect(failed.stderr).toContain("broken pipe");
    expect(failed.stderr).toMatch(/held back: +web/);
    await stage.project("job", text(0));
    await project.ok("up", "-d");
    expect(await project.ok("ps", "-q", "web")).not.toBe("");
  });

  it("shows a command that is not there on a card", async () => {
    const project = await stage.project("typo", "services:\n  a: { image: busybox, command: [no-such-command] }\n");
    const failed = await project.run("up", "-d");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/error: a: .*no-such-command/);
    expect(failed.stderr).toMatch(/phase: +start/);
  });

  it("refuses a port that is taken, naming it", async () => {
    const text = (name: string) =>
      `services:\n  ${name}: { image: busybox, command: sleep 1000, ports: ['8081:80'], stop_grace_period: 0s }\n`;
    const first = await stage.project("holder", text("a"));
    await first.ok("up", "-d");
    const failed = await (await stage.project("taker", text("b"))).run("up", "-d");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/8081/);
  });
}
