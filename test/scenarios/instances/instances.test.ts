/** Copies of a project must stand beside the plain one on the same ports, keep their address, and be found when stale. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { eventually } from "../harness/eventually.js";
import { aGantry, type Gantry, type Project } from "../harness/gantry.js";
import { aFreePort, aServer, page } from "../harness/host.js";

let gantry: Gantry;
const open: Project[] = [];

beforeAll(async () => {
  gantry = await aGantry();
  await gantry.importImages("busybox");
});
afterEach(async () => {
  for (const project of open.splice(0)) await project.clear();
});
afterAll(() => gantry?.[Symbol.asyncDispose]());

const composeFile = `name: shop
services:
  web:
    image: busybox
    command: sh -c 'mkdir /www && echo "shop \${GANTRY_INSTANCE:-plain}" >/www/index.html && exec httpd -f -p 80 -h /www'
    ports: ["\${PORT}:80"]
    volumes: ["data:/data"]
    stop_grace_period: 0s
volumes: { data: {} }
`;

/** A project in a repository of its own; `copy` gives the project seen by a shell with `GANTRY_INSTANCE`. */
async function aShop(folder: string) {
  const PORT = String(await aFreePort());
  const { cwd } = await gantry.projectOf(folder, composeFile);
  const copy = (instance: string, dir = cwd) => {
    const project = gantry.project(dir, { PORT, GANTRY_INSTANCE: instance });
    open.push(project);
    return project;
  };
  return { cwd, PORT, copy };
}

async function isShown(url: string, text: string): Promise<void> {
  await eventually(async () => expect((await page(url)).trim()).toBe(text));
}

it.each([
  ["before", ["", "x"]],
  ["after", ["x", ""]],
] as const)(
  "a copy has the port that the plain project publishes on every address, started %s it",
  async (_, order) => {
    const { PORT, copy } = await aShop("beside");
    for (const name of order) await copy(name).ok("up", "-d");
    const url = await copy("x").ok("url", "web");
    expect(url).toMatch(/^http:\/\/127\./);
    await isShown(url, "shop x");
    await isShown(`http://127.0.0.1:${PORT}`, "shop plain");
    await copy("").ok("down"); // what the copy has is its own still
    await isShown(url, "shop x");
    await copy("").ok("up", "-d");
    await isShown(`http://127.0.0.1:${PORT}`, "shop plain");
    // A port that is not ours is refused on every address, copy or not.
    await using server = await aServer("0.0.0.0", "mine");
    const other = await copy("x").run("run", "--rm", "-p", `${server.port}:80`, "web", "true");
    expect(other.output).toMatch(/already (in use|allocated)/);
  },
);

it("an address at which somebody listens goes to nobody else, and a copy finds its address again", async () => {
  const { copy } = await aShop("taken");
  const wanted = (await copy("y").ok("config")).match(/host_ip: (\S+)/)?.[1] ?? "";
  const server = await aServer(wanted, "mine");
  try {
    await copy("y").ok("up", "-d");
    const url = await copy("y").ok("url", "web");
    expect(url).not.toContain(wanted);
    await isShown(url, "shop y");
    await copy("y").ok("down");
    await server[Symbol.asyncDispose]();
    await copy("y").ok("up", "-d"); // its volume remembers
    expect(await copy("y").ok("url", "web")).toBe(url);
  } finally {
    await server[Symbol.asyncDispose]();
  }
});

it("a copy whose worktree was removed is stale, and is pruned with what it leaves", async () => {
  const { cwd, copy } = await aShop("stale");
  const git = (...words: string[]) => execFileSync("git", words, { cwd, stdio: "ignore" });
  writeFileSync(`${cwd}/.gitignore`, "");
  git("init", "-q", "-b", "main");
  git("add", ".");
  git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "x");
  git("worktree", "add", "-q", "../stale-login");
  await copy("auto", `${cwd}-login`).ok("up", "-d");
  const stale = () => gantry.ok(["instances", "ls", "--stale", "--format", "{{.Name}}: {{.Stale}}, {{.Volumes}}"]);
  expect(await stale()).toBe("");
  git("worktree", "remove", "--force", "../stale-login");
  expect(await stale()).toBe("login: its worktree was removed, shop-login_data");
  const asked = await gantry.run(["instances", "prune"], { stdin: "n\n" });
  expect([asked.code, asked.stderr]).toEqual([1, expect.stringContaining("1 container, 1 network")]);
  const pruned = await gantry.run(["instances", "prune", "--force"]);
  expect(pruned.stderr).toContain("Volumes were kept: shop-login_data");
  expect(await stale()).toBe("login: its worktree was removed, shop-login_data");
  await gantry.ok(["instances", "prune", "--force", "--volumes"]);
  expect(await gantry.ok(["instances", "-q"])).toBe("");
});
