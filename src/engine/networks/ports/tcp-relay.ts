/** Relays TCP connections to a port of the host to a container. Touches the world. */
import { connect, createServer, type Socket } from "node:net";

/** Per published port; beyond it the kernel's backlog holds clients back. */
const maxConnections = 4096;

/**
 * Accepts on a listening descriptor, which is closed on disposal, and joins each connection to the container's port.
 * `target` gives its address at that moment, or undefined when there is none: the client is then reset.
 */
export function startTcpRelay(fd: number, port: number, target: () => string | undefined): Disposable {
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) =>
    relay(client, port, target()),
  );
  server.maxConnections = maxConnections;
  server.on("error", () => {}); // an accept that failed, e.g. out of descriptors; the server goes on
  server.listen({ fd });
  return { [Symbol.dispose]: () => void server.close() };
}

function relay(client: Socket, port: number, host: string | undefined): void {
  if (host === undefined) return void client.resetAndDestroy();
  const container = connect({ host, port, allowHalfOpen: true, noDelay: true });
  const end = () => {
    client.destroy();
    container.destroy();
  };
  container.once("error", () => {
    client.resetAndDestroy();
    container.destroy();
  });
  client.once("error", end);
  client.once("close", () => container.destroySoon());
  container.once("close", () => client.destroySoon());
  client.pipe(container);
  container.pipe(client);
}
