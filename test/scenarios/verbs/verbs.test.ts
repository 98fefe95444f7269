/** Single commands on services and containers: outputs and exit codes that scripts rely on. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cp, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aGantry, type Gantry, type Project } from "../harness/gantry.js";
import { aTerminal } from "../harness/terminal.js";

const program = fileURLToPath(new URL("../../../bin/gantry", import.meta.url));

let gantry: Gantry;
let project: Project;
beforeAll(async () => {
  gantry = await aGantry();
  await gantry.importImages("busybox");
  project = await gantry.projectOf(
    "verbs",
    `services:
  web:
    image: busybox
    command: sh -c 'trap "exit 7" INT; i=0; while true; do i=$$((i+1)); echo line $$i; sleep 0.2; done'
    stop_grace_period: 0s
    labels: { a.b: c }
    volumes: [data:/data]
  job:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
volumes: { data: {} }
`,
  );
  await project.ok("up", "-d", "--scale", "web=2");
});
afterAll(async () => {
  await project?.clear();
  await gantry?.[Symbol.asyncDispose]();
});

const engineOf = () => ({ GANTRY_STATE_ROOT: gantry.stateRoot, GANTRY_RUN_DIR: `${gantry.workDir}/run` });
const lines = (text: string) => text.split("\n").filter(Boolean);

describe("listings", () => {
  it("print what a template asks for", async () => {
    const rows = await project.ok("ps", "--format", '{{.Service}} {{.State}} {{.Label "a.b"}}', "web");
    expect(lines(rows)).toEqual(["web running c", "web running c"]);
    const table = await project.ok("ps", "--format", "table {{.Name}}\t{{.Service}}", "job");
    expect(lines(table).map((line) => line.split(/ {2,}/))).toEqual([
      ["NAME", "SERVICE"],
      ["verbs-job-1", "job"],
    ]);
    expect(await project.ok("volumes", "--format", "{{.Name}} {{.Driver}}")).toBe("verbs_data local");
    expect(await project.ok("ls", "--format", "{{.Name}} {{.Status}}")).toBe("verbs running(3)");
    expect(lines(await gantry.ok(["container", "ls", "--format", "{{.Names}}"])).sort()).toEqual([
      "verbs-job-1",
      "verbs-web-1",
      "verbs-web-2",
    ]);
  });

  it("refuse a template with a wrong field before they print anything", async () => {
    const outcome = await project.run("ps", "--format", "{{.Nmae}}");
    expect(outcome).toMatchObject({ code: 1, stdout: "" });
    expect(outcome.stderr).toContain("1:3: there is no field Nmae; did you mean Name?");
  });

  it("inspect objects of every kind by one command", async () => {
    const format = "{{.Name}}";
    expect(await gantry.ok(["inspect", "-f", format, "verbs-web-1"])).toBe("/verbs-web-1");
    expect(await gantry.ok(["inspect", "-f", format, "verbs_default", "verbs_data"])).toBe("verbs_default\nverbs_data");
    const health = "{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}";
    expect(await gantry.ok(["container", "inspect", "-f", health, "verbs-web-1"])).toBe("none");
    expect(await gantry.run(["inspect", "nothing"])).toMatchObject({ code: 1, stdout: "[]\n" });
  });
});

describe("dry runs", () => {
  it("print what would be done and do nothing", async () => {
    const before = await gantry.ok(["container", "ls", "-a", "--no-trunc", "--format", "{{.ID}} {{.State}}"]);
    for (const words of [["down"], ["stop"], ["up", "--force-recreate"], ["run", "web", "true"], ["rm", "-s"]]) {
      const told = await project.ok("--dry-run", ...words);
      expect(told, words.join(" ")).toMatch(/container verbs-web-/);
    }
    expect(await project.ok("cp", "--dry-run", "compose.yaml", "web:/tmp/never")).toBe(
      "copy compose.yaml to verbs-web-1:/tmp/never: asked for\ncopy compose.yaml to verbs-web-2:/tmp/never: asked for",
    );
    expect(await project.ok("commit", "--dry-run", "web", "never")).toBe("commit verbs-web-1 as never: asked for");
    expect(await project.ok("exec", "--dry-run", "web", "touch", "/never")).toContain("exec verbs-web-1 touch /never");
    expect((await project.run("exec", "-T", "web", "ls", "/never", "/tmp/never")).code).not.toBe(0);
    expect(await gantry.ok(["container", "ls", "-a", "--no-trunc", "--format", "{{.ID}} {{.State}}"])).toBe(before);
  });
});

it("a dry run before the command is one for commands with such a flag of their own", async () => {
  await gantry.ok(["--dry-run", "init"], { cwd: gantry.workDir });
  expect(await readdir(gantry.workDir)).not.toContain("compose.yaml");
  expect(await gantry.run(["--dry-run", "container", "prune", "-f"])).toMatchObject({ code: 1 });
});

describe("copies and archives", () => {
  it("copy to every replica and from the first", async () => {
    await project.ok("cp", "compose.yaml", "web:/tmp/copied");
    for (const index of ["1", "2"]) {
      expect(await project.ok("exec", "-T", "--index", index, "web", "cat", "/tmp/copied")).toContain("services:");
    }
    await project.ok("cp", "--index", "2", "web:/tmp/copied", "back");
    expect(await readFile(`${project.cwd}/back`, "utf8")).toContain("services:");
  });

  it("follow links only when asked", async () => {
    await project.exec("web", "ln", "-sf", "/tmp/copied", "/tmp/link");
    await project.ok("cp", "--index", "1", "web:/tmp/link", "link");
    expect(await readlink(`${project.cwd}/link`)).toBe("/tmp/copied");
    await project.ok("cp", "--index", "1", "-L", "web:/tmp/link", "followed");
    expect(await readFile(`${project.cwd}/followed`, "utf8")).toContain("services:");
  });

  it("make an image of a replica", async () => {
    await project.ok("commit", "-m", "a comment", "-c", "CMD echo committed", "web", "verbs/copy:1");
    expect(await gantry.ok(["container", "run", "--rm", "verbs/copy:1"])).toBe("committed");
    expect(await gantry.ok(["image", "inspect", "-f", "{{.Comment}}", "verbs/copy:1"])).toBe("a comment");
    await gantry.ok(["image", "rm", "verbs/copy:1"]);
  });

  it("write the root file system of a service's container", async () => {
    await project.ok("export", "-o", "root.tar", "web");
    expect((await readFile(`${project.cwd}/root.tar`)).includes("bin/busybox")).toBe(true);
  });
});

describe("exit codes", () => {
  it("are those of what ran", async () => {
    expect((await project.run("exec", "-T", "web", "sh", "-c", "exit 7")).code).toBe(7);
    expect((await project.run("run", "--rm", "web", "sh", "-c", "exit 5")).code).toBe(5);
    expect((await gantry.run(["container", "run", "--rm", "busybox", "none"])).code).toBe(127);
    expect((await gantry.run(["container", "run", "--rm", "--cpus", "many", "busybox"])).code).toBe(125);
  });

  it("are 2 for a command line that is not understood", async () => {
    const lines = [
      "compose up -d",
      "down --rmi some",
      "config --format xml",
      "scale web",
      "port web http",
      "ps --filter x",
    ];
    for (const line of lines) {
      const outcome = await project.run(...line.split(" "));
      expect(outcome, line).toMatchObject({ code: 2, stdout: "" });
    }
    expect((await project.run("compose", "up", "-d")).stderr).toContain("commands of gantry itself");
  });

  it("of words that Node knows too are what the command makes of them", async () => {
    expect(
      (await project.run("exec", "-T", "web", "sh", "-c", 'test "$1" = --env-file', "sh", "--env-file", "none")).code,
    ).toBe(0);
    expect((await project.run("--env-file", "none", "ps")).stderr).toContain("error[env-file-not-found]");
  });

  it("are 1, with a word, where the output or the directory is gone, and what was done is done", () => {
    const sh = (script: string) => {
      const env = { ...process.env, GANTRY: program, ...engineOf() };
      const { status, stderr } = spawnSync("sh", ["-c", script], { cwd: project.cwd, env, encoding: "utf8" });
      return { status, stderr: stderr.replace(/^sh: .*\n/, "") };
    };
    expect(sh('"$GANTRY" ps >/dev/full')).toEqual({
      status: 1,
      stderr: "error: standard output: ENOSPC: no space left on device, write\n",
    });
    expect(sh('"$GANTRY" restart -t 0 job 2>/dev/full').status).toBe(0);
    expect(sh('mkdir gone; cd gone; rmdir ../gone; "$GANTRY" container ls')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("error: The current directory does not exist any more"),
    });
  });

  it("are 1 where profiles leave nothing to bring up", async () => {
    await writeFile(`${project.cwd}/none.yaml`, "services: { debug: { image: busybox, profiles: [debug] } }");
    const { code, stderr } = await project.run("-f", "none.yaml", "up", "-d");
    expect(code).toBe(1);
    expect(stderr).toContain("error: no service selected\nhint: Choose a profile with --profile, or name");
    expect(stderr).toContain("debug");
  });

  it("are those of what was answered where prune asks, from a pipe too", () => {
    const env = { ...process.env, ...engineOf() };
    const prune = (input: string) => spawnSync(program, ["volume", "prune"], { env, input, encoding: "utf8" });
    expect(prune("y\n")).toMatchObject({ status: 0, stdout: expect.stringContaining("Total reclaimed space") });
    expect(prune("n\n")).toMatchObject({ status: 0, stdout: expect.not.stringContaining("Total reclaimed space") });
    expect(prune("")).toMatchObject({ status: 1, stderr: expect.stringContaining("hint: Use --force") });
  });

  it("are 1 in a checkout that is not built, which says so", async () => {
    await cp(program, `${project.cwd}/bare/bin/gantry`);
    const { status, stderr } = spawnSync(`${project.cwd}/bare/bin/gantry`, ["ps"], { encoding: "utf8" });
    expect(status).toBe(1);
    expect(stderr).toContain("error: This checkout is not built yet\nhint: ./scripts/quickstart");
  });

  it("of wait is 1 when there is nothing to wait for", async () => {
    await project.ok("stop", "job");
    expect(await project.run("wait", "job")).toMatchObject({ code: 1, stdout: "" });
  });
});

describe("at a terminal", () => {
  it("what exec and run start has one too, unless it is not wanted", async () => {
    const size = { columns: 100, rows: 24 };
    await using terminal = await aTerminal({ ...size, cwd: project.cwd, env: engineOf() });
    await terminal.run("gantry exec web tty; gantry exec -T web tty; echo status=$?");
    expect(await terminal.shows("status=1")).toMatch(/^\/dev\/pts\/\d+\nnot a tty\nstatus=1$/m);
    await terminal.run("clear; gantry run --rm -q job sh -c 'tty; exit 5'; echo status=$?");
    expect(await terminal.shows("status=5")).toMatch(/^\/dev\/pts\/\d+\nstatus=5$/m);
  });
});

describe("commands that go on and on", () => {
  /** Starts one, waits for its first line, and gives what it ended with. */
  async function interrupted(words: readonly string[], end: (child: ChildProcess) => void) {
    const env = { ...process.env, HOME: "/root", NO_COLOR: "1" } as NodeJS.ProcessEnv;
    for (const [name, value] of Object.entries(engineOf())) env[name] = value;
    const child = spawn(program, [...words], { cwd: project.cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const ended = once(child, "close");
    await once(createInterface(child.stdout), "line");
    end(child);
    const [code] = await ended;
    return { code, stderr };
  }
  const endless = [
    "logs -f",
    "stats",
    "events --since 1h",
    "attach --no-stdin --sig-proxy=false web",
    "container logs -f verbs-web-1",
    "container stats verbs-web-1",
    "system events --since 1h",
  ];

  it("pass a signal on to what they are attached to", async () => {
    const outcome = await interrupted(["attach", "--no-stdin", "web"], (child) => child.kill("SIGINT"));
    expect(outcome).toEqual({ code: 7, stderr: "" });
    await project.ok("start", "web");
  });

  it.each(endless)("end with 130 and without a word at Ctrl-C: %s", async (line) => {
    expect(await interrupted(line.split(" "), (child) => child.kill("SIGINT"))).toEqual({ code: 130, stderr: "" });
  });

  it.each(endless)("end without a word when their reader leaves: %s", async (line) => {
    const { stderr } = await interrupted(line.split(" "), (child) => {
      child.stdout?.destroy();
      // Silence may go on: something has to be written for the pipe to be found broken.
      void gantry.run(["container", "exec", "verbs-web-1", "true"]);
    });
    expect(stderr).toBe("");
  });
});
