/** The `testcontainers` package itself on the engine: what a project's own tests do with it. */
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { extract } from "tar-stream";
import type * as Testcontainers from "testcontainers";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { startTestEngine, type TestEngine } from "../engine/engine-fixture.js";

let engine: TestEngine;
let directory: string;
let tc: typeof Testcontainers;
beforeAll(async () => {
  engine = await startTestEngine();
  directory = mkdtempSync(join(tmpdir(), "gantry-testcontainers-"));
  // It reads the environment when it is first used. Its reaper is an image of a registry that tests cannot reach.
  vi.stubEnv("DOCKER_HOST", engine.dockerHost);
  vi.stubEnv("TESTCONTAINERS_RYUK_DISABLED", "true");
  vi.stubEnv("TESTCONTAINERS_REUSE_ENABLE", "true");
  vi.stubEnv("HOME", directory);
  tc = await import("testcontainers");
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await engine?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

const aContainer = (...command: string[]) => new tc.GenericContainer("busybox:latest").withCommand(command);
const pages = "mkdir -p /www && echo page >/www/index.html && exec httpd -f -v -p 80 -h /www";

it("waits for a line of the log, and streams it", async () => {
  const container = await aContainer("sh", "-c", "echo starting; sleep 0.2; echo ready for use; sleep 1000")
    .withWaitStrategy(tc.Wait.forLogMessage(/ready for use/))
    .start();
  const logs = await container.logs();
  const [line] = (await once(logs, "data")) as [string];
  expect(String(line)).toContain("starting");
  logs.destroy();
  await container.stop();
});

it("waits for a listening port and reaches it from the host", async () => {
  const container = await aContainer("sh", "-c", pages)
    .withExposedPorts(80)
    .withWaitStrategy(tc.Wait.forListeningPorts())
    .start();
  const url = `http://${container.getHost()}:${container.getMappedPort(80)}/`;
  expect(await (await fetch(url)).text()).toBe("page\n");
  await container.restart();
  expect(await (await fetch(`http://${container.getHost()}:${container.getMappedPort(80)}/`)).text()).toBe("page\n");
  await container.stop();
});

it("waits for an answer of a server, and for a health check", async () => {
  await using served = await aContainer("sh", "-c", pages)
    .withExposedPorts(80)
    .withWaitStrategy(tc.Wait.forHttp("/", 80))
    .start();
  expect(served.getId()).toMatch(/^[0-9a-f]{64}$/);
  await using healthy = await aContainer("sh", "-c", "sleep 0.2; touch /healthy; sleep 1000")
    .withHealthCheck({ test: ["CMD", "test", "-e", "/healthy"], interval: 100, timeout: 1000, retries: 50 })
    .withWaitStrategy(tc.Wait.forHealthCheck())
    .start();
  expect((await healthy.exec(["test", "-e", "/healthy"])).exitCode).toBe(0);
});

it("runs commands, copies files in and out, and has what it was made with", async () => {
  writeFileSync(join(directory, "from-host"), "of the host");
  const container = await aContainer("sleep", "1000")
    .withEnvironment({ GREETING: "hello" })
    .withLabels({ tier: "test" })
    .withTmpFs({ "/scratch": "rw" })
    .withCopyContentToContainer([{ content: "before the start", target: "/early" }])
    .withCopyFilesToContainer([{ source: join(directory, "from-host"), target: "/from-host" }])
    .start();
  const outcome = await container.exec([
    "sh",
    "-c",
    "echo $GREETING; cat /early; echo; cat /from-host; echo no >&2; exit 3",
  ]);
  expect(outcome).toMatchObject({ exitCode: 3, stdout: "hello\nbefore the start\nof the host", stderr: "no\n" });
  await container.copyContentToContainer([{ content: "later", target: "/tmp/later", mode: 0o600 }]);
  const found: string[] = [];
  for await (const entry of (await container.copyArchiveFromContainer("/tmp/later")).pipe(extract())) {
    found.push(entry.header.name);
    entry.resume();
  }
  expect(found).toEqual(["later"]);
  expect(container.getLabels()).toMatchObject({ tier: "test" });
  const image = await container.commit({ repo: "kept", tag: "1", deleteOnExit: false });
  expect(image).toBeTruthy();
  await container.stop();
});

it("joins networks, where others find it by its aliases", async () => {
  const network = await new tc.Network().start();
  const server = await aContainer("sh", "-c", pages).withNetwork(network).withNetworkAliases("server").start();
  const client = await aContainer("sleep", "1000").withNetwork(network).start();
  expect(server.getIpAddress(network.getName())).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  const hosts = await client.exec(["nslookup", "server"]);
  expect(hosts.stdout).toContain(server.getIpAddress(network.getName()));
  for (const container of [client, server]) await container.stop();
  await network.stop();
});

it("takes a running container again when reuse is asked for", async () => {
  const wanted = () => aContainer("sleep", "1000").withReuse().withName("kept").start();
  const [first, second] = [await wanted(), await wanted()];
  expect(second.getId()).toBe(first.getId());
  await first.stop();
});

it("builds images of Dockerfiles", async () => {
  writeFileSync(
    join(directory, "Dockerfile"),
    "FROM busybox:latest\nARG WORD=none\nRUN echo built $WORD >/word\nCMD sleep 1000\n",
  );
  const built = await tc.GenericContainer.fromDockerfile(directory).withBuildArgs({ WORD: "here" }).build();
  await using container = await built.start();
  expect((await container.exec(["cat", "/word"])).stdout).toBe("built here\n");
  expect(readFileSync(join(directory, "Dockerfile"), "utf8")).toContain("FROM");
});
