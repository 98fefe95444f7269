/** Builds by docker's own client over the classic route: `DOCKER_BUILDKIT=0 docker build`. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Outcome, startTestEngine, type TestEngine } from "./engine-fixture.js";

let engine: TestEngine;
let work: string;
beforeAll(async () => {
  engine = await startTestEngine({ env: { DOCKER_BUILDKIT: "0" } });
  work = mkdtempSync(join(tmpdir(), "gantry-build-"));
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
});

/** A context with this Dockerfile; its path. */
function context(dockerfile: string, files: Record<string, string> = {}): string {
  const directory = mkdtempSync(join(work, "context-"));
  for (const [name, content] of Object.entries({ Dockerfile: dockerfile, ...files })) {
    writeFileSync(join(directory, name), content);
  }
  return directory;
}

async function build(directory: string, ...args: string[]): Promise<Outcome> {
  return engine.docker(["build", ...args, directory]);
}

async function ok(...args: string[]): Promise<string> {
  const outcome = await engine.docker(args);
  expect(outcome, args.join(" ")).toMatchObject({ exitCode: 0 });
  return outcome.stdout.trim();
}

it("tells each step in the classic builder's words, and the second time that it used its cache", async () => {
  const directory = context("FROM busybox\nCOPY f /f\nRUN cat /f >/g\nLABEL a=b\n", { f: "content" });
  const first = await build(directory, "-t", "words");
  expect(first).toMatchObject({ exitCode: 0 });
  expect(first.stdout).toMatch(/Step 1\/4 : FROM busybox\n ---> [0-9a-f]{12}\nStep 2\/4 : COPY f \/f\n ---> /);
  expect(first.stdout).toMatch(/Step 3\/4 : RUN cat \/f >\/g\n ---> Running in [0-9a-f]{12}\nRemoving intermediate/);
  expect(first.stdout).toMatch(/Successfully built [0-9a-f]{12}\nSuccessfully tagged words:latest\n$/);
  const second = await build(directory, "-t", "words");
  expect(second.stdout.match(/ ---> Using cache\n/g)).toHaveLength(3);
  expect(second.stdout.split("\n").at(-3)).toBe(first.stdout.split("\n").at(-3));
  expect(await ok("ps", "-aq")).toBe("");
});

it("tells of each image as events: that it was made, and its names", async () => {
  const directory = context("FROM busybox\nLABEL made=here\n");
  expect(await build(directory, "-t", "told:1", "-t", "told:2")).toMatchObject({ exitCode: 0 });
  const query = { since: 1, until: Date.now() / 1000, filters: { type: ["image"], label: ["made=here"] } };
  const told: string[] = [];
  const { Id } = await engine.client.images.inspect("told:1");
  for await (const { Action, Actor } of engine.client.system.events(query)) {
    expect(Actor.ID).toBe(Id);
    told.push(`${Action} ${Actor.Attributes.name?.replace(Id, "ID")}`);
  }
  expect(told).toEqual(["create ID", "tag told:1", "tag told:2"]);
});

it("builds only what comes after the file that was edited", async () => {
  const directory = context("FROM busybox\nRUN echo early\nCOPY f /f\nRUN cat /f\nCOPY g /g\n", { f: "1", g: "1" });
  await build(directory, "-t", "edit");
  writeFileSync(join(directory, "g"), "2");
  expect((await build(directory, "-t", "edit")).stdout.match(/Using cache/g)).toHaveLength(3);
  writeFileSync(join(directory, "f"), "1"); // a new time alone changes nothing
  expect((await build(directory, "-t", "edit")).stdout.match(/Using cache/g)).toHaveLength(4);
});

it("ends with the exit code of the command that failed, and leaves nothing of it", async () => {
  const outcome = await build(context("FROM busybox\nRUN echo said >&2; exit 7\n"), "-t", "failing");
  expect(outcome.exitCode).toBe(7);
  expect(outcome.stderr).toContain("The command '/bin/sh -c echo said >&2; exit 7' returned a non-zero code: 7");
  expect(outcome.stdout).toContain("said");
  expect(await ok("ps", "-aq")).toBe("");
  expect(await ok("images", "-q", "failing")).toBe("");
});

