/**
 * An engine behind Gantry's command line, for tests that must pass whichever it is: ours, a Docker daemon, Podman's
 * service. Each is private and runs on a host of its own (see `host.ts` of the harness), of which nothing is left.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { Disposer } from "../../src/base/disposal.js";
import { directDialer } from "../../src/client/dial/dialer.js";
import type { EngineClient } from "../../src/client/engine-client.js";
import { connectHttpClient } from "../../src/client/http-client.js";
import { startDockerDaemon } from "../scenarios/harness/docker-daemon.js";
import { aGantry, type Gantry } from "../scenarios/harness/gantry.js";
import { aStandInHost, pageScript, type StandInHost } from "../scenarios/harness/host.js";
import { startPodmanService } from "./podman-service.js";

const execute = promisify(execFile);

export type BackendName = "embedded" | "docker" | "podman";

export interface Backend extends AsyncDisposable {
  readonly name: BackendName;
  /** Its commands go to this engine. */
  readonly gantry: Gantry;
  /** The engine itself, for what people do past Gantry. */
  readonly client: EngineClient;
  /** `unix:///…` of the engine. */
  readonly address: string;
  readonly host: StandInHost;
  /** The body of a page, asked for by the engine's host. */
  fetch(url: string): Promise<string>;
  /** Names of what the engine holds: containers, networks and volumes that somebody made. */
  remains(): Promise<string[]>;
}

/** An engine that is there and the way to end it. */
interface Service extends AsyncDisposable {
  readonly host: string;
}

/** Starts the engine with the image `busybox` in it. A failure leaves nothing running. */
export async function startBackend(name: BackendName): Promise<Backend> {
  await using started = new Disposer();
  const ended = <Part extends AsyncDisposable>(part: Part): Part => {
    started.defer(() => part[Symbol.asyncDispose]());
    return part;
  };
  const host = ended(await aStandInHost());
  started.defer(() => endProcesses(host.namespace));
  const service = name === "embedded" ? undefined : ended(await startService(name, host));
  const gantry = ended(await aGantry(service ? { GANTRY_HOST: service.host } : {}, host.through));
  await gantry.importImages("busybox");
  const address = service?.host ?? `unix://${gantry.stateRoot.replace(/state$/, "run/engine.sock")}`;
  const client = await connectHttpClient(directDialer({ kind: "unix", path: address.slice("unix://".length) }));
  started.defer(() => client.close());
  const whole = started.handOver();
  return {
    name,
    gantry,
    client,
    address,
    host,
    fetch: (url) => host.run(process.execPath, ...pageScript, url),
    remains: () => remainsOf(client),
    [Symbol.asyncDispose]: () => whole[Symbol.asyncDispose](),
  };
}

function startService(name: "docker" | "podman", host: StandInHost): Promise<Service> {
  return name === "docker" ? startDockerDaemon(host.through) : startPodmanService(host.through);
}

const ownNetworks = ["bridge", "host", "none", "podman"];

async function remainsOf(client: EngineClient): Promise<string[]> {
  const [containers, networks, volumes] = await Promise.all([
    client.containers.list({ all: true }),
    client.networks.list(),
    client.volumes.list(),
  ]);
  return [
    ...containers.flatMap(({ Names }) => Names),
    ...networks.map(({ Name }) => Name).filter((network) => !ownNetworks.includes(network)),
    ...volumes.map(({ Name }) => Name),
  ].sort();
}

/** What an engine left running in the host's network, as a name server or a monitor; the host's own holder stays. */
async function endProcesses(namespace: string): Promise<void> {
  const { stdout } = await execute("ip", ["netns", "pids", namespace]);
  for (const pid of stdout.split("\n").filter(Boolean)) {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (command !== "" && !command.startsWith("sleep\0infinity")) process.kill(Number(pid), "SIGKILL");
  }
}
