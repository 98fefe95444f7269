/** Starting an engine must not make a router of a host: what its neighbours could not do before, they cannot do now. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../harness/eventually.js";
import { aGantry, type Gantry, type Project } from "../harness/gantry.js";
import { aNeighbour, aStandInHost, type Neighbour, type StandInHost } from "../harness/host.js";

let host: StandInHost;
let left: Neighbour;
let right: Neighbour;
let gantry: Gantry;
let project: Project;
let server: AsyncDisposable & { port: number };

beforeAll(async () => {
  host = await aStandInHost();
  [left, right] = [await aNeighbour(host.namespace), await aNeighbour(host.namespace)];
  await host.run("sh", "-c", "echo 0 >/proc/sys/net/ipv6/conf/all/forwarding");
  server = await right.serve("right");
  gantry = await aGantry({}, host.through);
  await gantry.importImages("python");
  project = await gantry.projectOf(
    "router",
    "services:\n  client: { image: python, command: sleep 1000, stop_grace_period: 0s }\n" +
      "networks:\n  default: { enable_ipv6: true }\n",
  );
  await project.ok("up", "-d");
});
afterAll(async () => {
  await project?.clear();
  await gantry?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  for (const neighbour of [left, right]) await neighbour?.[Symbol.asyncDispose]();
  await host?.[Symbol.asyncDispose]();
});

const script = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=3).read().decode())";
const forwarding = () => host.run("cat", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding");

describe("on a host that forwarded nothing", () => {
  it("containers reach the outside", async () => {
    expect(await forwarding()).toBe("1\n1");
    const url = `http://${right.address}:${server.port}/`;
    await eventually(async () => expect(await project.exec("client", "python", "-c", script, url)).toBe("right"));
  });

  it("one neighbour does not reach another one through it", async () => {
    await expect(left.fetch(`http://${right.address}:${server.port}/`)).rejects.toThrow();
  });

  it("forwarding is off again when the last network is gone", async () => {
    await project.ok("down");
    await eventually(async () => expect(await forwarding()).toBe("0\n0"));
  });
});
