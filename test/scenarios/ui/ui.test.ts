/**
 * The full-screen console as somebody at a terminal sees it: typed at, resized and read through tmux.
 */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { kill } from "node:process";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../harness/eventually.js";
import { aGantry, type Gantry, type Project } from "../harness/gantry.js";
import { aTerminal, type Terminal } from "../harness/terminal.js";

const execute = promisify(execFile);

const composeFile = `name: shop
services:
  web:
    image: busybox
    command: httpd -f -p 80
    init: true
    ports: ["80"]
    environment: { LEVEL: "\${LEVEL:-info}", API_TOKEN: hunter2 }
    healthcheck: { test: ["CMD", "echo", "probed"], interval: 1s }
    depends_on: { api: { condition: service_started } }
  api:
    image: busybox
    command: sh -c 'echo ready; trap "exit 7" TERM; while true; do sleep 0.1; done'
    stop_grace_period: 2s
    volumes: ["data:/data"]
  idle: { image: busybox, command: sleep infinity, init: true }
volumes: { data: }
`;

let gantry: Gantry;
let project: Project;
let terminal: Terminal;

beforeAll(async () => {
  gantry = await aGantry();
  await gantry.importImages("busybox");
  project = await gantry.projectOf("shop", composeFile);
  await project.ok("up", "-d", "--wait");
});
afterAll(() => gantry[Symbol.asyncDispose]());
afterEach(() => terminal[Symbol.asyncDispose]());

async function open(size: { columns: number; rows: number } = { columns: 80, rows: 24 }, env = {}): Promise<void> {
  terminal = await aTerminal({ ...size, cwd: project.cwd, env: { ...gantry.env, ...env } });
  await terminal.run("echo before; gantry ui");
  await terminal.shows(/3 of 3 running/, "? help");
}

/** The shell has the terminal again, as it was, and knows how the console ended. */
async function expectRestored(exitCode: number): Promise<string> {
  await eventually(async () => expect((await terminal.modes()).alternate).toBe(false));
  await terminal.shows(/\$$/);
  await terminal.run("echo code=$?");
  const screen = await terminal.shows("before", `code=${exitCode}`);
  expect(await terminal.modes()).toEqual({ alternate: false, cursor: true, mouse: false });
  expect(screen).not.toContain("services   2 logs");
  return screen;
}

describe("the services screen", () => {
  it("shows each service with its state, health, use and ports, at 80×24, 120×40 and 200×60", async () => {
    await open();
    const small = await terminal.shows(/web +● running +healthy +\S* +\d[\d.]*% +\S+ +\d[\d.]*[KM] +\d+→80/);
    expect(small.split("\n").every((line) => line.length <= 80)).toBe(true);
    await terminal.resize(120, 40);
    await terminal.shows(/quit$/);
    await terminal.resize(200, 60);
    const wide = await terminal.shows("IMAGE", /web .*busybox.*→80/);
    expect(wide.split("\n")).toHaveLength(60);
    await terminal.resize(80, 24);
    expect((await terminal.showsNo("IMAGE")).split("\n").length).toBeLessThanOrEqual(24);
    await terminal.press("q");
    await expectRestored(0);
  });

  it("shows at once that a service crashed, without being asked", async () => {
    await open();
    await project.exec("api", "kill", "1");
    await terminal.shows(/api +✘ exited 7/, /api +ended with code 7/, "1 in trouble");
    await project.ok("start", "api");
    await terminal.shows(/api +● running/, "3 of 3 running");
  });

  it("takes clicks and the wheel", async () => {
    await open();
    await terminal.shows(/▸ api/);
    await terminal.send("\u001b[<0;10;5M\u001b[<0;10;5m"); // the second service
    await terminal.shows(/▸ idle/);
    await terminal.send("\u001b[<65;10;5M");
    await terminal.shows(/▸ web/);
    await terminal.send("\u001b[<0;30;2M"); // the tab of the details
    await terminal.shows("API_TOKEN");
  });
});

