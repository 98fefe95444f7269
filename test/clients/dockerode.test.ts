/** dockerode, the client that most tools written in Node use, over the engine's API: streams, hijacking and archives. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, type Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import Docker from "dockerode";
import { extract, pack } from "tar-stream";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestEngine, type TestEngine } from "../engine/engine-fixture.js";
import { type Registry, startRegistry } from "../images/registry.js";

let engine: TestEngine;
let docker: Docker;
let directory: string;
beforeAll(async () => {
  engine = await startTestEngine();
  docker = new Docker({ socketPath: engine.socket });
  directory = mkdtempSync(join(tmpdir(), "gantry-dockerode-"));
});
beforeEach(async () => {
  for (const { Id } of await docker.listContainers({ all: true })) {
    await docker.getContainer(Id).remove({ force: true, v: true });
  }
});
afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

const sleeper = async (options: Docker.ContainerCreateOptions = {}) => {
  const container = await docker.createContainer({ Image: "busybox", Cmd: ["sleep", "1000"], ...options });
  await container.start();
  return container;
};

/** What came on each of the two streams, once both have ended. */
async function split(stream: NodeJS.ReadableStream): Promise<[stdout: string, stderr: string]> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  docker.modem.demuxStream(stream, stdout, stderr);
  stream.once("end", () => {
    stdout.end();
    stderr.end();
  });
  return Promise.all([text(stdout), text(stderr)]);
}

describe("containers", () => {
  it("take input and give output over a connection that is attached before they start", async () => {
    const container = await docker.createContainer({
      Image: "busybox",
      Cmd: ["sh", "-c", "read line; echo got $line; echo wrong >&2; exit 3"],
      ...{ AttachStdin: true, AttachStdout: true, AttachStderr: true, OpenStdin: true, StdinOnce: true },
    });
    const stream = await container.attach({ stream: true, hijack: true, stdin: true, stdout: true, stderr: true });
    const output = split(stream);
    await container.start();
    stream.write("typed\n");
    expect(await container.wait()).toEqual({ StatusCode: 3 });
    expect(await output).toEqual(["got typed\n", "wrong\n"]);
  });

  it("run to their end through docker.run, whose output goes where it is asked for", async () => {
    const output = new PassThrough();
    const [result, container] = await docker.run("busybox", ["sh", "-c", "echo one; exit 5"], output);
    expect(result).toEqual({ StatusCode: 5 });
    expect(output.read().toString()).toContain("one");
    expect((await container.inspect()).State).toMatchObject({ Status: "exited", ExitCode: 5 });
  });

  it("give their logs as one buffer, and follow them until they end", async () => {
    const script = "for i in 1 2 3; do echo line $i; done; read end";
    const container = await sleeper({ Cmd: ["sh", "-c", script], OpenStdin: true, StdinOnce: true });
    const followed = split(await container.logs({ follow: true, stdout: true, stderr: true }));
    const stdin = await container.attach({ stream: true, hijack: true, stdin: true });
    stdin.write("\n");
    await container.wait();
    expect(await followed).toEqual(["line 1\nline 2\nline 3\n", ""]);
    const whole = await container.logs({ follow: false, stdout: true, stderr: true, tail: 1 });
    expect(whole.subarray(8).toString()).toBe("line 3\n");
  });

  it("tell what they use, once and as a stream", async () => {
    const container = await sleeper();
    expect(await container.stats({ stream: false, "one-shot": true })).toMatchObject({ pids_stats: { current: 1 } });
    const stream = (await container.stats({ stream: true })) as Readable;
    const [chunk] = (await once(stream, "data")) as [Buffer];
    expect(JSON.parse(chunk.toString().split("\n")[0] ?? "")).toMatchObject({ id: container.id });
    stream.destroy();
  });

  it("refuse with the status that the client's callers branch on", async () => {
    const container = await sleeper({ name: "taken" });
    const status = (work: Promise<unknown>) =>
      work.then(
        () => 200,
        (error: { statusCode: number }) => error.statusCode,
      );
    expect(await status(container.start())).toBe(304);
    expect(await status(container.remove())).toBe(409);
    expect(await status(docker.createContainer({ Image: "busybox", name: "taken" }))).toBe(409);
    expect(await status(docker.createContainer({ Image: "missing" }))).toBe(404);
    expect(await status(docker.getContainer("missing").inspect())).toBe(404);
    expect(await status(docker.getImage("busybox").remove())).toBe(409);
  });

  it("are renamed, updated, paused, restarted, listed by filters and waited for until they are gone", async () => {
    const container = await sleeper({ Labels: { tier: "front" } });
    await container.rename({ name: "renamed" });
    await container.update({ Memory: 64 << 20, MemorySwap: 64 << 20 });
    await container.pause();
    const [listed] = await docker.listContainers({ filters: { label: ["tier=front"], status: ["paused"] } });
    expect(listed).toMatchObject({ Names: ["/renamed"], State: "paused" });
    await container.unpause();
    await container.restart({ t: 0 });
    expect((await container.top()).Processes).toHaveLength(1);
    const removed = container.wait({ condition: "removed" });
    await container.remove({ force: true });
    expect(await removed).toMatchObject({ StatusCode: 137 });
  });
});

