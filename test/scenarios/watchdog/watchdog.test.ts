/** A container without a program to check itself must be probed from outside, and what stays unhealthy be restarted. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../harness/eventually.js";
import { aGantry, type Gantry, type Project } from "../harness/gantry.js";

let gantry: Gantry;
let app: Project;

beforeAll(async () => {
  gantry = await aGantry();
  await gantry.importImages("busybox");
});
afterAll(async () => void (await gantry?.[Symbol.asyncDispose]()));
afterEach(() => app?.clear());

const inspected = async (service: string) => gantry.inspect(await app.container(service));
const actionsOf = async (service: string) => {
  const { Id } = await inspected(service);
  const words = ["events", "--since", "10m", "--until", "0s", "--filter", `container=${Id}`, "--format", "{{.Action}}"];
  return (await gantry.ok(["system", ...words])).split("\n");
};

/** Serves `/www`, in which `health` is there from the start with `born`, else until somebody makes it. */
const server = (born: boolean) =>
  `mkdir -p /www/in && ${born ? "touch /www/in/health && " : ""}exec httpd -f -p 8080 -h /www/in`;

/** A service of busybox that runs a script, with the lines of its `x-gantry`. */
const service = (name: string, script: string, gantry: string) => `  ${name}:
    image: busybox
    init: true
    stop_grace_period: 1s
    command: [sh, -c, ${JSON.stringify(script)}]
    x-gantry: { ${gantry} }
`;
/** Asks for the page of `server`. */
const http = (more = "") => `probe: { http: { port: 8080, path: /health }${more} }`;
const impatient = ", start_period: 0s, interval: 100ms, retries: 2";
const project = async (name: string, ...services: string[]) => {
  app = await gantry.projectOf(name, `services:\n${services.join("")}`);
  return app;
};

describe("x-gantry.probe", () => {
  it("opens the gate of dependents by an answer, a connection, or a line of output", async () => {
    const healthy = ["http", "tcp", "log"].map((name) => `${name}: { condition: service_healthy }`);
    await project(
      "probes",
      service("http", server(true), "probe: { http: { port: 8080, path: /health, status: 200 } }"),
      service("tcp", `sleep 0.5; ${server(false)}`, "probe: { tcp: 8080 }"),
      service(
        "log",
        "echo booting; sleep 0.5; echo 'state: ready (pid 1)' >&2; exec sleep 1000",
        'probe: { log: "ready \\\\(pid \\\\d+\\\\)$$" }',
      ),
      `  last: { image: busybox, command: [sleep, "1000"], init: true, depends_on: { ${healthy.join(", ")} } }\n`,
    );
    await app.ok("up", "-d", "--wait");
    for (const name of ["http", "tcp", "log"]) {
      expect((await inspected(name)).State.Health?.Status).toBe("healthy");
    }
    expect((await inspected("http")).State.Health?.Log.at(-1)).toMatchObject({
      ExitCode: 0,
      Output: "GET /health: 200 OK",
    });
    expect((await inspected("log")).State.Health?.Log.at(-1)).toMatchObject({ Output: "state: ready (pid 1)" });
    expect((await app.run("up", "-d", "--wait")).output).toContain("nothing to do");
    expect(await app.ok("plan")).toContain("nothing to do");
  });

  it("tells on the card what was answered, and what was held back", async () => {
    await project(
      "ill",
      service("web", server(false), http(impatient)),
      "  next: { image: busybox, depends_on: { web: { condition: service_healthy } } }\n",
    );
    const outcome = await app.run("up", "-d");
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain("GET /health: 404 Not Found");
    expect(outcome.stderr).toMatch(/held back:\s+next/);
  });

  it("is refused beside a health check, and without anything to probe, at its place", async () => {
    await project(
      "wrong",
      '  both:\n    image: busybox\n    healthcheck: { test: [CMD, "true"] }\n    x-gantry: { probe: { tcp: 80 } }\n',
      "  none:\n    image: busybox\n    x-gantry: { probe: { interval: 1s } }\n",
    );
    const { code, stderr } = await app.run("config", "-q");
    expect(code).toBe(1);
    expect(stderr).toMatch(/compose\.yaml:5:\d+: error\[conflicting-keys\]/);
    expect(stderr).toMatch(/compose\.yaml:8:\d+: error\[missing-key\]/);
  });
});

describe("x-gantry.heal", () => {
  it("restarts what stays unhealthy, as often as the limit allows, then leaves it", async () => {
    await project("heal", service("web", server(true), `${http(impatient)}, heal: { attempts: 1, window: 1h }`));
    await app.ok("up", "-d", "--wait");
    const first = await inspected("web");
    await app.exec("web", "rm", "/www/in/health");
    // The command makes the file anew, so the next run is well.
    await eventually(async () => {
      const now = await inspected("web");
      expect(now.State).toMatchObject({ Status: "running", Health: { Status: "healthy" } });
      expect(now.State.Pid).not.toBe(first.State.Pid);
    });
    expect((await inspected("web")).RestartCount).toBe(1);
    expect(await actionsOf("web")).toContain("heal");
    await app.exec("web", "rm", "/www/in/health");
    await eventually(async () => expect(await actionsOf("web")).toContain("heal_give_up"));
    expect((await inspected("web")).State).toMatchObject({ Status: "running", Health: { Status: "unhealthy" } });
    expect((await actionsOf("web")).filter((action) => action === "heal")).toHaveLength(1);
  });
});
