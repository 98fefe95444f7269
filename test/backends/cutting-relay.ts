/**
 * A socket that passes everything on to an engine's, and does something at the n-th request that changes something:
 * whoever sent it may be ended just before the engine hears of it, while it works on it, or once it has answered.
 */
import { connect, createServer, type Socket } from "node:net";

export type CutMoment = "before" | "during" | "after";

export interface CuttingRelay extends AsyncDisposable {
  /** `unix:///…`, for GANTRY_HOST. */
  readonly address: string;
  /** The changing requests so far, as `POST /containers/create`; and none again. */
  take(): string[];
  /** Calls `act` once, at the request of that number, from 1 and from now on, or that text; `undefined` at none. */
  cutAt(cut: Cut | undefined): void;
}

interface Cut {
  readonly request: number | RegExp;
  readonly moment: CutMoment;
  readonly act: () => void;
}

const requestLine = /^(POST|PUT|DELETE) (?:\/v[\d.]+)?(\/[^ ?]*)\S* HTTP\/1\.1\r\n/;
/** They change nothing. */
const looking = /\/(wait|lock|attach)$/;

/** Listens on `path` until it is disposed; `engine` is the path of the engine's socket. */
export async function startCuttingRelay(path: string, engine: string): Promise<CuttingRelay> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let cut: Cut | undefined;
  const server = createServer((client) => {
    const upstream = connect({ path: engine });
    for (const socket of [client, upstream]) sockets.add(socket.on("error", () => {}));
    let onAnswer = () => {};
    client.on("data", (chunk: Buffer) => {
      const [, method, target = ""] = requestLine.exec(chunk.toString("latin1")) ?? [];
      if (client.destroyed) return;
      const isChange = method !== undefined && !looking.test(target);
      if (isChange) requests.push(`${method} ${target}`);
      const now = isChange && cut && isMeant(cut, requests) ? cut : undefined;
      if (now) cut = undefined;
      if (now?.moment === "before") {
        now.act();
        client.destroy(); // as if it had never been sent
        return;
      }
      upstream.write(chunk);
      if (now?.moment === "during") now.act();
      onAnswer = now?.moment === "after" ? now.act : () => {};
    });
    upstream.on("data", (chunk: Buffer) => {
      onAnswer();
      onAnswer = () => {};
      client.write(chunk);
    });
    // A process that is killed leaves its connections closed on both sides.
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    address: `unix://${path}`,
    take: () => requests.splice(0),
    cutAt: (next) => {
      requests.splice(0);
      cut = next;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function isMeant({ request }: Cut, requests: readonly string[]): boolean {
  return typeof request === "number" ? requests.length === request : request.test(requests.at(-1) ?? "");
}
