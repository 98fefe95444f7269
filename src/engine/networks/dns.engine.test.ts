import { createSocket, type Socket } from "node:dgram";
import { decode, encode } from "dns-packet";
import { expect, it } from "vitest";
import { inNetns } from "../kernel/network/namespaces.js";
import { boundSocket } from "../kernel/network/sockets.js";
import { aRequest, never, openTestNetworks } from "./networks.fixture.js";

/** Asks 127.0.0.11 from inside a namespace; gives the response code and the answers' data. */
async function lookUp(netnsPath: string | undefined, name: string, type: "A" | "AAAA" | "PTR" = "A"): Promise<string> {
  const fd = inNetns(netnsPath ?? "", () => boundSocket({ protocol: "udp", address: "127.0.0.1", port: 0 }));
  const socket: Socket = createSocket("udp4").bind({ fd, exclusive: true });
  try {
    return await new Promise((resolve) => {
      socket.once("message", (reply) => {
        const { rcode, answers } = decode(reply) as ReturnType<typeof decode> & { rcode: string };
        resolve([rcode, ...(answers ?? []).map((answer) => String("data" in answer ? answer.data : ""))].join(" "));
      });
      setTimeout(resolve, 3000, "timeout");
      const query = encode({ type: "query", id: 7, flags: 0x100, questions: [{ type, name }] });
      socket.send(query, 53, "127.0.0.11");
    });
  } finally {
    socket.close();
  }
}

it("answers names, aliases and short ids of shared networks, and takes turns among replicas", async () => {
  await using test = await openTestNetworks();
  await test.store.create({ Name: "front" });
  await test.store.create({ Name: "back" });
  const asking = await test.store.attach(aRequest("front", { name: "asking" }), never);
  const web = aRequest("front", { name: "web-1", settings: { Aliases: ["web"] } });
  const one = await test.store.attach(web, never);
  const two = await test.store.attach(aRequest("front", { name: "web-2", settings: { Aliases: ["web"] } }), never);
  const hidden = await test.store.attach(aRequest("back", { name: "hidden" }), never);
  const [first, second] = [one, two].map(({ endpoints }) => endpoints.front?.IPAddress ?? "");
  const ask = (name: string, type?: "A" | "AAAA" | "PTR") => lookUp(asking.netnsPath, name, type);
  expect(asking.nameServers).toEqual(["127.0.0.11"]);
  expect(await ask("web-1")).toBe(`NOERROR ${first}`);
  expect(await ask("WEB-2.front")).toBe(`NOERROR ${second}`);
  expect(await ask(one.containerId.slice(0, 12))).toBe(`NOERROR ${first}`);
  expect(await ask("web", "AAAA")).toBe("NOERROR");
  expect(new Set([await ask("web"), await ask("web")])).toEqual(
    new Set([`NOERROR ${first} ${second}`, `NOERROR ${second} ${first}`]),
  );
  expect(await ask(`${first?.split(".").reverse().join(".")}.in-addr.arpa`, "PTR")).toBe("NOERROR web-1.front");
  test.store.rename(one.containerId, "renamed");
  expect(await ask("renamed")).toBe(`NOERROR ${first}`);
  await test.store.connect(asking.containerId, { network: "back", settings: {} });
  expect(await ask("hidden")).toBe(`NOERROR ${hidden.endpoints.back?.IPAddress}`);
  await test.store.detach(two.containerId);
  expect(await ask("web")).toBe(`NOERROR ${first}`);
});

it("forwards other names to the container's servers, or says SERVFAIL, and never for internal networks", async () => {
  await using test = await openTestNetworks();
  await test.store.create({ Name: "front" });
  await test.store.create({ Name: "inner", Internal: true });
  const upstream = createSocket("udp4");
  upstream.on("message", (query, from) => {
    const { id = 0, questions = [] } = decode(query);
    const answers = [{ type: "A" as const, name: questions[0]?.name ?? "", data: "192.0.2.77" }];
    upstream.send(encode({ type: "response", id, questions, answers }), from.port, from.address);
  });
  await new Promise<void>((resolve) => upstream.bind(53, "127.9.8.7", resolve));
  try {
    const dnsServers = ["127.9.8.6", "127.9.8.7"];
    const front = await test.store.attach(aRequest("front", { dnsServers }), never);
    const dead = await test.store.attach(aRequest("front", { dnsServers: ["127.9.8.6"] }), never);
    const inner = await test.store.attach(aRequest("inner", { dnsServers }), never);
    expect(await lookUp(front.netnsPath, "example.org")).toBe("NOERROR 192.0.2.77");
    expect(await lookUp(dead.netnsPath, "example.org")).toBe("SERVFAIL");
    expect(await lookUp(inner.netnsPath, "example.org")).toBe("SERVFAIL");
  } finally {
    upstream.close();
  }
});

it("serves containers that share a namespace by its owner's names, after a restart too", async () => {
  await using test = await openTestNetworks();
  await test.store.create({ Name: "front" });
  const owner = await test.store.attach(aRequest("front", { name: "owner" }), never);
  const mode = { kind: "container" as const, containerId: owner.containerId };
  const guest = await test.store.attach({ ...aRequest(undefined, { name: "guest" }), mode }, never);
  expect(guest).toMatchObject({ netnsPath: owner.netnsPath, nameServers: ["127.0.0.11"], endpoints: {} });
  await test.store.close();
  const again = await test.reopen();
  await again.restore([guest, owner]);
  expect(await lookUp(guest.netnsPath, "owner")).toBe(`NOERROR ${owner.endpoints.front?.IPAddress}`);
  await again.detach(guest.containerId);
  expect(await lookUp(owner.netnsPath, "owner")).toBe(`NOERROR ${owner.endpoints.front?.IPAddress}`);
  expect(test.logged).toEqual([]);
});
