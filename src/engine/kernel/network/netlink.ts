/**
 * AF_NETLINK sockets: one request to the kernel, its answers, and its end.
 *
 * Touches the world. A socket belongs to the network namespace in which it was opened, wherever the caller stands
 * later: open one inside a container's namespace and configure it from outside. The kernel carries a request out while
 * it is sent, and its answer is there when `send` returns.
 *
 * @see man 7 netlink
 */
import { closeSync } from "node:fs";
import { constants } from "node:os";
import { checked, libcFunction, libcInBackground } from "../libc.js";
import { endOfRequest, messagesIn, type NetlinkMessage, netlinkFlags, netlinkMessage } from "./netlink-message.js";

const socket = libcFunction("int socket(int domain, int type, int protocol)");
const bind = libcFunction("int bind(int fd, const void *address, uint32_t length)");
const setsockopt = libcFunction("int setsockopt(int fd, int level, int option, const void *value, uint32_t length)");
const send = libcFunction("intptr_t send(int fd, const void *data, size_t length, int flags)");
const sendInBackground = libcInBackground("intptr_t send(int fd, const void *data, size_t length, int flags)");
const recv = libcFunction("intptr_t recv(int fd, void *data, size_t length, int flags)");

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const SOL_NETLINK = 270;
const MSG_DONTWAIT = 0x40;
/** A dump's datagrams are at most 32 KiB. */
const receiveBytes = 64 * 1024;

/** A raw netlink socket; `groups` is a bit mask of multicast groups. Close-on-exec. The caller closes it. */
export function openNetlink(protocol: number, groups = 0): number {
  const fd = checked("socket(AF_NETLINK)", socket(AF_NETLINK, SOCK_RAW_CLOEXEC, protocol));
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK, 0);
  address.writeUInt32LE(groups, 8);
  try {
    checked("bind(AF_NETLINK)", bind(fd, address, address.length));
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return fd;
}

/** One conversation with the kernel: a request, its answers, and its end. */
export class NetlinkSocket implements Disposable {
  #fd: number;
  readonly #buffer = Buffer.alloc(receiveBytes);
  #sequence = 0;

  /** Opens in the network namespace that the calling thread is in. */
  constructor(protocol: number) {
    this.#fd = openNetlink(protocol);
    const on = Buffer.from([1, 0, 0, 0]);
    const [capAck, extendedAck] = [10, 11];
    for (const option of [capAck, extendedAck]) setsockopt(this.#fd, SOL_NETLINK, option, on, on.length);
  }

  [Symbol.dispose](): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  /** The answers, for requests that have any: with the `ack` or `dump` flag. Throws `NetlinkFailure`. */
  request(type: number, flags: number, parts: readonly Uint8Array[]): NetlinkMessage[] {
    const message = this.#next(type, flags, parts);
    checked("send(AF_NETLINK)", send(this.#fd, message, message.length, 0));
    return this.#answers();
  }

  /**
   * The same for requests that take the kernel long, without holding up the event loop. One at a time, and no other
   * request on this socket meanwhile.
   */
  async requestInBackground(type: number, flags: number, parts: readonly Uint8Array[]): Promise<NetlinkMessage[]> {
    const message = this.#next(type, flags, parts);
    checked("send(AF_NETLINK)", await sendInBackground(this.#fd, message, message.length, 0));
    return this.#answers();
  }

  #next(type: number, flags: number, parts: readonly Uint8Array[]): Buffer {
    this.#sequence += 1;
    return netlinkMessage({ type, flags: flags | netlinkFlags.request, sequence: this.#sequence }, parts);
  }

  #answers(): NetlinkMessage[] {
    const answers: NetlinkMessage[] = [];
    for (;;) {
      const length = checked("recv(AF_NETLINK)", recv(this.#fd, this.#buffer, receiveBytes, MSG_DONTWAIT));
      for (const answer of messagesIn(Buffer.from(this.#buffer.subarray(0, length)))) {
        if (answer.sequence !== this.#sequence) continue; // the rest of an answer that an earlier failure left behind
        const end = endOfRequest(answer);
        if (!end) answers.push(answer);
        else if (end.errno) throw new NetlinkFailure(end.errno, end.reason);
        else return answers;
      }
    }
  }
}

/** The kernel's refusal; `code` is errno's name. */
export class NetlinkFailure extends Error {
  readonly code: string;
  constructor(errno: number, reason: string) {
    const code = Object.entries(constants.errno).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;
    super(reason ? `${code} (${reason})` : code);
    this.code = code;
  }
}
