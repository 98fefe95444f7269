/**
 * Everything must work while a Docker daemon runs on the same host, which sets the FORWARD policy to drop.
 *
 * Both stand in a network namespace of the test's own that plays the host, so that nothing of the daemon's rules is left
 * on the real one.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDialer } from "../../../src/client/dial/open-dialer.js";
import type { EngineClient } from "../../../src/client/engine-client.js";
import { connectHttpClient } from "../../../src/client/http-client.js";
import { TailReader } from "../../../src/tui/console/tail-reader.js";
import type { LogBlock } from "../../../src/tui/model/logs/log-window.js";
import { makeImages } from "../../images/images.js";
import { type DockerDaemon, startDockerDaemon } from "../harness/docker-daemon.js";
import { eventually } from "../harness/eventually.js";
import { aGantry, type Gantry, type Project } from "../harness/gantry.js";
import { aNeighbour, aStandInHost, type Neighbour, pageScript, type StandInHost } from "../harness/host.js";

const execute = promisify(execFile);

let host: StandInHost;
let docker: DockerDaemon;
let neighbour: Neighbour;
let gantry: Gantry;
let project: Project;

beforeAll(async () => {
  host = await aStandInHost();
  neighbour = await aNeighbour(host.namespace);
  docker = await startDockerDaemon(host.through);
  gantry = await aGantry({}, host.through);
  await gantry.importImages("python");
  project = await gantry.projectOf(
    "beside",
    "services:\n" +
      "  web: { image: python, command: python -m http.server 80, ports: ['8080:80'], stop_grace_period: 0s }\n" +
      "  client: { image: python, command: sleep 1000, stop_grace_period: 0s }\n",
  );
  await project.ok("up", "-d", "--wait");
  await eventually(() => fetched("http://web/")); // Python takes its time until it listens
});
afterAll(async () => {
  await project?.clear();
  await gantry?.[Symbol.asyncDispose]();
  await docker?.[Symbol.asyncDispose]();
  await neighbour?.[Symbol.asyncDispose]();
  await host?.[Symbol.asyncDispose]();
});

/** What the page says, asked from within the client's container. */
const fetched = (url: string) =>
  project.exec(
    "client",
    "python",
    "-c",
    "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=3).read().decode())",
    url,
  );
const forwardPolicy = async () => (await host.run("iptables", "-S", "FORWARD")).split("\n")[0];

describe("beside a Docker daemon that drops what is forwarded", () => {
  it("a neighbour reaches a published port", async () => {
    expect(await forwardPolicy()).toBe("-P FORWARD DROP");
    expect(await neighbour.fetch(`http://${neighbour.hostAddress}:8080/`)).toContain("Directory listing");
  });

  it("the host reaches a published port on 127.0.0.1", async () => {
    expect(await host.run(process.execPath, ...pageScript, "http://127.0.0.1:8080/")).toContain("Directory listing");
  });

  it("a container reaches another one by name", async () => {
    expect(await fetched("http://web/")).toContain("Directory listing");
  });

  it("a container reaches the outside", async () => {
    await using server = await neighbour.serve("outside");
    expect(await fetched(`http://${neighbour.address}:${server.port}/`)).toBe("outside");
  });

  it("down leaves the daemon's own chain as it was", async () => {
    await project.ok("down");
    expect(await host.run("iptables", "-S", "DOCKER-USER")).toBe("-N DOCKER-USER\n-A DOCKER-USER -j RETURN");
  });
});

describe("the console's logs of a container of that daemon", () => {
  let client: EngineClient;
  const cli = async (...args: string[]) =>
    (await execute("docker", args, { env: { ...process.env, DOCKER_HOST: docker.host } })).stdout.trim();
  const textsOf = (block: LogBlock) => block.lines.map(({ text }) => text);

  beforeAll(async () => {
    const [busybox] = await makeImages("busybox");
    await cli("import", busybox?.rootfs ?? "", "busybox");
    await cli("run", "-d", "--name", "talk", "--init", "busybox", "sh", "-c", "seq 2500; exec sleep 1000");
    await eventually(async () => expect(await cli("logs", "--tail", "1", "talk")).toBe("2500"));
    const path = docker.host.replace("unix://", "");
    const { signal } = new AbortController();
    client = await connectHttpClient(
      await openDialer({ kind: "unix", path }, { env: {}, tempDir: "/tmp", signal }),
      signal,
    );
  });
  afterAll(() => client?.close());

  it("are its newest lines, it tells so, and what is written after comes once, however often it is asked for", async () => {
    const reader = new TailReader(client, "talk", { source: 0, signal: new AbortController().signal });
    const end = await reader.placeOf(undefined);
    const held = await reader.read(end, "before");
    expect([held.lines.length, textsOf(held)[0], textsOf(held).at(-1)]).toEqual([2000, "501", "2500"]);
    expect(held).toMatchObject({ isStart: true, newest: 2000 });
    await cli("exec", "talk", "sh", "-c", "echo more >/proc/1/fd/1; echo wrong >/proc/1/fd/2");
    await eventually(async () => {
      const both = await Promise.all([reader.read(end, "after"), reader.read(end, "after")]);
      expect(both.map((block) => textsOf(block).sort())).toEqual([
        ["more", "wrong"],
        ["more", "wrong"],
      ]);
      expect(both[0]?.lines.filter(({ isError }) => isError).map(({ text }) => text)).toEqual(["wrong"]);
    });
    expect((await reader.read(end, "before")).lines).toHaveLength(1998);
  });

  it("are searched as far as they are held, and found again by their time", async () => {
    const { signal } = new AbortController();
    const reader = new TailReader(client, "talk", { source: 0, signal });
    const place = await reader.placeOf(undefined);
    const search = (wanted: string) =>
      reader.search({ place, direction: "before", test: (text) => text === wanted, signal, onScanned: () => true });
    const hit = await search("1234");
    expect(hit?.text).toBe("1234");
    expect(await reader.placeOf(hit?.at)).toEqual(hit?.place);
    expect(await search("123")).toBeUndefined();
  });
});
