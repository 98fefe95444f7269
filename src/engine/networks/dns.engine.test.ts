import { spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { closeSync } from "node:fs";
import { decode, encode } from "dns-packet";
import { expect, it, vi } from "vitest";
import { inNetns } from "../kernel/network/namespaces.js";
import { boundSocket } from "../kernel/network/sockets.js";
import { aRequest, never, openTestNetworks, run } from "./networks.fixture.js";

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
      setTimeout(resolve, 20_000, "timeout");
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

it("leaves out who stands by, and moves the names at once when it takes over", async () => {
  await using test = await openTestNetworks();
  await test.store.create({ Name: "front" });
  const asking = await test.store.attach(aRequest("front", { name: "asking" }), never);
  const settings = { Aliases: ["web"] };
  const old = await test.store.attach(aRequest("front", { name: "web-1", settings }), never);
  const fresh = await test.store.attach(aRequest("front", { name: "new", settings, standby: true }), never);
  const [before, after] = [old, fresh].map(({ endpoints }) => endpoints.front?.IPAddress ?? "");
  expect(await lookUp(asking.netnsPath, "web")).toBe(`NOERROR ${before}`);
  expect(await lookUp(fresh.netnsPath, "asking")).toBe(`NOERROR ${asking.endpoints.front?.IPAddress}`);
  test.store.takeOver(fresh.containerId, { ports: {}, from: old.containerId });
  test.store.rename(fresh.containerId, "web-1");
  expect(await lookUp(asking.netnsPath, "web")).toBe(`NOERROR ${after}`);
  expect(await lookUp(asking.netnsPath, "web-1")).toBe(`NOERROR ${after}`);
  expect(await lookUp(old.netnsPath, "web")).toBe(`NOERROR ${after}`);
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

it("answers over IPv6 networks too: AAAA, and PTR under ip6.arpa", async () => {
  await using test = await openTestNetworks();
  await test.store.create({ Name: "front", EnableIPv6: true });
  await test.store.create({ Name: "six", EnableIPv4: false, EnableIPv6: true });
  const asking = await test.store.attach(aRequest("front", { name: "asking" }), never);
  const web = await test.store.attach(aRequest("front", { name: "web" }), never);
  const address = web.endpoints.front?.GlobalIPv6Address ?? "";
  expect(await lookUp(asking.netnsPath, "web", "AAAA")).toBe(`NOERROR ${address}`);
  expect(await lookUp(asking.netnsPath, `${nibbles(address)}.ip6.arpa`, "PTR")).toBe("NOERROR web.front");
  const only = await test.store.attach(aRequest("six", { name: "only" }), never);
  expect(await lookUp(only.netnsPath, "only", "A")).toBe("NOERROR");
  expect(await lookUp(only.netnsPath, "only", "AAAA")).toBe(`NOERROR ${only.endpoints.six?.GlobalIPv6Address}`);
});

it("leaves port 53 to the container: a name server on 0.0.0.0 has UDP and TCP, and names still resolve", async () => {
  await using test = await openTestNetworks();
  await test.store.create({ Name: "front" });
  const server = await test.store.attach(aRequest("front", { name: "server" }), never);
  const client = await test.store.attach(aRequest("front", { name: "client" }), never);
  const address = server.endpoints.front?.IPAddress ?? "";
  // Alone, without the leave to share that dnsmasq gives its sockets.
  const plain = inNetns(server.netnsPath ?? "", () => boundSocket({ protocol: "udp", address: "0.0.0.0", port: 53 }));
  closeSync(plain);
  await using _dnsmasq = await dnsmasq(server.netnsPath ?? "");
  for (const transport of ["udp", "tcp"]) {
    expect(await dig(server.netnsPath, "127.0.0.11", "client", transport)).toBe(client.endpoints.front?.IPAddress);
    expect(await dig(server.netnsPath, "127.0.0.1", "own.test", transport)).toBe("192.0.2.53");
    expect(await dig(client.netnsPath, address, "own.test", transport)).toBe("192.0.2.53");
    expect(await dig(client.netnsPath, address, "client", transport)).toBe(client.endpoints.front?.IPAddress);
  }
  await test.store.close();
  const again = await test.reopen();
  await again.restore([server, client]);
  expect(again).toBeDefined();
  for (const transport of ["udp", "tcp"]) {
    expect(await dig(server.netnsPath, "127.0.0.11", "client", transport)).toBe(client.endpoints.front?.IPAddress);
  }
});

it("is found again when somebody took its port while no engine ran", async () => {
  await using test = await openTestNetworks();
  await test.store.create({ Name: "front" });
  const web = await test.store.attach(aRequest("front", { name: "web" }), never);
  await test.store.close();
  const fd = inNetns(web.netnsPath ?? "", () =>
    boundSocket({ protocol: "udp", address: "127.0.0.11", port: web.dnsPort ?? 0 }),
  );
  const taken: Socket = createSocket("udp4").bind({ fd, exclusive: true });
  const again = await test.reopen();
  await again.restore([web]);
  expect(await lookUp(web.netnsPath, "web")).toBe(`NOERROR ${web.endpoints.front?.IPAddress}`);
  taken.close();
});

it("knows linked containers by the names that the link gives them", async () => {
  await using test = await openTestNetworks();
  await test.store.create({ Name: "front" });
  const db = await test.store.attach(aRequest("front", { name: "db-1" }), never);
  const Links = ["db-1:database", `${db.containerId}:store`];
  const web = await test.store.attach(aRequest("front", { name: "web", settings: { Links } }), never);
  const address = db.endpoints.front?.IPAddress;
  expect(await lookUp(web.netnsPath, "database")).toBe(`NOERROR ${address}`);
  expect(await lookUp(web.netnsPath, "store")).toBe(`NOERROR ${address}`);
  expect(await lookUp(db.netnsPath, "database")).not.toContain("NOERROR");
});

/** The 32 digits of an address, last one first, as reverse names have them. */
function nibbles(address: string): string {
  const [head = "", tail = ""] = address.split("::");
  const groups = (text: string) => text.split(":").filter(Boolean);
  const missing = new Array<string>(8 - groups(head).length - groups(tail).length).fill("0");
  const all = [...groups(head), ...missing, ...groups(tail)].map((group) => group.padStart(4, "0")).join("");
  return [...all].reverse().join(".");
}

/** A real name server on every address of the namespace, which knows own.test and asks 127.0.0.11 for the rest. */
async function dnsmasq(netnsPath: string): Promise<AsyncDisposable> {
  const options = ["--keep-in-foreground", "--no-hosts", "--no-resolv", "--conf-file=/dev/null", "--user=root"];
  const own = ["--server=127.0.0.11", "--address=/own.test/192.0.2.53", "--pid-file=", "--log-facility=-"];
  const server = spawn("nsenter", [`--net=${netnsPath}`, "dnsmasq", ...options, ...own], { stdio: "pipe" });
  const ended = once(server, "exit");
  let said = "";
  server.stderr.on("data", (data) => {
    said += data;
  });
  await vi.waitFor(() => expect(said).toContain("started"), 10_000);
  return {
    async [Symbol.asyncDispose]() {
      server.kill();
      await ended;
    },
  };
}

/** Asks `server` from inside a namespace, by a process there: the addresses in the answer. */
async function dig(netnsPath: string | undefined, server: string, name: string, transport: string): Promise<string> {
  const query = encode({ type: "query", id: 7, flags: 0x100, questions: [{ type: "A", name }] });
  const words = [process.execPath, "-e", digScript, transport, server, query.toString("hex")];
  const { answers } = decode(Buffer.from(await run(["nsenter", `--net=${netnsPath}`, ...words]), "hex"));
  return (answers ?? []).map((answer) => String("data" in answer ? answer.data : "")).join(" ");
}

const digScript = `
  const [transport, server, hex] = process.argv.slice(1);
  const query = Buffer.from(hex, "hex");
  const done = (reply) => { process.stdout.write(reply.toString("hex")); process.exit(); };
  setTimeout(() => process.exit(1), 20_000);
  if (transport === "udp") {
    const socket = require("node:dgram").createSocket("udp4").on("message", done);
    const ask = () => socket.send(query, 53, server);
    setInterval(ask, 1000);
    ask();
  } else {
    const socket = require("node:net").connect(53, server);
    socket.write(Buffer.concat([Buffer.from([0, query.length]), query]));
    let received = Buffer.alloc(0);
    socket.on("data", (data) => {
      received = Buffer.concat([received, data]);
      if (received.length >= 2 && received.length >= 2 + received.readUInt16BE()) done(received.subarray(2));
    });
  }
`;