describe("processes in containers", () => {
  it("echo what is written over a hijacked connection, each write in a frame of its own", async () => {
    const container = await sleeper();
    const exec = await container.exec({ Cmd: ["cat"], AttachStdin: true, AttachStdout: true });
    const stream = await exec.start({ hijack: true, stdin: true });
    stream.write("0123456789abcdef");
    const [frame] = (await once(stream, "data")) as [Buffer];
    expect([frame[0], frame.readUInt32BE(4), frame.subarray(8).toString()]).toEqual([1, 16, "0123456789abcdef"]);
    stream.end();
    await once(stream, "close");
    expect(await exec.inspect()).toMatchObject({ Running: false, ExitCode: 0 });
  });

  it("have a terminal of the size that was asked for", async () => {
    const container = await sleeper();
    const script = 'until [ "$(stty size 2>/dev/null)" = "40 100" ]; do sleep 0.1; done; echo sized; exit 4';
    const exec = await container.exec({ Cmd: ["sh", "-c", script], AttachStdout: true, Tty: true });
    const stream = await exec.start({ hijack: true, stdin: false, Tty: true });
    await exec.resize({ h: 40, w: 100 });
    expect(await text(stream)).toBe("sized\r\n");
    expect(await exec.inspect()).toMatchObject({ ExitCode: 4, ProcessConfig: { tty: true } });
  });
});

describe("files", () => {
  it("go in as an archive and come out as one", async () => {
    const container = await sleeper();
    const archive = pack();
    archive.entry({ name: "greeting", mode: 0o640 }, "hello");
    archive.finalize();
    await container.putArchive(await buffer(archive), { path: "/tmp" });
    const stream = await container.getArchive({ path: "/tmp/greeting" });
    const entries: string[] = [];
    for await (const entry of (stream as Readable).pipe(extract())) {
      entries.push(`${entry.header.name} ${entry.header.mode.toString(8)} ${await text(entry)}`);
    }
    expect(entries).toEqual(["greeting 640 hello"]);
    await expect(container.getArchive({ path: "/missing" })).rejects.toMatchObject({ statusCode: 404 });
  });
});

describe("images", () => {
  let registry: Registry;
  beforeAll(async () => {
    registry = await startRegistry(directory);
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  const followed = (stream: NodeJS.ReadableStream) =>
    new Promise<Array<Record<string, unknown>>>((resolve, reject) => {
      docker.modem.followProgress(stream, (error, output) => (error ? reject(error) : resolve(output)));
    });

  it("are committed, tagged, pushed and pulled with progress", async () => {
    const container = await sleeper();
    const exec = await container.exec({ Cmd: ["touch", "/made"], AttachStdout: true });
    await text(await exec.start({}));
    const repo = `${registry.address}/team/made`;
    await container.commit({ repo, tag: "1", comment: "made here" });
    const image = docker.getImage(`${repo}:1`);
    const { Id } = await image.inspect();
    expect((await image.history())[0]).toMatchObject({ Comment: "made here" });
    await followed(await image.push({}));
    await image.remove();
    const told = await followed(await docker.pull(`${repo}:1`));
    expect(told.map(({ status }) => status)).toContain("Pull complete");
    expect((await image.inspect()).Id).toBe(Id);
    expect((await docker.run(`${repo}:1`, ["test", "-e", "/made"], new PassThrough()))[0]).toEqual({ StatusCode: 0 });
  });

  it("that a registry does not have are told by the reply's status", async () => {
    await expect(docker.pull(`${registry.address}/team/missing:1`)).rejects.toMatchObject({ statusCode: 404 });
  });
});

describe("networks, volumes and events", () => {
  it("are made, joined, filtered and removed", async () => {
    const container = await sleeper();
    const IPAM = { Driver: "default", Config: [{ Subnet: "10.213.7.0/24", IPRange: "10.213.7.128/25" }] };
    const network = await docker.createNetwork({ Name: "front", Driver: "bridge", IPAM });
    await network.connect({ Container: container.id, EndpointConfig: { Aliases: ["web"] } });
    expect(Object.keys((await network.inspect()).Containers ?? {})).toEqual([container.id]);
    await network.disconnect({ Container: container.id, Force: true });
    await network.remove();
    await docker.createVolume({ Name: "data", Labels: { a: "1" } });
    expect((await docker.listVolumes({ filters: { label: ["a=1"] } })).Volumes.map(({ Name }) => Name)).toEqual([
      "data",
    ]);
    expect((await docker.getVolume("data").inspect()).Labels).toEqual({ a: "1" });
    await docker.getVolume("data").remove();
  });

  it("are told as they happen, and again for a stretch of time", async () => {
    const since = Math.floor(Date.now() / 1000);
    const stream = (await docker.getEvents({ filters: { event: ["start"], type: ["container"] } })) as Readable;
    const container = await sleeper();
    const [chunk] = (await once(stream, "data")) as [Buffer];
    stream.destroy();
    expect(JSON.parse(chunk.toString())).toMatchObject({ Action: "start", status: "start", id: container.id });
    const until = Math.floor(Date.now() / 1000) + 1;
    const past = await text(await docker.getEvents({ since, until, filters: { container: [container.id] } }));
    expect(
      past
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).Action),
    ).toContain("create");
  });

  it("are counted by ping, version, info and df", async () => {
    await sleeper();
    expect(String(await docker.ping())).toBe("OK");
    expect(await docker.version()).toMatchObject({ ApiVersion: expect.stringMatching(/^1\.\d+$/) });
    expect(await docker.info()).toMatchObject({ ContainersRunning: 1 });
    expect((await docker.df()).Containers).toHaveLength(1);
  });
});
