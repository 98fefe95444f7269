/** Relays TCP connections to a port of the host to a container. Touches the world. */
import { connect, createServer, type Socket } from "node:net";

/** Per published port; beyond it the kernel's backlog holds clients back. */
const maxConnections = 4096;

/** A container's port, by the addresses that it has at the moment of asking. */
export interface RelayTarget {
  readonly port: number;
  readonly hosts: readonly string[];
}

/**
 * Accepts on a listening descriptor, which is closed on disposal, and joins each connection to the target that counts
 * at that moment: the next address is tried where nobody listens on the one before. The client is reset when there is
 * none. Connections that are joined stay with the target they met.
 */
export function startTcpRelay(fd: number, target: () => RelayTarget): Disposable {
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
    client.on("error", () => {}); // it is destroyed then, which is all there is to do
    const { port, hosts } = target();
    relay(client, port, hosts);
  });
  server.maxConnections = maxConnections;
  server.on("error", () => {}); // an accept that failed, e.g. out of descriptors; the server goes on
  server.listen({ fd });
  return { [Symbol.dispose]: () => void server.close() };
}

function relay(client: Socket, port: number, [host, ...others]: readonly string[]): void {
  if (host === undefined) return void client.resetAndDestroy();
  const container = connect({ host, port, allowHalfOpen: true, noDelay: true });
  const leave = () => void container.destroy();
  let joined = false;
  container.once("connect", () => {
    joined = true;
    client.pipe(container);
    container.pipe(client);
    client.once("close", () => container.destroySoon());
    container.once("close", () => client.destroySoon());
  });
  container.once("error", () => {
    client.off("error", leave);
    if (!joined && !client.destroyed) relay(client, port, others);
    else client.resetAndDestroy();
  });
  client.once("error", leave);
}