it("prints the id alone when it is told to be quiet", async () => {
  const { stdout } = await build(context("FROM busybox\nLABEL q=1\n"), "-q");
  expect(stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
});

it("takes a Dockerfile from elsewhere, from standard input, and arguments, labels, targets and limits", async () => {
  const directory = context("FROM busybox\n", {
    f: "x",
    "other.docker": "FROM busybox AS a\nARG V\nENV W=$V\nFROM a\n",
  });
  const flags = ["--build-arg", "V=1", "--label", "l=m", "--target", "a", "--memory", "64m", "--ulimit", "nofile=99"];
  expect(await build(directory, "-t", "flags", "-f", join(directory, "other.docker"), ...flags)).toMatchObject({
    exitCode: 0,
  });
  expect(await ok("inspect", "--format", "{{index .Config.Labels `l`}} {{.Config.Env}}", "flags")).toMatch(/^m .*W=1/);
  const stdin = "FROM busybox\nRUN --network=none echo in >/in\nCMD cat /in\n";
  expect(await engine.docker(["build", "-t", "stdin", "-"], { stdin })).toMatchObject({ exitCode: 0 });
  expect(await ok("run", "--rm", "stdin")).toBe("in");
});

it("refuses by name what it cannot do, and tells every problem of a Dockerfile at once", async () => {
  expect((await build(context("FROM busybox\n"), "--isolation", "hyperv")).stderr).toContain(
    "isolation=hyperv is not supported",
  );
  const wrong = await build(context("FROM busybox\nRUNN true\nCOPY --form=x a b\n"));
  expect(wrong.exitCode).toBe(1);
  expect(wrong.stderr).toContain('Dockerfile:2:1: unknown instruction: RUNN (Did you mean "RUN"?)');
  expect(wrong.stderr).toContain('Dockerfile:3:6: unknown flag: --form of COPY (Did you mean "from"?)');
});

it("fetches what ADD names by its address, and only with the digest that it must have", async () => {
  await using server = await serving("fetched\n");
  const digest = createHash("sha256").update("fetched\n").digest("hex");
  const file = (sum: string) =>
    `FROM busybox\nADD --checksum=sha256:${sum} ${server.url}/a/file.txt /x/\nCMD cat /x/file.txt\n`;
  expect(await build(context(file(digest)), "-t", "fetched")).toMatchObject({ exitCode: 0 });
  expect(await ok("run", "--rm", "fetched")).toBe("fetched");
  expect((await build(context(file("0".repeat(64))))).stderr).toContain(`digest mismatch sha256:${digest}`);
});

it("gives the same image for the same files and SOURCE_DATE_EPOCH, whenever it is built", async () => {
  const directory = context("FROM busybox\nARG SOURCE_DATE_EPOCH\nCOPY f /d/f\nRUN echo x >/y\n", { f: "1" });
  const flags = ["-q", "--no-cache", "--build-arg", "SOURCE_DATE_EPOCH=1700000000"];
  const first = (await build(directory, ...flags)).stdout;
  await sleep(1100); // layers hold whole seconds
  writeFileSync(join(directory, "f"), "1");
  expect((await build(directory, ...flags)).stdout).toBe(first);
  expect(await ok("inspect", "--format", "{{.Created}}", first.trim())).toBe("2023-11-14T22:13:20Z");
});

it("runs a step once when two builds want it at the same time", async () => {
  const directory = context(`FROM busybox\nRUN sleep 1; cat /proc/sys/kernel/random/uuid >/id\nCMD cat /id\n`);
  const outcomes = await Promise.all([build(directory, "-t", "twin:a"), build(directory, "-t", "twin:b")]);
  expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  expect(await ok("run", "--rm", "twin:a")).toBe(await ok("run", "--rm", "twin:b"));
});

it("stops when its client leaves, and leaves no container, mount or image", async () => {
  const directory = context("FROM busybox\nRUN echo begun; sleep 1000\n");
  const client = engine.client.builds.build(
    {
      ...{ context: "inputs", inputs: { context: directory }, dockerfile: "Dockerfile", tags: ["gone"], args: {} },
      ...{ labels: {}, noCache: false, pull: false, ulimits: [], extraHosts: [] },
    },
    {},
  );
  for await (const { stream } of client) if (stream?.includes("begun")) break;
  await eventually(async () => (await ok("ps", "-aq")) === "");
  await eventually(
    async () => !readFileSync("/proc/self/mountinfo", "utf8").includes(`${engine.stateRoot}/rootfs/build-`),
  );
  expect(await ok("images", "-q", "gone")).toBe("");
});

it("keeps a secret out of the image, the history and the records", async () => {
  const directory = context("FROM busybox\nRUN --mount=type=secret,id=s wc -c </run/secrets/s >/len\nCMD cat /len\n");
  const secret = "a-secret-value-of-29-letters!";
  const messages = engine.client.builds.build(
    {
      ...{ context: "inputs", dockerfile: "Dockerfile", tags: ["secret"], args: {}, labels: {} },
      inputs: { context: directory, secrets: { s: Buffer.from(secret).toString("base64") } },
      ...{ noCache: false, pull: false, ulimits: [], extraHosts: [] },
    },
    {},
  );
  let said = "";
  for await (const message of messages) said += JSON.stringify(message);
  expect(await ok("run", "--rm", "secret")).toBe("29");
  expect(said).not.toContain(secret);
  const held = execFileSync("sh", ["-c", `grep -rlF '${secret}' ${engine.stateRoot} || true`], { encoding: "utf8" });
  expect(held).toBe("");
});

it("tells what its cache holds, and gives it back", async () => {
  await build(context("FROM busybox\nRUN head -c 3000000 /dev/urandom >/big\n"), "-t", "big");
  await ok("rmi", "big");
  const usage = await ok("system", "df", "--format", "{{.Type}} {{.Size}}");
  expect(usage).toMatch(/Build Cache [1-9]/);
  expect(await ok("builder", "prune", "-f")).toMatch(/Total reclaimed space:\s+[1-9.]+MB/);
  expect((await build(context("FROM busybox\nRUN head -c 3000000 /dev/urandom >/big\n"))).stdout).toContain(
    "Running in",
  );
});

it("finds nothing of a build that its crash interrupted", async () => {
  const directory = context("FROM busybox\nRUN echo begun; sleep 1000\n");
  const running = build(directory, "-t", "crashed");
  await eventually(async () => (await ok("ps", "-q")) !== "");
  process.kill(await engine.pid(), "SIGKILL");
  await running;
  await engine.gantry(["engine", "start"]);
  await eventually(async () => (await ok("ps", "-aq")) === "");
  expect(readdirSync(join(engine.stateRoot, "build/scratch"))).toEqual([]);
  expect(readdirSync(join(engine.stateRoot, "rootfs"))).toEqual([]);
  expect(await build(context("FROM busybox\nRUN echo after\n"))).toMatchObject({ exitCode: 0 });
});

/** A server on 127.0.0.1 that answers everything with `text`. */
async function serving(text: string): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((_request, response) => void response.end(text)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: close };
}

async function eventually(check: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; !(await check()); await sleep(50))
    if (Date.now() > end) throw new Error("never");
}
