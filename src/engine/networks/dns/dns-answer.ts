/**
 * What becomes of a DNS query: answered from the directory, forwarded, refused or ignored. Pure; the bytes are hostile.
 *
 * @see RFC 1035, RFC 6891 (EDNS)
 */
import { type Answer, decode, encode, type Packet } from "dns-packet";
import { addressInReverseName } from "./dns-directory.js";

export type DnsDecision =
  | { readonly kind: "answer"; readonly reply: Buffer }
  | { readonly kind: "forward"; readonly query: Buffer }
  /** Nothing that could be answered: too short, or itself an answer. */
  | { readonly kind: "ignore" };

/** The directory as the asking container sees it. */
export interface DnsView {
  addressesOf(name: string): readonly string[] | undefined;
  nameOf(address: string): string | undefined;
}

export interface AnswerOptions {
  readonly transport: "udp" | "tcp";
  /** Counts queries, so that several addresses take turns in coming first. */
  readonly turn: number;
}

/**
 * Seconds. Names move when a container is replaced, and the server is next door: proxies that honour it (nginx) should
 * ask again soon. Docker's 600 keeps them on dead addresses.
 */
const ttlSeconds = 5;
const headerBytes = 12;
const plainUdpBytes = 512;
const maxUdpBytes = 4096;
const ednsBytes = 1232;
const isReply = 0x80;
const recursionDesired = 0x0100;
const recursionAvailable = 0x0080;
const authoritative = 0x0400;
const truncated = 0x0200;
const rcodes = { formatError: 1, serverFailure: 2, notImplemented: 4 };

export function decideDns(query: Buffer, view: DnsView, options: AnswerOptions): DnsDecision {
  if (query.length < headerBytes || (query[2] ?? isReply) & isReply) return { kind: "ignore" };
  if ((query[2] ?? 0) & 0x78) return { kind: "answer", reply: failure(query, rcodes.notImplemented) };
  const packet = decoded(query);
  const [question, more] = packet?.questions ?? [];
  if (!packet || !question || more) return { kind: "answer", reply: failure(query, rcodes.formatError) };
  const records = recordsFor(question, view, options.turn);
  if (!records) return { kind: "forward", query };
  return { kind: "answer", reply: replyTo(packet, records, options) };
}

/** The answer to a query that nobody upstream could answer. */
export function serverFailure(query: Buffer): Buffer {
  return failure(query, rcodes.serverFailure);
}

/** Records of a name of ours, none for types that it does not have; undefined when somebody else may know. */
function recordsFor(
  { name, type, class: questionClass }: { name: string; type: string; class?: string | undefined },
  view: DnsView,
  turn: number,
): Answer[] | undefined {
  if (questionClass !== undefined && questionClass !== "IN") return undefined;
  if (type === "PTR") {
    const address = addressInReverseName(name);
    const data = address === undefined ? undefined : view.nameOf(address);
    return data === undefined ? undefined : [{ type: "PTR", name, ttl: ttlSeconds, data }];
  }
  const addresses = view.addressesOf(name);
  if (!addresses) return undefined;
  // A name of ours without addresses of the type has no records; it must not become "no such name".
  const wanted = addresses.filter((address) => type === "ANY" || type === recordType(address));
  const first = wanted.length > 0 ? turn % wanted.length : 0;
  const rotated = [...wanted.slice(first), ...wanted.slice(0, first)];
  return rotated.map((data) => ({ type: recordType(data), name, ttl: ttlSeconds, data }));
}

function recordType(address: string): "A" | "AAAA" {
  return address.includes(":") ? "AAAA" : "A";
}

function replyTo(query: Packet & { additionals?: Answer[] }, answers: Answer[], { transport }: AnswerOptions): Buffer {
  const edns = query.additionals?.find(({ type }) => type === "OPT");
  const size = edns && "udpPayloadSize" in edns ? Number(edns.udpPayloadSize) : plainUdpBytes;
  const limit = transport === "tcp" ? 0xffff : Math.min(Math.max(size, plainUdpBytes), maxUdpBytes);
  const reply: Packet = {
    type: "response",
    id: query.id ?? 0,
    flags: authoritative | recursionAvailable | ((query.flags ?? 0) & recursionDesired),
    questions: query.questions ?? [],
    answers,
    additionals: edns
      ? [
          {
            type: "OPT",
            name: ".",
            udpPayloadSize: ednsBytes,
            extendedRcode: 0,
            ednsVersion: 0,
            flags: 0,
            flag_do: false,
            options: [],
          },
        ]
      : [],
  };
  const bytes = encode(reply);
  return bytes.length <= limit ? bytes : encode({ ...reply, flags: (reply.flags ?? 0) | truncated, answers: [] });
}

function decoded(query: Buffer): ReturnType<typeof decode> | undefined {
  try {
    return decode(query);
  } catch {
    return undefined;
  }
}

/** The header alone, with the question where it can be told from the rest. */
function failure(query: Buffer, rcode: number): Buffer {
  const end = questionEnd(query);
  const reply = Buffer.from(query.subarray(0, end ?? headerBytes));
  reply[2] = isReply | ((query[2] ?? 0) & 0x79);
  reply[3] = recursionAvailable | rcode;
  reply.writeUInt16BE(end === undefined ? 0 : 1, 4);
  reply.fill(0, 6, headerBytes);
  return reply;
}

/** Where the only question ends; undefined if there is none, more than one, or it makes no sense. */
export function questionEnd(packet: Buffer): number | undefined {
  if (packet.length < headerBytes || packet.readUInt16BE(4) !== 1) return undefined;
  let at = headerBytes;
  while (at < packet.length && packet[at] !== 0) {
    const length = packet[at] ?? 0;
    if (length > 63) return undefined;
    at += length + 1;
  }
  return at + 5 <= packet.length ? at + 5 : undefined;
}
