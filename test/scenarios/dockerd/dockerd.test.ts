/**
 * Everything must work while a Docker daemon runs on the same host, which sets the FORWARD policy to drop.
 *
 * Both stand in a network namespace of the test's own that plays the host, so that nothing of the daemon's rules is left
 * on the real one.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DockerDaemon, startDockerDaemon } from "../harness/docker-daemon.js";
import { eventually } from "../harness/eventually.js";
import { aGantry, type Gantry, type Project } from "../harness/gantry.js";
import { aNeighbour, aStandInHost, type Neighbour, pageScript, type StandInHost } from "../harness/host.js";

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