describe("actions", () => {
  it("are shown as the command that does the same, and carried out once it is confirmed", async () => {
    await open();
    await terminal.press("Down", "a");
    await terminal.shows("$ gantry restart idle", "$ gantry exec idle sh", "it publishes no port");
    await terminal.press("r");
    await terminal.shows(/\$ gantry restart idle +enter runs it/);
    const before = (await gantry.inspect("shop-idle-1")).State.StartedAt;
    await terminal.press("Enter");
    await terminal.shows(/✔ done +\$ gantry restart idle/);
    expect((await gantry.inspect("shop-idle-1")).State.StartedAt).not.toBe(before);
  });

  it("open a shell in the container and come back", async () => {
    await open();
    await terminal.press("e");
    await eventually(async () => expect((await terminal.modes()).alternate).toBe(false));
    await terminal.shows("/ #");
    await terminal.run("echo in-$(hostname)-$((40+2))");
    await terminal.shows(/in-[0-9a-f]{12}-42/);
    await terminal.run("exit");
    await terminal.shows("the shell has ended", "$ gantry exec api sh", /api +● running/);
    await terminal.press("Down"); // it listens again
    await terminal.shows(/▸ idle/);
    await terminal.press("q");
    await expectRestored(0);
  });

  it("stop and start a service, open its address in a browser, and copy", async () => {
    const [browser, opened] = [`${gantry.workDir}/browser`, `${gantry.workDir}/opened`];
    await writeFile(browser, `#!/bin/sh\necho "$@" >${opened}\n`, { mode: 0o755 });
    await open({ columns: 80, rows: 24 }, { BROWSER: browser });
    await terminal.press("G", "x");
    await terminal.shows(/\$ gantry stop web +enter runs it/);
    await terminal.press("Enter");
    await terminal.shows(/✔ done +\$ gantry stop web/, /web +○ exited/, "2 of 3 running");
    await terminal.press("s", "Enter");
    await terminal.shows(/✔ done +\$ gantry start web/, /web +● running .*→80/);
    const url = await project.ok("url", "web");
    await terminal.press("o");
    await terminal.shows(`opened ${url}`, "$ gantry url --open web");
    await eventually(async () => expect(await readFile(opened, "utf8")).toBe(`${url}\n`));
    await terminal.press("Y");
    await terminal.shows(`copied ${url}`, "$ gantry url web");
    expect(await terminal.clipboard()).toBe(url);
  });

  it("scale a service", async () => {
    await open();
    await terminal.press("Down", "c", "BSpace", "2", "Enter");
    await terminal.shows("$ gantry scale idle=2");
    await terminal.press("Enter");
    await terminal.shows(/idle +● running 2\/2/, /└ 2 +● running/);
    expect(await project.ok("history")).toMatch(/scale/);
    await project.ok("scale", "idle=1");
    await terminal.showsNo("└ 2");
  });
});

