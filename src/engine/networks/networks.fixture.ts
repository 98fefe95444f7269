/** Parts of the engine tests: a store in a private place, processes inside namespaces, and a look at the kernel. */
import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createConnection, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { systemClock } from "../../base/clock.js";
import type { EndpointSettings } from "../../wire/network.js";
import type { EngineEvent } from "../../wire/system.js";
import { inNetns, removeNetns } from "../kernel/network/namespaces.js";
import { boundSocket } from "../kernel/network/sockets.js";
import { instanceNames, NetworkStore, type NetworkStoreOptions } from "./network-store.js";
import type { SandboxRequest } from "./networks.js";

export interface TestNetworks {
  readonly store: NetworkStore;
  readonly options: NetworkStoreOptions;
  readonly events: Array<Pick<EngineEvent, "Type" | "Action" | "Actor">>;
  readonly logged: string[];
  /** Another store on the same state, as a restarted engine has it. */
  reopen(): Promise<NetworkStore>;
  /** What is left of this instance in the kernel and the run directory. */
  remains(): { links: string[]; tables: string[]; netns: string[] };
}

export async function openTestNetworks(): Promise<TestNetworks & AsyncDisposable> {
  const directory = mkdtempSync(join(tmpdir(), "gantry-networks-"));
  const instanceId = `t${randomBytes(4).toString("hex")}`;
  const events: TestNetworks["events"] = [];
  const logged: string[] = [];
  const options: NetworkStoreOptions = {
    stateDir: join(directory, "state"),
    runDir: join(directory, "run"),
    instanceId,
    clock: systemClock,
    publish: (event) => events.push(event),
    log: (text) => logged.push(text),
  };
  const opened: NetworkStore[] = [];
  const reopen = async () => {
    const store = await NetworkStore.open(options);
    opened.push(store);
    return store;
  };
  const store = await reopen();
  const remains = () => remainsOf(options);
  return {
    ...{ store, options, events, logged, reopen, remains },
    async [Symbol.asyncDispose]() {
      for (const store of opened) await store.close();
      const sweeper = await reopen();
      await sweeper.restore([]);
      for (const { Id } of sweeper.list({ type: ["custom"] })) await sweeper.remove(Id);
      await sweeper.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export function aRequest(
  network: string | undefined,
  more: Partial<SandboxRequest> & { settings?: EndpointSettings } = {},
) {
  const { settings = {}, ...rest } = more;
  const containerId = rest.containerId ?? randomBytes(32).toString("hex");
  const endpoints = network === undefined ? [] : [{ network, settings }];
  const mode = { kind: "networks" as const, endpoints };
  return { containerId, name: `c-${containerId.slice(0, 6)}`, mode, ports: {}, dnsServers: [], sysctls: {}, ...rest };
}

export const never = new AbortController().signal;

/** Answers each TCP connection in a namespace with `text` and the client's address. */
export function serveText(netnsPath: string, port: number, text: string, address = "0.0.0.0"): Server {
  const fd = inNetns(netnsPath, () => boundSocket({ protocol: "tcp", address, port }));
  const server = createServer((socket) => {
    socket.on("error", () => {});
    // Destroyed once sent: a test may take the connection's network away before the client's FIN comes.
    socket.end(`${text} ${socket.remoteAddress}`, () => socket.destroy());
  });
  return server.listen({ fd });
}

/** Long enough for a busy machine: an answer that comes is not missed. */
const answerSeconds = 15;

/** What a TCP server says, asked from a namespace or (without `netnsPath`) from the host; or the errno. */
export async function ask(host: string, port: number, netnsPath?: string): Promise<string> {
  if (netnsPath) return askFrom(netnsPath, { host, port, seconds: answerSeconds });
  return new Promise((resolve) => {
    const socket = createConnection({ host, port });
    let answer = "";
    socket.setTimeout(answerSeconds * 1000, () => {
      socket.destroy();
      resolve("timeout");
    });
    socket.on("data", (data) => {
      answer += data;
    });
    socket.on("end", () => resolve(answer));
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
  });
}

/** "unreachable" where no answer is expected: then a second is waited. */
export function knock(host: string, port: number, netnsPath: string | undefined): Promise<string> {
  return askFrom(netnsPath ?? "", { host, port, seconds: 1 });
}

async function askFrom(
  netnsPath: string,
  { host, port, seconds }: { host: string; port: number; seconds: number },
): Promise<string> {
  const script = `timeout ${seconds} busybox nc -w ${seconds} ${host} ${port} </dev/null`;
  try {
    return (await run(["nsenter", `--net=${netnsPath}`, "sh", "-c", script])).trim() || "nothing";
  } catch {
    return "unreachable";
  }
}

/** Runs a command to its end and gives its standard output. */
export async function run([command = "", ...args]: readonly string[]): Promise<string> {
  return (await promisify(execFile)(command, args, { encoding: "utf8" })).stdout;
}

/** A neighbour of the host, joined by a veth pair. `host…` is the host's end. */
export interface Outside extends Disposable {
  readonly path: string;
  /** The pair's end on the host. */
  readonly link: string;
  readonly hostAddress: string;
  readonly address: string;
  readonly hostAddress6: string;
  readonly address6: string;
}

export function anOutside(subnet = "198.18.77", subnet6 = "2001:db8:77:"): Outside {
  const id = `gt${randomBytes(4).toString("hex")}`;
  const path = `/run/netns/${id}`;
  const sh = (text: string) => execFileSync("sh", ["-ec", text]);
  sh(`ip netns add ${id}; ip link add ${id}h type veth peer name eth0 netns ${id}
    ip addr add ${subnet}.1/24 dev ${id}h; ip addr add ${subnet6}:1/64 dev ${id}h nodad; ip link set ${id}h up
    ip -n ${id} addr add ${subnet}.2/24 dev eth0; ip -n ${id} addr add ${subnet6}:2/64 dev eth0 nodad
    ip -n ${id} link set eth0 up; ip -n ${id} link set lo up`);
  return {
    ...{ path, link: `${id}h`, hostAddress: `${subnet}.1`, address: `${subnet}.2` },
    ...{ hostAddress6: `${subnet6}:1`, address6: `${subnet6}:2` },
    [Symbol.dispose]() {
      execFileSync("ip", ["link", "del", `${id}h`]);
      removeNetns(path);
    },
  };
}

function remainsOf({ instanceId, runDir }: NetworkStoreOptions) {
  const { table, hash } = instanceNames(instanceId);
  const groups = [0x67000000, 0x68000000].map((kind) => String(kind | Number.parseInt(hash.slice(0, 6), 16)));
  const links: Array<{ ifname: string; group?: string }> = JSON.parse(
    execFileSync("ip", ["-j", "link"], { encoding: "utf8" }),
  );
  const ruleset = execFileSync("nft", ["list", "ruleset"], { encoding: "utf8" });
  const netns = join(runDir, "netns");
  return {
    links: links.filter(({ group = "" }) => groups.includes(group)).map(({ ifname }) => ifname),
    tables: ruleset.split("\n").filter((line) => line.includes(table)),
    netns: existsSync(netns) ? readdirSync(netns) : [],
  };
}
