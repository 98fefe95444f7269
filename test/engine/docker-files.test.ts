/** The files of containers, by docker's own client: cp both ways, diff, export. Real kernel, real containers. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestEngine, type TestEngine } from "./engine-fixture.js";

/** The engine's text since version 23 of the CLI, the CLI's own before. */
const notThere = /Could not find the file \/.* in container (box|still)|No such container:path: (box|still):\//;

let engine: TestEngine;
let work: string;
beforeAll(async () => {
  engine = await startTestEngine();
  work = mkdtempSync(join(tmpdir(), "gantry-files-"));
  await ok("run", "-d", "--name", "box", "-v", "data:/data", "busybox", "sleep", "1000");
  await ok("create", "--name", "still", "-v", "data:/data", "busybox", "true");
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
});

async function ok(...args: string[]): Promise<string> {
  const outcome = await engine.docker(args);
  expect(outcome, args.join(" ")).toMatchObject({ exitCode: 0 });
  return outcome.stdout.trim();
}

it.each(["box", "still"])("copies files and trees into %s and out again", async (name) => {
  const tree = join(work, `tree-${name}`);
  mkdirSync(join(tree, "deep/er"), { recursive: true });
  writeFileSync(join(tree, "deep/er/file"), "content", { mode: 0o640 });
  writeFileSync(join(tree, "x".repeat(120)), "long name");
  await ok("cp", tree, `${name}:/tmp/`);
  await ok("cp", `${name}:/tmp/tree-${name}`, join(work, `back-${name}`));
  expect(execFileSync("diff", ["-r", tree, join(work, `back-${name}`)], { encoding: "utf8" })).toBe("");
  await ok("cp", join(tree, "deep/er/file"), `${name}:/etc/renamed`);
  expect(await ok("cp", `${name}:/etc/renamed`, "-")).toContain("content");
});

it.each(["box", "still"])("sees the volumes of %s", async (name) => {
  writeFileSync(join(work, `in-volume-${name}`), name);
  await ok("cp", join(work, `in-volume-${name}`), `${name}:/data/`);
  const volume = JSON.parse(await ok("volume", "inspect", "data"));
  expect(readFileSync(join(volume[0].Mountpoint, `in-volume-${name}`), "utf8")).toBe(name);
  await ok("cp", `${name}:/data/in-volume-${name}`, join(work, "out"));
  expect(readFileSync(join(work, "out"), "utf8")).toBe(name);
});

it.each(["box", "still"])("resolves the links of %s inside its root, never outside", async (name) => {
  const outside = join(work, `outside-${name}`);
  mkdirSync(outside);
  writeFileSync(join(outside, "secret"), "of the host");
  const links = join(work, `links-${name}`);
  mkdirSync(links);
  symlinkSync(outside, join(links, "absolute"));
  symlinkSync(`../../../../../../../../..${outside}`, join(links, "relative"));
  await ok("cp", links, `${name}:/`);
  writeFileSync(join(work, "planted"), "planted");
  for (const link of ["absolute", "relative"]) {
    const path = `${name}:/links-${name}/${link}`;
    expect(await engine.docker(["cp", `${path}/secret`, "-"])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(notThere),
    });
    await engine.docker(["cp", join(work, "planted"), `${path}/`]);
    expect(existsSync(join(outside, "planted"))).toBe(false);
  }
});

it("says what is not there, and refuses to write where a container is read-only", async () => {
  expect(await engine.docker(["cp", "box:/nothing", "-"])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(notThere),
  });
  await ok("create", "--name", "ro", "--read-only", "busybox", "true");
  writeFileSync(join(work, "f"), "");
  expect(await engine.docker(["cp", join(work, "f"), "ro:/tmp/"])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("read-only"),
  });
});

it("takes archives of any compression", async () => {
  const tar = execFileSync("tar", ["-c", "-C", work, "f"]);
  for (const [program, name] of [
    ["gzip", "z"],
    ["xz", "x"],
    ["bzip2", "b"],
    ["zstd", "s"],
  ] as const) {
    const packed = join(work, `packed-${name}`);
    try {
      writeFileSync(packed, execFileSync(program, ["-c"], { input: tar }));
    } catch {
      continue; // this host has no such program
    }
    await ok("exec", "box", "mkdir", "-p", `/tmp/${name}`);
    const url = `http://localhost/containers/box/archive?path=/tmp/${name}`;
    const status = execFileSync(
      "curl",
      ["-s", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket", engine.socket, "-T", packed, url],
      { encoding: "utf8" },
    );
    expect([program, status]).toEqual([program, "200"]);
    expect(await ok("exec", "box", "ls", `/tmp/${name}`)).toBe("f");
  }
});

it("tells what a container changed, and nothing of what the engine itself put there", async () => {
  await ok("run", "--name", "changed", "busybox", "sh", "-c", "echo a >/new; rm /etc/group; echo b >>/etc/passwd");
  expect((await ok("diff", "changed")).split("\n").sort()).toEqual([
    "A /new",
    "C /etc",
    "C /etc/passwd",
    "D /etc/group",
  ]);
  await ok("run", "--name", "unchanged", "busybox", "true");
  expect(await ok("diff", "unchanged")).toBe("");
});

it("exports the root file system without volumes, and takes it as an image again", async () => {
  const file = join(work, "box.tar");
  await ok("export", "-o", file, "changed");
  const names = execFileSync("tar", ["-tf", file], { encoding: "utf8" }).split("\n");
  expect(names).toContain("new");
  expect(names).toContain("bin/busybox");
  expect(names).not.toContain("etc/group");
  await ok("import", file, "again:1");
  expect(await ok("run", "--rm", "again:1", "/bin/cat", "/new")).toBe("a");
});
