/** The host around the engine: neighbours in network namespaces of their own, servers on its addresses. Needs root. */
import { execFile, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** A neighbour of the host: a network namespace linked to it by a veth pair, with a route to everything through it. */
export interface Neighbour extends AsyncDisposable {
  /** Its network namespace, as `ip netns` knows it. */
  readonly namespace: string;
  /** The host's address on the link. */
  readonly hostAddress: string;
  readonly address: string;
  /** Runs a program there; its stdout. */
  run(...command: string[]): Promise<string>;
  /** The body of the page; rejects when there is no answer within two seconds. */
  fetch(url: string): Promise<string>;
  /** An HTTP server there, on all addresses and a free port, which answers every request with `text`. */
  serve(text: string): Promise<AsyncDisposable & { port: number }>;
}

/** Network and mount namespaces that play the host: `through` before a command runs it there. */
export interface StandInHost extends AsyncDisposable {
  /** The network namespace, as `ip netns` knows it. */
  readonly namespace: string;
  readonly through: readonly string[];
  run(...command: string[]): Promise<string>;
}

/** As a host that was just booted: no addresses but loopback's, no rules, nothing is forwarded. */
export async function aStandInHost(): Promise<StandInHost> {
  const namespace = `gantry-h-${randomInt(1 << 24).toString(36)}`;
  const words = ["--net", "--mount", "--propagation", "private", "sh", "-ec", standInScript];
  const holder = spawn("unshare", words, { stdio: ["ignore", "pipe", "inherit"] });
  const failed = once(holder, "exit").then(([code]) => Promise.reject(new Error(`The stand-in host ended: ${code}`)));
  await Promise.race([once(holder.stdout, "data"), failed]);
  failed.catch(() => {}); // from now on it is ended by us
  await execute("ip", ["netns", "attach", namespace, String(holder.pid)]);
  const through = ["nsenter", "--target", String(holder.pid), "--net", "--mount", "--wd=."];
  return {
    namespace,
    through,
    run: async (...command) => (await execute("nsenter", [...through.slice(1), ...command])).stdout.trimEnd(),
    [Symbol.asyncDispose]: async () => {
      const ended = once(holder, "exit");
      holder.kill();
      await ended;
      await execute("ip", ["netns", "delete", namespace]);
    },
  };
}

/** /sys shows the network of whoever mounted it, so it is mounted anew; the cgroups below it stay the real ones. */
const standInScript = `
  ip link set lo up
  echo 0 >/proc/sys/net/ipv4/ip_forward
  mount --rbind /sys/fs/cgroup /mnt
  umount --recursive --lazy /sys
  mount -t sysfs sysfs /sys
  mount --rbind /mnt /sys/fs/cgroup
  umount --recursive --lazy /mnt
  echo ready
  exec sleep infinity
`;

/**
 * Sets a neighbour up in the range for benchmarks (RFC 2544), which no network at home uses. `host` is a network
 * namespace that plays the host, instead of the real one.
 */
export async function aNeighbour(host?: string): Promise<Neighbour> {
  const tag = randomInt(1 << 24).toString(36);
  const [namespace, outer, inner] = [`gantry-n-${tag}`, `gn-${tag}`, `gp-${tag}`];
  const subnet = `198.${18 + randomInt(2)}.${randomInt(256)}`;
  const base = 4 * randomInt(63);
  const [hostAddress, address] = [`${subnet}.${base + 1}`, `${subnet}.${base + 2}`];
  const ip = (...args: string[]) => execute("ip", args);
  const onHost = (...args: string[]) => ip(...(host ? ["-n", host] : []), ...args);
  const run = async (...command: string[]) => (await ip("netns", "exec", namespace, ...command)).stdout.trimEnd();
  await ip("netns", "add", namespace);
  try {
    await onHost("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", namespace);
    await onHost("address", "add", `${hostAddress}/30`, "dev", outer);
    await onHost("link", "set", outer, "up");
    await run("ip", "link", "set", "lo", "up");
    await run("ip", "address", "add", `${address}/30`, "dev", inner);
    await run("ip", "link", "set", inner, "up");
    await run("ip", "route", "add", "default", "via", hostAddress);
  } catch (error) {
    await ip("netns", "delete", namespace);
    throw error;
  }
  return {
    namespace,
    hostAddress,
    address,
    run,
    fetch: (url) => run(process.execPath, ...pageScript, url),
    serve: async (text) => {
      const words = ["netns", "exec", namespace, process.execPath, "-e", serveScript, text];
      const server = spawn("ip", words, { stdio: ["ignore", "pipe", "inherit"] });
      const [port] = (await once(server.stdout, "data")) as [Buffer];
      return {
        port: Number(port),
        [Symbol.asyncDispose]: async () => {
          const ended = once(server, "exit");
          server.kill();
          await ended;
        },
      };
    },
    // The pair goes with the namespace; the outer end is named as well, because the kernel does that later.
    [Symbol.asyncDispose]: async () => {
      await onHost("link", "delete", outer).catch(() => {});
      await ip("netns", "delete", namespace);
    },
  };
}

/** Arguments of node that make it print the page of the URL that follows them. */
export const pageScript = [
  "--input-type=module",
  "-e",
  `const reply = await fetch(process.argv[1], { signal: AbortSignal.timeout(2000), keepalive: false });
   process.stdout.write(await reply.text());`,
] as const;

const serveScript = `
  const server = require("node:http").createServer((_, reply) => reply.end(process.argv[1]));
  server.listen(0, "0.0.0.0", () => console.log(server.address().port));
`;

/** An HTTP server of the host on `address` and a free port, which answers every request with `text`. */
export async function aServer(address: string, text: string): Promise<AsyncDisposable & { port: number }> {
  const server = createServer((_, reply) => reply.end(text));
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A TCP port on which nothing listens just now. */
export async function aFreePort(): Promise<number> {
  await using server = await aServer("127.0.0.1", "");
  return server.port;
}

/** The body of a page; every request is a connection of its own. Rejects when there is no answer within two seconds. */
export async function page(url: string, init: RequestInit = {}): Promise<string> {
  const reply = await fetch(url, { ...init, headers: { connection: "close" }, signal: AbortSignal.timeout(2000) });
  return reply.text();
}