describe("the other screens", () => {
  it("tell where each variable is from, mounts, networks and probes; and hide secrets", async () => {
    await open({ columns: 120, rows: 40 }, { LEVEL: "debug" });
    await terminal.press("G", "d");
    const screen = await terminal.shows(
      /LEVEL +info +compose\.yaml:8 ← LEVEL of the shell, now debug/,
      /API_TOKEN +•+ +compose\.yaml:8/,
      /shop_default +10\.\d+\.\d+\.\d+/,
      /health +healthy/,
      /passed +\d+ ms +probed/,
    );
    expect(screen).not.toContain("hunter2");
    await terminal.press("4");
    await terminal.shows(/web +● running healthy\n +└─ api +● running +once started/);
  });

  it("show what would change, and carry out that very plan once it is approved", async () => {
    await open();
    await writeFile(`${project.cwd}/compose.yaml`, composeFile.replace("LEVEL: ", 'EXTRA: "1", LEVEL: '));
    await terminal.press("5");
    await terminal.shows("to change", "recreate container shop-web-1", /environment\.EXTRA: \(unset\) → 1/);
    await terminal.press("a");
    await terminal.shows(/\$ gantry up -d +enter runs it/);
    const before = (await gantry.inspect("shop-web-1")).Id;
    await writeFile(`${project.cwd}/compose.yaml`, composeFile.replace("LEVEL: ", 'EXTRA: "2", LEVEL: '));
    await terminal.press("Enter");
    await terminal.shows("it failed", /compose\.yaml: its content changed/);
    expect((await gantry.inspect("shop-web-1")).Id).toBe(before);
    await terminal.press("Escape");
    await terminal.shows(/environment\.EXTRA: \(unset\) → 2/);
    const generations = (await project.ok("history", "-q")).split("\n").length;
    await terminal.press("a");
    await terminal.shows(/\$ gantry up -d +enter runs it/);
    await terminal.press("Enter");
    await terminal.shows("✔ done", /Container shop-web-1 +Started/);
    expect((await gantry.inspect("shop-web-1")).Id).not.toBe(before);
    expect((await project.ok("history", "-q")).split("\n")).toHaveLength(generations + 1);
    await terminal.press("Escape");
    await terminal.shows("nothing to do");
    await terminal.press("1");
    await terminal.shows("3 of 3 running");
  });

  it("switch between the projects of the engine", async () => {
    const other = await gantry.projectOf(
      "other",
      "services: { lone: { image: busybox, command: sleep 1d, init: true } }",
    );
    await other.ok("up", "-d");
    await open();
    await terminal.press("6");
    await terminal.shows(/other +1\/1/, /● shop +3\/3/);
    await terminal.press("g", "Enter");
    await terminal.shows("gantry other", /lone +● running/);
    await other.clear();
    await terminal.shows(/lone +· not created/);
  });
});

describe("the terminal is given back", () => {
  it("after Ctrl-C", async () => {
    await open();
    await terminal.press("C-c");
    await expectRestored(0);
  });

  it.each([
    ["SIGTERM", 130],
    ["SIGHUP", 0],
  ] as const)("after %s", async (signal, code) => {
    await open();
    kill(await terminal.foregroundPid(), signal);
    await terminal.shows("before", "$");
    await expectRestored(code);
  });

  it("after an error of the console itself, which is told", async () => {
    const late =
      "data:text/javascript,setTimeout(() => { if (process.argv.includes('ui')) throw new Error('boom') }, 2500)";
    await open({ columns: 80, rows: 24 }, { NODE_OPTIONS: `--import "${late}"` });
    await terminal.shows("error: boom");
    await expectRestored(1);
  });

  it("where nothing can be drawn the console says what to use instead", async () => {
    terminal = await aTerminal({ columns: 80, rows: 24, cwd: project.cwd, env: { ...gantry.env } });
    await terminal.run("TERM=dumb gantry ui; gantry ui | cat");
    await terminal.shows(
      /needs a terminal that it can draw on[\s\S]*needs a terminal that it can draw on/,
      "gantry ps",
    );
  });
});

it("is loaded by no other command: `ps` knows nothing of React and Ink", async () => {
  const hooks =
    "registerHooks({ load(url, context, next) { console.error(`loads ${url}`); return next(url, context) } })";
  const tell = `import { registerHooks } from "node:module"; ${hooks}`;
  const options = {
    cwd: project.cwd,
    env: { NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(tell)}"` },
  };
  const { stderr } = await gantry.run(["ps"], options);
  const loaded = [...stderr.matchAll(/^loads file:\/\/(\S+)/gm)].map(([, file]) => file ?? "");
  expect(loaded.length).toBeGreaterThan(3);
  const texts = await Promise.all(loaded.map((file) => readFile(file, "utf8")));
  expect(loaded.filter((_file, at) => /react-reconciler|yoga/i.test(texts[at] ?? ""))).toEqual([]);
});

