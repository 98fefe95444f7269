/**
 * Sockets that `node` cannot make: bound inside another network namespace, held without being accepted from, or of
 * netlink. Touches the world.
 *
 * A descriptor from here is close-on-exec and belongs to the caller until it is handed to `node` (`{ fd }`).
 */
import { closeSync } from "node:fs";
import { isIPv6, Socket } from "node:net";
import { GantryError } from "../../../base/errors.js";
import { checked, libcFunction } from "../libc.js";

const socket = libcFunction("int socket(int domain, int type, int protocol)");
const bind = libcFunction("int bind(int fd, const void *address, uint32_t length)");
const listen = libcFunction("int listen(int fd, int backlog)");
const setsockopt = libcFunction("int setsockopt(int fd, int level, int option, const void *value, uint32_t length)");
const getsockname = libcFunction("int getsockname(int fd, void *address, void *length)");

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK = { tcp: 1, udp: 2, sctp: 1 };
const IPPROTO = { tcp: 6, udp: 17, sctp: 132 };
const SOCK_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_REUSEPORT = 15;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

export interface SocketAddress {
  readonly protocol: "tcp" | "udp" | "sctp";
  /** IPv4 or IPv6 text. */
  readonly address: string;
  /** 0 lets the kernel choose. */
  readonly port: number;
  /**
   * Sockets of this process on the same port whose addresses include this one, or the other way round. The kernel hands
   * a connection to the most exact address; without this it refuses the second socket.
   */
  readonly beside?: readonly number[];
}

/**
 * Binds a socket in the thread's network namespace; a TCP or SCTP one listens too. IPv6 sockets take IPv6 only.
 *
 * TCP sockets may follow one whose connections are in TIME_WAIT (SO_REUSEADDR); two that listen still exclude each
 * other. UDP sockets never share their port.
 *
 * @throws {GantryError} "syscall-failed", `cause.code` EADDRINUSE, EADDRNOTAVAIL, EACCES, EPROTONOSUPPORT, …
 */
export function boundSocket({ protocol, address, port, beside = [] }: SocketAddress, backlog = 128): number {
  const family = isIPv6(address) ? AF_INET6 : AF_INET;
  const fd = checked(`socket(${protocol})`, socket(family, SOCK[protocol] | SOCK_NONBLOCK_CLOEXEC, IPPROTO[protocol]));
  // Only for the moment of the bind: afterwards nobody else may join, not even a process that asks to share.
  const sharing = beside.length > 0 ? [...beside, fd] : [];
  try {
    if (protocol !== "udp") setOption(fd, SOL_SOCKET, SO_REUSEADDR);
    if (family === AF_INET6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    for (const socketFd of sharing) setOption(socketFd, SOL_SOCKET, SO_REUSEPORT);
    const name = socketName(address, port);
    checked(`bind ${address}:${port}/${protocol}`, bind(fd, name, name.length));
    if (protocol !== "udp") checked(`listen ${address}:${port}`, listen(fd, backlog));
  } catch (error) {
    for (const socketFd of beside) setOption(socketFd, SOL_SOCKET, SO_REUSEPORT, false);
    closeSync(fd);
    throw error;
  }
  for (const socketFd of sharing) setOption(socketFd, SOL_SOCKET, SO_REUSEPORT, false);
  return fd;
}

/** The port that a socket is bound to. */
export function portOf(fd: number): number {
  const name = Buffer.alloc(28);
  const length = Buffer.from([name.length, 0, 0, 0]);
  checked("getsockname", getsockname(fd, name, length));
  return name.readUInt16BE(2);
}

/**
 * Lets `node` read any pollable socket, e.g. of netlink: one "data" event per datagram of up to 64 KiB.
 *
 * `net.Socket({ fd })` guesses the kind of a descriptor and refuses those it does not know, while the pipe handle
 * below it takes any stream-like descriptor. Its binding is not public, hence the narrowing.
 *
 * @throws {GantryError} "not-supported" where this `node` has no such handle; the descriptor is then still the caller's
 */
export function readableSocket(fd: number): Socket {
  const handle = pipeHandle();
  if (handle?.open(fd) !== 0) throw new GantryError("not-supported", "This node cannot read a raw socket");
  const options: object = { handle, readable: true, writable: false };
  return new Socket(options);
}

interface PipeHandle {
  open(fd: number): number;
}

function pipeHandle(): PipeHandle | undefined {
  try {
    const binding: unknown = Reflect.apply(Reflect.get(process, "binding"), process, ["pipe_wrap"]);
    const { Pipe, constants } = binding as {
      Pipe: new (type: number) => PipeHandle;
      constants: { SOCKET: number };
    };
    return new Pipe(constants.SOCKET);
  } catch {
    return undefined;
  }
}

function setOption(fd: number, level: number, option: number, on = true): void {
  const value = Buffer.from([on ? 1 : 0, 0, 0, 0]);
  checked("setsockopt", setsockopt(fd, level, option, value, value.length));
}

function socketName(address: string, port: number): Buffer {
  const isV6 = isIPv6(address);
  const name = Buffer.alloc(isV6 ? 28 : 16);
  name.writeUInt16LE(isV6 ? AF_INET6 : AF_INET, 0);
  name.writeUInt16BE(port, 2);
  name.set(isV6 ? ipv6Bytes(address) : address.split(".").map(Number), isV6 ? 8 : 4);
  return name;
}

/** `address` is known to be valid IPv6; a zone (`%eth0`) is left out. */
function ipv6Bytes(address: string): Uint8Array {
  const plain = address.replace(/%.*$/, "").replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, ...parts) => {
    const [a, b, c, d] = parts.slice(0, 4).map(Number) as [number, number, number, number];
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [head = "", tail] = plain.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16)));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const middle = new Array<number>(8 - before.length - after.length).fill(0);
  return Uint8Array.from([...before, ...middle, ...after].flatMap((group) => [group >> 8, group & 0xff]));
}
