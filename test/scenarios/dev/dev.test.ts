/** A fresh clone must become a working environment in one command, twice must cost nothing, and copies must not meet. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Registry, startRegistryWith } from "../../images/registry.js";
import { eventually } from "../harness/eventually.js";
import { aGantry, type Gantry, type Project, sampleDir } from "../harness/gantry.js";
import { page } from "../harness/host.js";
import { aTerminal } from "../harness/terminal.js";

/** A start of PostgreSQL and a build, on a machine that does other things too. */
const devLimitMs = 55_000;

let registry: Registry;
let gantry: Gantry;
/** Three worktrees of one repository, by the name of their copy. */
const copies = new Map<string, Project>();
const copy = (name: string) => copies.get(name) ?? expect.fail(`no copy ${name}`);

beforeAll(async () => {
  registry = await startRegistryWith("nginx", "postgres", "python");
  gantry = await aGantry({ GANTRY_REGISTRY_MIRRORS: `docker.io=${registry.url}` });
  const root = `${gantry.workDir}/notes`;
  cpSync(sampleDir("notes"), root, { recursive: true });
  const git = (...words: string[]) => execFileSync("git", words, { cwd: root, stdio: "ignore" });
  git("init", "-q", "-b", "main");
  git("add", ".");
  git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "notes");
  git("checkout", "-q", "-b", "first");
  git("worktree", "add", "-q", "../notes-second", "-b", "feature/second");
  git("worktree", "add", "-q", "../notes-third");
  for (const [name, folder] of [
    ["first", root],
    ["second", `${root}-second`],
    ["third", `${root}-third`],
  ] as const) {
    copies.set(name, gantry.project(folder, { GANTRY_INSTANCE: "auto" }));
  }
});
afterAll(async () => {
  for (const project of copies.values()) await project.clear();
  await gantry?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
});

const dev = (project: Project, ...flags: string[]) =>
  gantry.run(["dev", "--detach", ...flags], {
    cwd: project.cwd,
    env: { GANTRY_INSTANCE: "auto" },
    timeoutMs: devLimitMs,
  });
const notes = async (url: string) =>
  (JSON.parse(await page(`${url}/api/notes`)) as { notes: Array<{ text: string }> }).notes.map(({ text }) => text);

