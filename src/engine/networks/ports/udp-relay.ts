/**
 * Relays UDP datagrams to a port of the host to a container, and its answers back. Touches the world.
 *
 * Each client has a socket of its own towards the container, by which answers find back to it; after a while without
 * traffic it is closed. Answers leave from the address that the kernel chooses for the client.
 */
import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { RelayTarget } from "./tcp-relay.js";

/** As docker-proxy has it. */
const idleMs = 90_000;
/** Per published port; each costs a descriptor. A new client then takes the place of the one that came first. */
const maxClients = 1024;

interface Client {
  readonly socket: Socket;
  readonly target: string;
  timer: NodeJS.Timeout;
}

/**
 * `fd` is a bound socket, which is closed on disposal. `target` is asked when a datagram comes; of its addresses the
 * first one counts.
 */
export function startUdpRelay({ fd, isV6 }: { fd: number; isV6: boolean }, target: () => RelayTarget): Disposable {
  const front = createSocket(isV6 ? "udp6" : "udp4");
  const clients = new Map<string, Client>();
  const forget = (key: string) => {
    const client = clients.get(key);
    clients.delete(key);
    clearTimeout(client?.timer);
    client?.socket.close();
  };
  const idle = (key: string) => setTimeout(() => forget(key), idleMs).unref();
  const join = (key: string, host: string, from: { address: string; port: number }): Client => {
    const [oldest] = clients.size >= maxClients ? clients.keys() : [];
    if (oldest !== undefined) forget(oldest);
    const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
    const client = { socket, target: host, timer: idle(key) };
    clients.set(key, client);
    socket.on("error", () => {}); // nobody listens there just now: the client's loss, as without a relay
    socket.on("message", (answer, { address }) => {
      if (address === host) front.send(answer, from.port, from.address, () => {});
    });
    return client;
  };
  front.on("error", () => {});
  front.on("message", (datagram, from) => {
    const {
      port,
      hosts: [host],
    } = target();
    const key = `${from.address} ${from.port}`;
    if (host !== undefined && clients.get(key)?.target !== host) forget(key);
    if (host === undefined) return;
    const client = clients.get(key) ?? join(key, host, from);
    clearTimeout(client.timer);
    client.timer = idle(key);
    client.socket.send(datagram, port, host, () => {});
  });
  front.bind({ fd, exclusive: true });
  return {
    [Symbol.dispose]() {
      for (const key of [...clients.keys()]) forget(key);
      front.close();
    },
  };
}