describe("without what it shows", () => {
  it("tells that there is no project, and which there are", async () => {
    terminal = await aTerminal({ columns: 80, rows: 24, cwd: gantry.workDir, env: { ...gantry.env } });
    await terminal.run("gantry ui");
    await terminal.shows("no configuration file provided", "6 lists the projects");
    await terminal.press("6");
    await terminal.shows(/shop +3\/3/);
  });

  it("tells that the engine has gone, and goes on when it is back", async () => {
    await open();
    const pid = await gantry.enginePid();
    kill(pid, "SIGKILL");
    await terminal.shows(/3 of 3 running/, /engine/);
    await eventually(async () => expect(await gantry.enginePid()).not.toBe(pid));
    await project.exec("api", "kill", "1");
    await terminal.shows(/api +✘ exited 7/);
    await project.ok("start", "api");
  });
});

const searchLimitMs = 120_000;
const logMegabytes = Number(process.env.GANTRY_TEST_LOG_MB ?? 96);

describe("logs", () => {
  it("have the colours that containers write, and nothing else of what they send to a terminal", async () => {
    const sent = "\\033[31mred\\033[0m plain \\033]0;TITLE\\007\\033[2J\\033[5;5H\\033]52;c;aGFjaw==\\007end\\r\\n";
    await project.exec("idle", "sh", "-c", `printf '${sent}' >/proc/1/fd/1`);
    await open();
    await terminal.press("Down", "l");
    const screen = await terminal.shows(/^red plain end$/m);
    expect(screen).toMatch(/^ gantry shop/);
    expect(await terminal.painted()).toMatch(/\u001b\[31mred/);
    expect(screen).not.toMatch(/TITLE|aGFjaw/);
  });

  it(`of ${logMegabytes} MB are searched, scrolled and filtered in memory that does not grow with them`, async () => {
    await writeBigLog();
    // A console that held what it reads would end with an error of its memory.
    await open({ columns: 120, rows: 40 }, { NODE_OPTIONS: "--max-old-space-size=128" });
    const before = await residentBytes();
    await terminal.press("Down", "Enter");
    await terminal.shows("idle  following", "line 0000000000 of the past, the last one");
    await terminal.type("/needle [a-z]+ha");
    await terminal.press("Enter");
    await eventually(async () => expect(await terminal.screen()).toMatch(/held[\s\S]*needle alpha/), searchLimitMs);
    await terminal.press("g");
    await terminal.shows("the very first line");
    await terminal.press("G");
    await terminal.shows("the last one", "following");
    await terminal.type("&the (very|last)|needle");
    await terminal.press("Enter");
    const filtered = /the very first line\n.*needle alpha\n.*the last one/;
    await eventually(async () => expect(await terminal.screen()).toMatch(filtered), searchLimitMs);
    // Buffers do not count as that memory; they are garbage once they are read, and garbage is collected late.
    expect((await residentBytes()) - before).toBeLessThan(200e6);
  }, 240_000);

  async function residentBytes(): Promise<number> {
    const status = await readFile(`/proc/${await terminal.foregroundPid()}/status`, "utf8");
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * 1024;
  }

  /** As conmon would have written it, into the log of a container that was stopped. */
  async function writeBigLog(): Promise<void> {
    await project.ok("stop", "idle");
    const { LogPath } = JSON.parse(await gantry.ok(["container", "inspect", "shop-idle-1"]))[0];
    const script = `
      stamp=2026-01-01T00:00:00.000000000+00:00
      echo "$stamp stdout F the very first line"
      yes "$stamp stdout F a line of the past that says nothing of interest to anybody at all 漢字" | head -n $((${logMegabytes} * 2000))
      echo "$stamp stdout F needle alpha"
      yes "$stamp stdout F another line of the past that says nothing of interest to anybody" | head -n $((${logMegabytes} * 7000))
      echo "$stamp stdout F line 0000000000 of the past, the last one"`;
    await execute("sh", ["-c", `{ ${script}\n } > "$0"`, LogPath]);
    await project.ok("start", "idle");
  }
});
