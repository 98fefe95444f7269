/** Inside a container every name must resolve that Compose promises, through 127.0.0.11; and names of the outside too. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { decode, encode } from "dns-packet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aGantry, type Gantry, type Project, scenarioDir } from "../harness/gantry.js";
import { aNeighbour, type Neighbour } from "../harness/host.js";

let gantry: Gantry;
let neighbour: Neighbour;
let outside: AsyncDisposable;
let project: Project;

beforeAll(async () => {
  [gantry, neighbour] = await Promise.all([aGantry(), aNeighbour()]);
  outside = await aNameServer(neighbour.hostAddress, { "outside.example": "192.0.2.99" });
  await gantry.importImages("debian");
  project = gantry.project(scenarioDir("names"), { DNS: neighbour.hostAddress });
  await project.ok("up", "-d");
});
afterAll(async () => {
  await project?.clear();
  await gantry?.[Symbol.asyncDispose]();
  await outside?.[Symbol.asyncDispose]();
  await neighbour?.[Symbol.asyncDispose]();
});

describe("in a container of a project", () => {
  it("the name server is 127.0.0.11", async () => {
    expect(await project.exec("client", "cat", "/etc/resolv.conf")).toMatch(/^nameserver 127\.0\.0\.11$/m);
  });

  it.each(["web", "shop-front", "names-of-web"])("the name %s is the address of web", async (name) => {
    expect(await resolve("client", name)).toEqual([await addressOf("web")]);
  });

  it("the name that a link gives is the linked service's, for the linking service alone", async () => {
    expect(await resolve("client", "linked")).toEqual([await addressOf("web")]);
    expect(await resolve("web", "linked")).toEqual([]);
  });

  it("a container's short id is its address", async () => {
    expect(await resolve("client", (await project.container("web")).slice(0, 12))).toEqual([await addressOf("web")]);
  });

  it("a service of two replicas has two addresses", async () => {
    expect(await resolve("client", "twin")).toHaveLength(2);
  });

  it("its own host name is its own address", async () => {
    expect(await resolve("web", "web-host")).toEqual([await addressOf("web")]);
  });

  it("a name in extra_hosts is the address given there", async () => {
    expect(await resolve("client", "pinned.example")).toEqual(["192.0.2.7"]);
  });

  it("a name of the outside is asked of the name server outside", async () => {
    expect(await resolve("client", "outside.example")).toEqual(["192.0.2.99"]);
  });

  it("a name that nobody knows does not resolve", async () => {
    expect(await resolve("client", "nobody.example")).toEqual([]);
  });

  it("the names of another network do not resolve", async () => {
    expect(await resolve("stranger", "web")).toEqual([]);
  });
});

async function resolve(service: string, name: string): Promise<string[]> {
  const asked = await project.run("exec", "-T", service, "getent", "ahostsv4", name);
  const lines = asked.stdout.split("\n").filter((line) => line.includes("STREAM"));
  return [...new Set(lines.map((line) => line.split(/\s+/)[0] ?? ""))].sort();
}

async function addressOf(service: string): Promise<string> {
  const { NetworkSettings } = await gantry.inspect(await project.container(service));
  return Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? "none";
}

/** A name server on port 53 of `address` that knows the given A records. */
async function aNameServer(address: string, records: Record<string, string>): Promise<AsyncDisposable> {
  const socket = createSocket("udp4");
  socket.on("message", (message, from) => {
    const { id, questions = [] } = decode(message);
    const [question] = questions;
    const data = question && question.type === "A" ? records[question.name] : undefined;
    const known = question && question.name in records;
    const reply = encode({
      type: "response",
      id: id ?? 0,
      flags: known ? 0 : 3, // NXDOMAIN
      questions,
      answers: question && data ? [{ type: "A", name: question.name, ttl: 1, data }] : [],
    });
    socket.send(reply, from.port, from.address);
  });
  socket.bind(53, address);
  await once(socket, "listening");
  return { [Symbol.asyncDispose]: () => new Promise((resolve) => socket.close(() => resolve())) };
}