describe("gantry dev in a fresh clone", () => {
  it("--check says that it would work, and makes nothing", async () => {
    const { cwd } = copy("first");
    const { code, output } = await dev(copy("first"), "--check");
    expect(output).toContain("would be made from .env.example");
    expect([code, existsSync(`${cwd}/.env`), await gantry.ok(["image", "ls", "-q"])]).toEqual([0, false, ""]);
  });

  it("asks about files from elsewhere before it writes anything", async () => {
    const git = (...words: string[]) => execFileSync("git", ["-C", `${gantry.workDir}/theirs`, ...words]);
    await gantry.projectOf("theirs", "services: { theirs: { image: busybox } }");
    git("init", "-q");
    git("add", ".");
    git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "theirs");
    const mine = `include: ["file://${gantry.workDir}/theirs"]\nservices: { ours: { image: busybox } }\n`;
    const { cwd } = await gantry.projectOf("ours", mine);
    writeFileSync(`${cwd}/.env.example`, "APP_SECRET=\n");
    const { code, output } = await gantry.run(["dev", "--detach"], { cwd });
    expect(output).toMatch(/files from elsewhere[\s\S]*Nothing was done/);
    expect([code, existsSync(`${cwd}/.env`)]).toEqual([1, false]);
  });

  it("pulls, builds, migrates and fills, and says where it answers and who may log in", async () => {
    const { cwd } = copy("first");
    const { code, stdout, output } = await dev(copy("first"));
    expect([code, output]).toEqual([0, expect.stringContaining("notes-first is ready")]);
    const url = await copy("first").ok("url", "web");
    expect(url).toMatch(/^http:\/\/127\.\d+\.\d+\.\d+:8085$/);
    expect(stdout).toContain(`Notes     ${url}\n`);
    const [, password = ""] = /^ADMIN_PASSWORD=(\w{12})$/m.exec(readFileSync(`${cwd}/.env`, "utf8")) ?? [];
    expect(stdout).toContain(`admin / ${password}`);
    expect(statSync(`${cwd}/.env`).mode & 0o777).toBe(0o600);
    expect(await page(`${url}/`)).toContain("<h1>Notes</h1>");
    expect(await notes(url)).toEqual(["The first note", "The second"]);
    expect(await copy("first").exec("db", "psql", "-U", "notes", "-tAc", "SELECT name FROM migrations")).toBe(
      "001-notes\n002-author",
    );
  });

  it("does nothing the second time, in less than two seconds", async () => {
    const times: number[] = [];
    for (let run = 0; run < 3; run++) {
      const begin = performance.now();
      const { code, output } = await dev(copy("first"));
      times.push(performance.now() - begin);
      expect([code, output]).toEqual([0, expect.stringContaining("is ready")]);
      expect(output).not.toMatch(/Container|Job|Volume/);
    }
    expect(Math.min(...times)).toBeLessThan(2000);
    expect(await notes(await copy("first").ok("url", "web"))).toHaveLength(2);
  });

  it("runs a job again when its inputs change, and down takes its mark with the data", async () => {
    const { cwd, ok } = copy("first");
    const seed = `${cwd}/api/seed.py`;
    writeFileSync(seed, readFileSync(seed, "utf8").replace("'The first note'", "'A third'"));
    const { output } = await dev(copy("first"));
    expect(output).toContain("Ran job seed");
    expect(await notes(await ok("url", "web"))).toHaveLength(4);
    expect(await ok("down", "-v", "-t", "1", "--dry-run")).toContain("notes-first_dev-seed");
  });
});

it("copies in three worktrees answer at once, on the same ports, each with its own data", async () => {
  const ended = await Promise.all([dev(copy("second")), dev(copy("third"))]);
  expect(ended.map(({ code, output }) => [code, output])).toEqual(
    ["second", "third"].map((name) => [0, expect.stringContaining(`notes-${name} is ready`)]),
  );
  const names = ["first", "second", "third"];
  const urls = await Promise.all(names.map((name) => copy(name).ok("url", "web")));
  expect(new Set(urls).size).toBe(3);
  const databases = await Promise.all(names.map((name) => copy(name).ok("url", "db")));
  expect(new Set(databases.map((url) => url.split(":").at(-1)))).toEqual(new Set(["5432"]));
  await page(`${urls[2]}/api/notes`, { method: "POST", body: "only in the third" });
  expect((await notes(urls[2] ?? "")).at(-1)).toBe("only in the third");
  for (const url of urls.slice(0, 2)) expect(await notes(url)).not.toContain("only in the third");
  const listed = await gantry.ok(["instances", "--format", "{{.Name}}"]);
  expect(listed.split("\n")).toEqual(names);
  await eventually(async () => expect(await page(`${urls[1]}/`)).toContain("Notes"));
});

it("makes a dev container of devcontainer.json, and runs each command when its time has come", async () => {
  const project = await gantry.projectOf("boxed", "");
  rmSync(`${project.cwd}/compose.yaml`);
  const file = {
    ...{ image: "python", containerEnv: { PRICE: "$5" }, remoteUser: "daemon", features: {} },
    initializeCommand: "touch on-this-host",
    onCreateCommand: 'echo "$(id -un) $PRICE $PWD" >/tmp/made',
    postCreateCommand: { a: ["touch", "/tmp/a"], b: "touch /tmp/b" },
    postStartCommand: "echo start >>/tmp/starts",
  };
  writeFileSync(`${project.cwd}/.devcontainer.json`, `// Ours.\n${JSON.stringify(file)}`);
  const plain = gantry.project(project.cwd);
  try {
    const { stderr } = await plain.run("dev", "--detach");
    expect(stderr).toMatch(/without effect here: features\n[\s\S]*initializeCommand .* was left out/);
    expect(existsSync(`${project.cwd}/on-this-host`)).toBe(false);
    const inside = (...words: string[]) => plain.ok("-p", "boxed", "exec", "-T", "devcontainer", ...words);
    expect(await inside("cat", "/tmp/made")).toBe("daemon $5 /workspaces/boxed");
    expect(await inside("ls", "/workspaces/boxed/.devcontainer.json", "/tmp/a", "/tmp/b")).toContain("/tmp/b");
    await plain.ok("dev", "--detach");
    expect(await inside("cat", "/tmp/starts")).toBe("start");
    await plain.ok("-p", "boxed", "stop");
    await plain.ok("dev", "--detach", "--yes");
    expect(existsSync(`${project.cwd}/on-this-host`)).toBe(true);
    expect(await inside("cat", "/tmp/starts")).toBe("start\nstart");
  } finally {
    await plain.run("-p", "boxed", "down", "-v", "-t", "0");
  }
});

