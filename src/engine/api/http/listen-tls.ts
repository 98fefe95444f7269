/**
 * The engine on TCP, for other hosts: by TLS only, and only for clients with a certificate of the given authority.
 *
 * Whoever may speak with the engine is root on its host. There is no way to listen without all three files.
 */
import { readFileSync, statSync } from "node:fs";
import type { Server } from "node:https";
import type { AddressInfo } from "node:net";
import { GantryError, messageOf } from "../../../base/errors.js";

/** Paths of PEM files: the authority of the clients' certificates, the engine's own certificate, its key. */
export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface TlsAddress {
  /** A name or an address of this host; `0.0.0.0` and `::` are all of them. */
  readonly host: string;
  readonly port: number;
}

export type TlsListener = TlsAddress & TlsFiles;

/** As it comes from flags or `engine.json`: anything may be missing. */
export interface ListenRequest {
  readonly address?: string | undefined;
  readonly tlsCa?: string | undefined;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
}

/** IANA's port of Docker's API by TLS. */
const defaultPort = 2376;
/** A peer without a valid certificate holds a connection no longer than this. */
const handshakeLimitMs = 10_000;
const othersMayRead = 0o004;

/** Undefined when nothing is asked for. Throws "bad-parameter", naming the address that is none, or what is missing. */
export function parseListen({ address, tlsCa, tlsCert, tlsKey }: ListenRequest): TlsListener | undefined {
  const files = { "--tls-ca": tlsCa, "--tls-cert": tlsCert, "--tls-key": tlsKey };
  if (address === undefined) {
    if (Object.values(files).every((file) => file === undefined)) return undefined;
    throw new GantryError("bad-parameter", "Certificates are given, but no address to listen on", {
      hint: "Add --listen tcp://ADDRESS:PORT",
    });
  }
  const parsed = /^tcp:\/\/(\[[0-9a-fA-F:]+\]|[^:/?#@\s[\]]+)(?::(\d{1,5}))?\/?$/.exec(address);
  const port = Number(parsed?.[2] ?? defaultPort);
  if (!parsed?.[1] || port > 65_535) {
    throw new GantryError("bad-parameter", `"${address}" is no address to listen on`, {
      hint: "It reads tcp://ADDRESS:PORT, as in tcp://0.0.0.0:2376",
    });
  }
  if (tlsCa === undefined || tlsCert === undefined || tlsKey === undefined) {
    const missing = Object.entries(files).flatMap(([flag, file]) => (file === undefined ? [flag] : []));
    throw new GantryError("bad-parameter", `Listening on ${address} needs ${missing.join(", ")} too`, {
      hint: "Whoever can connect is root on this host, so that clients have to show a certificate; see docs/remote.md",
    });
  }
  return { host: parsed[1].replace(/^\[|\]$/g, ""), port, ca: tlsCa, cert: tlsCert, key: tlsKey };
}

/** A server that lets only such clients in; it does not listen yet. Throws "bad-parameter" for unusable files. */
export function createTlsServer({ ca, cert, key }: TlsFiles, http: object): Server {
  refuseOpenKey(key);
  const files = { ca: read(ca, "authority"), cert: read(cert, "certificate"), key: read(key, "key") };
  const rules = { requestCert: true, rejectUnauthorized: true, minVersion: "TLSv1.2" as const };
  // A client's end of input is no end of the connection, as on the unix socket.
  const options = { ...http, ...files, ...rules, allowHalfOpen: true, handshakeTimeout: handshakeLimitMs };
  try {
    // Loaded only where it is asked for: most engines listen on their unix socket alone.
    return process.getBuiltinModule("node:https").createServer(options);
  } catch (cause) {
    throw new GantryError("bad-parameter", `${cert}, ${key} or ${ca} cannot be used: ${messageOf(cause)}`, { cause });
  }
}

/** Resolves with the port when clients can connect. Throws "bad-parameter" when the address cannot be had. */
export async function listenTcp(server: Server, { host, port }: TlsAddress): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const failed = (cause: Error) =>
      reject(new GantryError("bad-parameter", `Cannot listen on ${host}:${port}: ${cause.message}`, { cause }));
    server.once("error", failed);
    server.listen({ host, port }, () => {
      server.off("error", failed);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port; // it listens on TCP
}

function read(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new GantryError("bad-parameter", `The TLS ${what} ${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

function refuseOpenKey(path: string): void {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & othersMayRead) === 0) return;
  throw new GantryError("bad-parameter", `Every user of this host may read the TLS key ${path}`, {
    hint: `Make it private: chmod 600 ${path}`,
  });
}
