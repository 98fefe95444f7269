/** A socket that passes everything on to an engine's and notes each request: what a command costs in round trips. */
import { connect, createServer, type Socket } from "node:net";

export interface CountingRelay extends AsyncDisposable {
  /** `unix:///…`, for GANTRY_HOST. */
  readonly address: string;
  /** The requests since the last call, as `GET /containers/json`, without versions and queries. */
  take(): string[];
}

/** A client sends each request's head in one piece, so that it stands at the beginning of a chunk. */
const requestLine = /^(GET|HEAD|POST|PUT|DELETE) (?:\/v[\d.]+)?(\/[^ ?]*)\S* HTTP\/1\.1\r\n/;

/** Listens on `path` until it is disposed; `engine` is the path of the engine's socket. */
export async function startCountingRelay(path: string, engine: string): Promise<CountingRelay> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ path: engine, allowHalfOpen: true });
    for (const socket of [client, upstream]) sockets.add(socket.on("error", () => {}));
    client.on("data", (chunk: Buffer) => {
      const [, method, target] = requestLine.exec(chunk.toString("latin1")) ?? [];
      if (method) requests.push(`${method} ${target}`);
    });
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    address: `unix://${path}`,
    take: () => requests.splice(0),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
