/** What builds are given beside a Dockerfile: contexts of every kind, ignore files, secrets, keys, devices, an epoch. */
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestEngine, type TestEngine } from "../engine/engine-fixture.js";

let engine: TestEngine;
let work: string;
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "gantry-inputs-"));
  engine = await startTestEngine({ env: { TMPDIR: work } });
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
});

/** A directory with these files. */
function directory(files: Record<string, string>): string {
  const made = mkdtempSync(join(work, "context-"));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(made, name)), { recursive: true });
    writeFileSync(join(made, name), content);
  }
  return made;
}

async function build(context: string, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await engine.gantry(["image", "build", "--no-cache", ...args, context]);
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

async function refused(context: string, ...args: string[]): Promise<string> {
  const { exitCode, stderr } = await engine.gantry(["image", "build", "--no-cache", ...args, context]);
  expect(exitCode).not.toBe(0);
  return stderr;
}

it("copies nothing that the ignore file names, even where it takes something else back", async () => {
  const ignore = "# all but the program\n*\n!app\napp/*.tmp\n";
  const files = { ".dockerignore": ignore, secret: "s", "app/a.py": "a", "app/b.tmp": "b", "docs/c": "c" };
  const context = directory({
    ...files,
    Dockerfile: "FROM busybox\nCOPY . /all\nCOPY *p* *e* /w/\nRUN find /all /w\n",
  });
  const said = await build(context);
  expect(said.match(/^\/(all|w).*$/gm)).toEqual(["/all", "/all/app", "/all/app/a.py", "/w", "/w/a.py"]);
  writeFileSync(join(context, "Dockerfile"), "FROM busybox\nCOPY secret /x\n");
  expect(await refused(context)).toContain("excluded by .dockerignore: stat secret");
  writeFileSync(join(context, "Dockerfile"), "FROM busybox\nCOPY docs /x\n");
  expect(await refused(context)).toContain("excluded by .dockerignore: stat docs");
});

it("clones a repository with its ignore file, by query and fragment, and only at the commit that it must be", async () => {
  await using served = await aRepository({
    Dockerfile: "FROM busybox\nCOPY . /r\nRUN ls -A /r\n",
    ".dockerignore": "x",
  });
  const { url, commit } = served;
  expect(await build(`${url}?branch=main&commit=${commit}`)).toMatch(/\n\.dockerignore\nDockerfile\nsub\n/);
  const keep = ["--build-arg", "BUILDKIT_CONTEXT_KEEP_GIT_DIR=1"];
  expect(await build(`${url}#main`, ...keep)).toContain("\n.git\n");
  const add = (flags: string, address: string) =>
    directory({ Dockerfile: `FROM busybox\nADD ${flags} ${address} /g\nRUN ls -A /g\n` });
  expect(await build(add(`--checksum=${commit}`, `${url}#main:sub`))).toContain("\nfile\n");
  expect(await build(add("--keep-git-dir", `${url}?subdir=.`))).toContain("\n.git\n");
  expect(await refused(add(`--checksum=${"0".repeat(40)}`, `${url}#main`))).toContain(`got ${commit}`);
});

it("takes nothing of this host for a repository's submodules", async () => {
  await using served = await aRepository({ Dockerfile: "FROM busybox\n" }, (git) => {
    const hidden = mkdtempSync(join(work, "hidden-"));
    execFileSync("git", ["init", "-q", hidden]);
    execFileSync("git", [
      "-C",
      hidden,
      "-c",
      "user.name=a",
      "-c",
      "user.email=a@x",
      "commit",
      "-q",
      "--allow-empty",
      "-m1",
    ]);
    git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", hidden, "stolen");
  });
  expect(await refused(served.url)).toContain("transport 'file' not allowed");
  await build(`${served.url}?submodules=0`);
});

it("says why a layer of its own cannot be owned by a name", async () => {
  const context = directory({ Dockerfile: "FROM busybox\nCOPY --link --chown=nobody f /f\n", f: "" });
  expect(await refused(context)).toContain("give the owner by numbers");
});

it("takes a Dockerfile or the archive of a context from standard input", () => {
  const context = directory({
    Dockerfile: "FROM busybox\nRUN false\n",
    other: "FROM busybox\nCOPY f /\nRUN cat /f\n",
    f: "in it\n",
  });
  const run = (input: string | Buffer, ...args: string[]) => {
    const all = ["dist/main.js", "image", "build", "--no-cache", ...args];
    const { status, stdout, stderr } = spawnSync(process.execPath, all, { env: engine.env, input, encoding: "utf8" });
    return { status, said: `${stdout}${stderr}` };
  };
  for (const pack of ["-c", "-cz", "-cJ"]) {
    const tar = execFileSync("tar", ["-C", context, pack, "."]);
    expect(run(tar, "-f", "other", "-")).toEqual({ status: 0, said: expect.stringContaining("\nin it\n") });
  }
  expect(run(execFileSync("tar", ["-C", context, "-c", "."]), "-").said).toContain("non-zero code: 1");
  expect(run("FROM busybox\nRUN echo alone\n", "-").said).toContain("\nalone\n");
  expect(run("FROM busybox\nCOPY f /g\nRUN exit 3\n", "-f", "-", context)).toEqual({
    ...{ status: 3, said: expect.stringContaining("Dockerfile:3") },
  });
  expect(run("x", "-f", "-", "-").said).toContain("can't use stdin for both");
  expect(run(Buffer.from([0, 1, 2]), "-").said).toContain("neither a Dockerfile nor an archive");
});

it("asks nobody for a client that is offline, though the engine is not", async () => {
  await using served = await aRepository({ Dockerfile: "FROM busybox\n" });
  const offline = (...args: string[]) => {
    const env = { ...engine.env, GANTRY_OFFLINE: "1" };
    const all = ["dist/main.js", "image", "build", "--no-cache", ...args];
    const { status, stdout, stderr } = spawnSync(process.execPath, all, { env, encoding: "utf8" });
    return { status, said: `${stdout}${stderr}` };
  };
  const add = (address: string) => directory({ Dockerfile: `FROM busybox\nADD ${address} /x\n` });
  const { url } = served;
  for (const asked of [[url], [add(`${url}/HEAD`)], [add(url)], [directory({ Dockerfile: "FROM nowhere.test/a\n" })]]) {
    expect(offline(...asked)).toEqual({ status: 1, said: expect.stringContaining("Gantry is offline") });
  }
  expect(served.requests()).toBe(0);
  const cached = ["--cache-from", "type=registry,ref=nowhere.test/cache:1"];
  const { status, said } = offline("--pull", ...cached, directory({ Dockerfile: "FROM busybox\nRUN true\n" }));
  expect(said).toContain("[Warning] build cache of nowhere.test/cache:1: Gantry is offline");
  expect(status).toBe(0);
});

it("takes a directory and an image of a layout as bases, and lets a context stand for a stage or an image", async () => {
  const base = directory({ "etc/hello": "from a directory\n" });
  const layout = directory({});
  execFileSync("sh", ["-c", `'${process.execPath}' dist/main.js image save busybox | tar -x -C '${layout}'`], {
    env: { ...engine.env },
  });
  const lines = ["FROM base AS one", "FROM nowhere.example/a/tool AS two", "RUN false", "FROM busybox:latest"];
  const context = directory({ Dockerfile: [...lines, "COPY --from=one /etc/hello /h", "RUN cat /h"].join("\n") });
  const named = ["--build-context", `base=${base}`, "--build-context", `busybox=oci-layout://${layout}`];
  expect(await build(context, ...named)).toContain("\nfrom a directory\n");
  const stage = directory({
    Dockerfile: "FROM busybox AS one\nRUN false\nFROM busybox\nCOPY --from=one /etc/hello /h\n",
  });
  await build(stage, "--build-context", `one=${base}`);
  expect(await refused(context, "--build-context", "busybox=oci-layout:///nowhere")).toContain("no index.json");
});

it("gives a step a secret as a variable, and shows it to nobody else", async () => {
  const lines = ["FROM busybox", "RUN --mount=type=secret,id=token,env=TOKEN echo -n $TOKEN | wc -c; ls /", "ENV A=1"];
  const context = directory({ Dockerfile: lines.join("\n"), token: "sixteen-letters!" });
  const watched = engine.spawnGantry(["system", "events", "--format", "{{json .}}"]);
  let events = "";
  watched.stdout?.on("data", (chunk: Buffer) => {
    events += chunk.toString();
  });
  expect(await build(context, "--secret", `id=token,src=${join(context, "token")}`, "-t", "quiet")).toContain("\n16\n");
  const { stdout } = await engine.gantry(["image", "inspect", "quiet"]);
  const history = await engine.gantry(["image", "history", "--no-trunc", "quiet"]);
  watched.kill();
  await once(watched, "close");
  for (const text of [stdout, history.stdout, events]) expect(text).not.toContain("sixteen");
  const held = execFileSync("sh", ["-c", `grep -rlF sixteen-letters ${engine.stateRoot} || true`], {
    encoding: "utf8",
  });
  expect(held).toBe("");
});

it("lets steps use keys by an agent that lives as long as the build", async () => {
  const context = directory({
    Dockerfile: "FROM busybox\nRUN --mount=type=ssh,id=deploy [ -S $SSH_AUTH_SOCK ] && echo agent at $SSH_AUTH_SOCK\n",
  });
  const key = join(context, "key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  expect(await build(context, "--ssh", `deploy=${key}`)).toContain("agent at /run/buildkit/ssh_agent.0");
  execFileSync("ssh-keygen", ["-q", "-p", "-P", "", "-N", "a passphrase", "-f", key]);
  expect(await refused(context, "--ssh", `deploy=${key}`)).toContain("Keys with a passphrase must be in an agent");
  const left = execFileSync("sh", ["-c", `ls -d ${work}/gantry-ssh-* 2>/dev/null || true`], { encoding: "utf8" });
  expect(left).toBe("");
});

it("refuses a device that is required and not there, and goes without one that is not required", async () => {
  const file = (flag: string) => directory({ Dockerfile: `FROM busybox\nRUN --device=${flag} echo ran\n` });
  expect(await refused(file("vendor.example/none"))).toContain("granting entitlement device=vendor.example/none=all");
  expect(await build(file("vendor.example/none"), "--allow", "device")).toContain("\nran\n");
  expect(await refused(file("vendor.example/none,required"), "--allow", "device")).toContain("vendor.example/none=all");
});

it("makes the same image, layers and all, of the same files elsewhere and at another time", async () => {
  const dockerfile = [
    "FROM busybox AS made\nWORKDIR /made\nCOPY d .\nRUN echo x >y && mkdir z && ln -s y l && mkfifo p",
    "FROM busybox\nCOPY --from=made /made /made\nCOPY --chown=1:2 d/f /f\nCOPY <<E /here\n$HOME\nE\nWORKDIR /w\n",
  ];
  const files = { Dockerfile: dockerfile.join("\n"), "d/f": "f", "d/sub/g": "g", "d/h": "h" };
  const places = [directory(files), directory(files)];
  // Long before the epoch and after it, and not the same anywhere.
  for (const [at, place] of places.entries()) {
    for (const [n, name] of ["d/f", "d/h", "d/sub/g", "d/sub", "d"].entries()) {
      utimesSync(join(place, name), 0, 1_000_000_000 + at * 100 + n);
    }
  }
  const archives: string[] = [];
  for (const [at, place] of places.entries()) {
    await using other = at === 0 ? undefined : await startTestEngine();
    const maker = other ?? engine;
    const base = join(work, "base.tar");
    if (at === 0) await engine.gantry(["image", "save", "-o", base, "busybox"]);
    else await maker.gantry(["image", "load", "-i", base]);
    const outcome = await maker.gantry([
      "image",
      "build",
      "-q",
      "--no-cache",
      "--build-arg",
      "SOURCE_DATE_EPOCH=1700000000",
      "-t",
      "same",
      place,
    ]);
    expect(outcome).toMatchObject({ exitCode: 0 });
    const out = join(work, `out-${at}.tar`);
    expect(await maker.gantry(["image", "save", "-o", out, "same"])).toMatchObject({ exitCode: 0 });
    const listed = execFileSync("tar", ["-xOf", out, "index.json", "manifest.json"], { encoding: "utf8" });
    archives.push(`${outcome.stdout}${listed}`);
    expect(readFileSync(out).length).toBeGreaterThan(1000);
  }
  expect(archives[1]).toBe(archives[0]);
});

it("gives an image away as files and as an archive, and says what it is", async () => {
  const lines = ["FROM busybox AS made", "RUN mkdir /o && echo hi >/o/f && ln -s f /o/l", "FROM scratch"];
  const context = directory({ Dockerfile: [...lines, "COPY --from=made /o /"].join("\n") });
  const out = join(work, "out");
  const meta = join(work, "meta.json");
  await build(context, "-o", out, "-o", `type=oci,dest=${out}.tar`, "--metadata-file", meta, "-t", "given:1");
  expect(readdirSync(out).sort()).toEqual(["f", "l"]);
  expect(readFileSync(join(out, "l"), "utf8")).toBe("hi\n");
  const inspected = execFileSync("skopeo", ["inspect", "--config", `oci-archive:${out}.tar`], { encoding: "utf8" });
  expect(JSON.parse(inspected)).toMatchObject({ os: "linux", rootfs: { diff_ids: [expect.any(String)] } });
  expect(JSON.parse(readFileSync(meta, "utf8"))).toMatchObject({ "image.name": "given:1" });
  expect(await refused(context, "--push")).toContain("What is pushed needs a name");
  expect(await refused(context, "--sbom=true")).toContain("--sbom is not supported");
});

/** A bare repository behind plain HTTP, as any web server can serve it. */
async function aRepository(
  files: Record<string, string>,
  more: (git: (...args: string[]) => string) => void = () => {},
): Promise<AsyncDisposable & { readonly url: string; readonly commit: string; readonly requests: () => number }> {
  const tree = directory({ ...files, x: "ignored", "sub/file": "f" });
  const name = `served-${readdirSync(work).length}.git`;
  const bare = join(work, name);
  let requests = 0;
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", tree, "-c", "user.name=a", "-c", "user.email=a@example.com", ...args])
      .toString()
      .trim();
  git("init", "-q", "-b", "main");
  git("add", ".");
  more(git);
  git("commit", "-q", "-m", "one");
  git("clone", "-q", "--bare", ".", bare);
  execFileSync("git", ["-C", bare, "update-server-info"]);
  const server = createServer((request, response) => {
    requests += 1;
    try {
      response.end(readFileSync(join(work, new URL(request.url ?? "/", "http://x").pathname)));
    } catch {
      response.writeHead(404).end();
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    server.close();
  };
  const url = `http://127.0.0.1:${port}/${name}`;
  return { url, commit: git("rev-parse", "HEAD"), requests: () => requests, [Symbol.asyncDispose]: close };
}