it("refuses to guess without a terminal: all that is missing is named at once, and nothing is written", async () => {
  const project = await gantry.projectOf("unsaid", "services: { a: { image: nginx } }\n");
  writeFileSync(`${project.cwd}/.env.example`, "API_KEY=\nMAIL_TOKEN=change-me\nDB_PASSWORD=\nPORT=1\n");
  for (const flags of [["--check"], []]) {
    const { code, stderr } = await dev(project, ...flags);
    expect([code, stderr]).toEqual([1, expect.stringContaining("API_KEY, MAIL_TOKEN")]);
  }
  expect(existsSync(`${project.cwd}/.env`)).toBe(false);
  const given = { API_KEY: "a", MAIL_TOKEN: "b", GANTRY_INSTANCE: "auto" };
  const { code } = await gantry.run(["dev", "--check"], { cwd: project.cwd, env: given });
  expect(code).toBe(0);
});

it("asks on a terminal, draws its tasks there, and stops what it started on Ctrl-C", async () => {
  const command = "sh -c 'while sleep 0.2; do echo alive; done'";
  const project = await gantry.projectOf(
    "asked",
    `services:\n  a: { image: nginx, command: ${command}, environment: { G: $GREETING }, stop_grace_period: 0s }\n`,
  );
  writeFileSync(`${project.cwd}/.env.example`, "# How to greet.\n# gantry: ask\nGREETING=Hello\nDB_PASSWORD=\n");
  rmSync(`${project.cwd}/.env`, { force: true });
  const { env } = gantry;
  await using terminal = await aTerminal({ columns: 100, rows: 30, cwd: project.cwd, env });
  try {
    await terminal.run("gantry dev; echo ended $?");
    await terminal.shows("How to greet.", "GREETING [Hello]:");
    await terminal.type("Good day");
    await terminal.press("Enter");
    await terminal.shows("✔ .env  made from .env.example (1 generated, 1 answered)", "✔ Service a", "a-1  | alive");
    expect(readFileSync(`${project.cwd}/.env`, "utf8")).toMatch(
      /^# How to greet\.\n# gantry: ask\nGREETING='Good day'\nDB_PASSWORD=\w{32}\n$/,
    );
    expect(await project.exec("a", "printenv", "G")).toBe("Good day");
    await terminal.press("C-c");
    await terminal.shows("ended 130");
    expect((await terminal.modes()).cursor).toBe(true);
    expect(await project.ok("ps", "-q")).toBe("");
  } finally {
    await project.clear();
  }
});

it("ends before anything is made where a port is taken, by a program on IPv6 too", async () => {
  const server = createServer().listen(0, "::");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const taken = await gantry.projectOf("taken", `services: { web: { image: busybox, ports: ["${port}:80"] } }\n`);
  const { code, stderr } = await taken.run("dev");
  expect([code, stderr]).toEqual([1, expect.stringContaining(`${port} of 0.0.0.0, which web publishes, is in use`)]);
  expect((await taken.run("ps", "-aq")).stdout).toBe("");
  server.close();
});
