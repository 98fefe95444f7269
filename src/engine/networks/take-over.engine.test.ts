/** A container takes another one's place: new connections go to it at once, those under way end where they began. */
import { once } from "node:events";
import { createServer, connect as open, type Socket } from "node:net";
import { expect, it } from "vitest";
import { inNetns } from "../kernel/network/namespaces.js";
import { boundSocket } from "../kernel/network/sockets.js";
import { aRequest, ask, never, openTestNetworks, serveText } from "./networks.fixture.js";

/** Answers each line that a client sends with its own name before it. */
function serveEcho(netnsPath: string | undefined, port: number, name: string) {
  const fd = inNetns(netnsPath ?? "", () => boundSocket({ protocol: "tcp", address: "0.0.0.0", port }));
  return createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (data) => socket.write(`${name} ${data}`));
  }).listen({ fd });
}

async function say(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [data] = await once(socket, "data", { signal: AbortSignal.timeout(15_000) });
  return String(data);
}

it("flips published ports to a container that stood by, and leaves connections under way where they are", async () => {
  await using test = await openTestNetworks();
  const { store } = test;
  await store.create({ Name: "front" });
  const ports = { "80/tcp": [{ HostPort: "" }] };
  const old = await store.attach(aRequest("front", { ports, name: "web" }), never);
  const port = Number(old.ports["80/tcp"]?.[0]?.HostPort);
  const fixed = { "80/tcp": [{ HostPort: String(port) }] };
  const fresh = await store.attach(aRequest("front", { ports: fixed, name: "new", standby: true }), never);
  expect(fresh).toMatchObject({ standby: true, ports: { "80/tcp": null } });
  await using _old = serveEcho(old.netnsPath, 80, "old");
  await using _fresh = serveEcho(fresh.netnsPath, 80, "new");
  const under = [open(port, "127.0.0.1"), open(port, "::1")];
  for (const socket of under) expect(await say(socket, "a")).toBe("old a");
  const counts = store.connections(old.containerId, AbortSignal.timeout(20_000));
  expect((await counts.next()).value).toBe(2);

  const taken = store.takeOver(fresh.containerId, { ports: fixed, from: old.containerId });
  expect(taken.to.ports["80/tcp"]).toContainEqual({ HostIp: "0.0.0.0", HostPort: String(port) });
  expect(taken.to).not.toHaveProperty("standby");
  expect(taken.from).toMatchObject({ standby: true, ports: { "80/tcp": null } });
  for (const socket of under) expect(await say(socket, "b")).toBe("old b");
  for (const host of ["127.0.0.1", "::1"]) {
    const later = open(port, host);
    expect(await say(later, "c")).toBe("new c");
    later.destroy();
  }
  under[0]?.destroy();
  expect((await counts.next()).value).toBe(1);
  const begin = performance.now();
  under[1]?.destroy();
  expect((await counts.next()).value).toBe(0);
  expect(performance.now() - begin, "the kernel tells of it, before anybody looks again").toBeLessThan(800);
  expect((await counts.next()).done).toBe(true);

  await store.close(); // as far as the kernel can tell, this is what kill -9 does
  const again = await test.reopen();
  await again.restore([taken.to, ...(taken.from ? [taken.from] : [])]);
  for (const host of ["127.0.0.1", "::1"]) {
    const after = open(port, host);
    expect(await say(after, "d")).toBe("new d");
    after.destroy();
  }
});

it("takes what the old one lacks, lets go of what is not wanted, and follows another port within", async () => {
  await using test = await openTestNetworks();
  const { store } = test;
  await store.create({ Name: "front" });
  const first = { "80/tcp": [{ HostPort: "" }, { HostIp: "127.0.0.1", HostPort: "" }] };
  const old = await store.attach(aRequest("front", { ports: first }), never);
  const [kept, , left] = (old.ports["80/tcp"] ?? []).map(({ HostPort }) => Number(HostPort));
  const ports = { "81/tcp": [{ HostPort: String(kept) }, { HostPort: String(left) }] };
  const fresh = await store.attach(aRequest("front", { ports, standby: true }), never);
  await using _server = serveText(fresh.netnsPath ?? "", 81, "new");
  store.takeOver(fresh.containerId, { ports, from: old.containerId });
  for (const port of [kept ?? 0, left ?? 0]) {
    expect(await ask("127.0.0.1", port)).toMatch(/^new/);
    expect(await ask("::1", port)).toMatch(/^new/);
  }
});

it("changes nothing when a port that is new to it is in use", async () => {
  await using test = await openTestNetworks();
  const { store } = test;
  await store.create({ Name: "front" });
  const old = await store.attach(aRequest("front", { ports: { "80/tcp": [{ HostPort: "" }] } }), never);
  const other = await store.attach(aRequest("front", { ports: { "80/tcp": [{ HostPort: "" }] } }), never);
  const [port, taken] = [old, other].map((one) => one.ports["80/tcp"]?.[0]?.HostPort ?? "");
  const ports = { "80/tcp": [{ HostPort: port ?? "" }, { HostPort: taken ?? "" }] };
  const fresh = await store.attach(aRequest("front", { ports, standby: true }), never);
  await using _server = serveText(old.netnsPath ?? "", 80, "old");
  expect(() => store.takeOver(fresh.containerId, { ports, from: old.containerId })).toThrow("already allocated");
  for (const host of ["127.0.0.1", "::1"]) expect(await ask(host, Number(port))).toMatch(/^old/);
  const free = { "80/tcp": [{ HostPort: port ?? "" }] };
  const next = await store.attach(aRequest("front", { ports: free, standby: true }), never);
  await using _next = serveText(next.netnsPath ?? "", 80, "next");
  store.takeOver(next.containerId, { ports: free, from: old.containerId });
  for (const host of ["127.0.0.1", "::1"]) expect(await ask(host, Number(port))).toMatch(/^next/);
});
