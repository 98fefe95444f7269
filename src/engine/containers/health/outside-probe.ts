/**
 * Probes a container from outside of it: by an HTTP request or a connection to its own address.
 *
 * Touches the world. For images that have no program to probe themselves with. The answer is judged, never kept: what
 * it says beyond a few words is not read.
 */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect, isIPv6 } from "node:net";
import { messageOf } from "../../../base/errors.js";
import type { OutsideCheck } from "./health-state.js";

/** As of a command: 0 is well. */
export interface Outcome {
  readonly exitCode: number;
  readonly output: string;
}

/** Of an answer that is not as it should be, this much is told. */
const toldBytes = 512;

/** `address` is the container's, as this host reaches it. Never rejects; gives up when `signal` is aborted. */
export async function probeOutside(check: OutsideCheck, address: string, signal: AbortSignal): Promise<Outcome> {
  try {
    return await (check.kind === "http" ? probeHttp(check, address, signal) : probeTcp(check, address, signal));
  } catch (error) {
    return { exitCode: 1, output: messageOf(error) };
  }
}

async function probeHttp(
  { scheme, port, path, status }: Extract<OutsideCheck, { kind: "http" }>,
  address: string,
  signal: AbortSignal,
): Promise<Outcome> {
  const host = isIPv6(address) ? `[${address}]` : address;
  const url = `${scheme}://${host}:${port}${path}`;
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    // Its own connection each time: one that is kept would be told of by a server that has stopped taking new ones.
    const options = { agent: false, headers: { host: "localhost", "user-agent": "gantry-probe" }, signal };
    const outgoing =
      scheme === "https" ? httpsRequest(url, { ...options, rejectUnauthorized: false }) : httpRequest(url, options);
    outgoing.on("response", resolve).on("error", reject).end();
  });
  const code = reply.statusCode ?? 0;
  const isWell = status.length > 0 ? status.includes(code) : code >= 200 && code < 400;
  const said = isWell ? "" : await firstBytes(reply);
  reply.destroy();
  return { exitCode: isWell ? 0 : 1, output: `GET ${path}: ${code} ${reply.statusMessage ?? ""}\n${said}`.trimEnd() };
}

async function firstBytes(reply: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of reply) {
    parts.push(chunk as Buffer); // no encoding is set
    size += parts.at(-1)?.length ?? 0;
    if (size >= toldBytes) break;
  }
  return Buffer.concat(parts).subarray(0, toldBytes).toString();
}

function probeTcp(
  { port }: Extract<OutsideCheck, { kind: "tcp" }>,
  address: string,
  signal: AbortSignal,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, signal });
    socket.once("error", reject).once("connect", () => {
      socket.destroy();
      resolve({ exitCode: 0, output: `port ${port} takes connections` });
    });
  });
}
