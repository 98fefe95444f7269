/** Builds that something ends from outside: nothing is corrupt afterwards, and the next build goes on from there. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BuildEvent } from "../../src/wire/build.js";
import { startTestEngine, type TestEngine } from "../engine/engine-fixture.js";
import { eventually } from "../scenarios/harness/eventually.js";

let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), "gantry-build-faults-"));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

function context(dockerfile: string): string {
  const made = mkdtempSync(join(work, "context-"));
  writeFileSync(join(made, "Dockerfile"), dockerfile);
  writeFileSync(join(made, "f"), "f\n");
  return made;
}

/** The image's id. `onEvent` hears what steps do. */
async function build(engine: TestEngine, directory: string, onEvent: (event: BuildEvent) => void = () => {}) {
  const args = { SOURCE_DATE_EPOCH: "1700000000" };
  const plain = { noCache: false, pull: false, ulimits: [], extraHosts: [], labels: {}, args };
  const inputs = { context: directory, steps: true };
  const asked = { ...plain, context: "inputs" as const, inputs, dockerfile: "Dockerfile", tags: ["result"] };
  for await (const message of engine.client.builds.build(asked)) if (message.build) onEvent(message.build);
  return (await engine.client.images.inspect("result")).Id;
}

function expectNothingLeft(engine: TestEngine): void {
  expect(readdirSync(join(engine.stateRoot, "build/scratch"))).toEqual([]);
  expect(readdirSync(join(engine.stateRoot, "rootfs"))).toEqual([]);
}

describe("an engine that is killed in the middle of a build", () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startTestEngine();
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  const lines = [
    ...["FROM busybox AS one", "COPY f /d/f", "RUN echo begun; cat /d/f >/g; mkdir -p /t/u; echo ended"],
    ...["FROM busybox", "WORKDIR /w", "COPY --from=one /t /t", "RUN echo last >>/w/x", "COPY --link f /linked"],
  ];
  const points: Array<[string, (event: BuildEvent) => boolean]> = [
    ["while files are copied", (event) => event.kind === "began" && event.text.startsWith("COPY f")],
    ["while a command runs", (event) => event.kind === "output" && event.text.includes("begun")],
    [
      "while a layer is made of what a command wrote",
      (event) => event.kind === "output" && event.text.includes("ended"),
    ],
    ["between two steps", (event) => event.kind === "ended" && event.step === 6],
    ["while the image is put together", (event) => event.kind === "ended" && event.step === 8],
  ];

  it("leaves nothing of it, wherever that is, and the next build goes on from there", async () => {
    const directory = context(lines.join("\n"));
    for (const [where, isPoint] of points) {
      const pid = await engine.pid();
      let killed = false;
      const outcome = await build(engine, directory, (event) => {
        if (killed || !isPoint(event)) return;
        killed = true;
        process.kill(pid, "SIGKILL");
      }).catch(() => "cut off");
      expect([killed, outcome === "cut off" || outcome.startsWith("sha256:")], where).toEqual([true, true]);
      await engine.gantry(["engine", "start"]);
      await eventually(async () => expect(await engine.client.containers.list({ all: true })).toEqual([]));
      expectNothingLeft(engine);
    }
    await build(engine, directory);
    const ran = await engine.gantry(["container", "run", "--rm", "--network=none", "result", "cat", "/w/x", "/linked"]);
    expect(ran).toMatchObject({ exitCode: 0, stdout: "last\nf\n" });
  });

  it("builds on where no registry answers, but for the FROM that needs one, which it names by its line", async () => {
    const lost = context(
      "FROM busybox AS here\nRUN echo made >/made\nFROM 127.0.0.1:1/lost/base:1\nCOPY --from=here /made /\n",
    );
    const { exitCode, stderr } = await engine.gantry(["image", "build", lost]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/127\.0\.0\.1:1/);
    expect(stderr).toContain("Dockerfile:3");
    const found = await engine.gantry(["image", "build", "--target", "here", lost]);
    expect(found).toMatchObject({ exitCode: 0, stdout: expect.not.stringContaining("127.0.0.1:1") });
    expectNothingLeft(engine);
  });
});

describe("a disk that is full", () => {
  let engine: TestEngine;
  let disk: string;
  beforeAll(async () => {
    disk = join(work, "disk");
    mkdirSync(disk);
    execFileSync("sh", [
      "-c",
      `truncate -s 96M '${disk}.img' && mkfs.ext4 -q '${disk}.img' && mount -o loop '${disk}.img' '${disk}'`,
    ]);
    const before = process.env.TMPDIR;
    process.env.TMPDIR = disk;
    engine = await startTestEngine().finally(() => {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    });
  });
  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    execFileSync("umount", [disk]);
  });

  const image = async (directory: string) => engine.gantry(["image", "build", "-t", "full", directory]);

  it("while a command runs fails that step with what the command said, and what was there works on", async () => {
    expect(await image(context("FROM busybox\nRUN echo kept >/kept\n"))).toMatchObject({ exitCode: 0 });
    const failed = await image(
      context("FROM busybox\nRUN echo kept >/kept\nRUN dd if=/dev/zero of=/big bs=1M count=200\n"),
    );
    expect(failed.exitCode, failed.stderr).toBe(1);
    expect(failed.stderr).toContain("No space left on device");
    expect(failed.stderr).toContain("Dockerfile:3");
    const again = await image(context("FROM busybox\nRUN echo kept >/kept\nRUN cat /kept\n"));
    expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/Using cache[\s\S]*\nkept\n/) });
    expectNothingLeft(engine);
  });

  it("while files are copied, or packed into a layer, says so and leaves nothing of them", async () => {
    const free = () => Number(execFileSync("df", ["--output=avail", disk], { encoding: "utf8" }).split("\n")[1]);
    const before = free();
    for (const megabytes of [120, 50]) {
      const directory = context("FROM busybox\nCOPY big /big\n");
      execFileSync("sh", ["-c", `head -c ${megabytes * 1e6} /dev/urandom >'${directory}/big'`]);
      const failed = await image(directory);
      expect(failed.exitCode, `${megabytes} MB`).toBe(1);
      expect(failed.stderr).toMatch(/no space left on device/i);
    }
    await eventually(() => expect(free()).toBeGreaterThan(before - 5000));
    expectNothingLeft(engine);
    expect(await image(context("FROM busybox\nCOPY f /f\n"))).toMatchObject({ exitCode: 0 });
  });
});
