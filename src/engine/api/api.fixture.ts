/** The API on a real unix socket, over rooms that are plain values, with the real client. For tests. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex, PassThrough } from "node:stream";
import { GantryError } from "../../base/errors.js";
import type { EngineClient } from "../../client/engine-client.js";
import { createHttpClient } from "../../client/http-client.js";
import { noRegistryConfig } from "../../registry/registry-config.js";
import type { EngineEvent } from "../../wire/system.js";
import type { Containers } from "../containers/containers.js";
import type { AttachedStdio } from "../supervisor/supervisor.js";
import { Activity } from "./activity.js";
import { type ApiServer, serveApi } from "./api.js";
import { ProjectLocks } from "./project-locks.js";
import type { ApiRooms, EngineFacts } from "./rooms.js";

export interface TestApi extends AsyncDisposable {
  readonly client: EngineClient;
  readonly socket: string;
  readonly server: ApiServer;
  readonly locks: ProjectLocks;
  readonly logged: string[];
  /** How often a shutdown was asked for. */
  readonly shutdowns: () => number;
}

const facts: Omit<EngineFacts, "socket"> = {
  pid: 4711,
  version: "0.1.0",
  apiVersion: "1.51",
  stateRoot: "/state",
  startedAt: "2026-01-01T00:00:00.000Z",
  runtime: "runc",
  runtimes: [{ name: "runc", path: "/usr/sbin/runc" }],
  components: [{ name: "runc", version: "1.1.5" }],
  machine: "x86_64",
  operatingSystemVersion: "1",
  backingFileSystem: "extfs",
  registries: { ...noRegistryConfig, mirrors: { "docker.io": ["http://127.0.0.1:5000"] }, insecure: ["10.0.0.5:5000"] },
  cgroupVersion: 2,
  storageDriver: "overlay2",
  kernelVersion: "6.1.0",
  operatingSystem: "Test Linux",
  architecture: "amd64",
  hostname: "host",
  cpus: 2,
  memoryBytes: 1024 ** 3,
  instanceId: "abcd1234",
  securityOptions: [],
};

/** Serves `rooms`; what a test does not give refuses to be called. */
export async function openTestApi(rooms: { [Room in keyof ApiRooms]?: Partial<ApiRooms[Room]> }): Promise<TestApi> {
  const directory = mkdtempSync(join(tmpdir(), "gantry-api-"));
  const socket = join(directory, "engine.sock");
  const logged: string[] = [];
  const locks = new ProjectLocks();
  let shutdowns = 0;
  const activity = new Activity({ idleMs: 60_000, isBusy: () => false, onIdle: () => {}, now: Date.now });
  const server = await serveApi(
    {
      // A test hands over just the methods that its routes call.
      ...(rooms as ApiRooms),
      facts: { ...facts, socket },
      activity,
      locks,
      shutDown: () => {
        shutdowns += 1;
      },
    },
    { log: (text) => logged.push(text) },
  );
  const client = createHttpClient({ kind: "unix", path: socket });
  return {
    ...{ client, socket, server, locks, logged, shutdowns: () => shutdowns },
    async [Symbol.asyncDispose]() {
      client.close();
      activity[Symbol.dispose]();
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A container that exists, runs and has the given parts. */
export function aContainer(parts: { tty?: boolean; openStdin?: boolean; stdinOnce?: boolean } = {}) {
  const { tty = false, openStdin = false, stdinOnce = false } = parts;
  return {
    Id: "f".repeat(64),
    State: { Running: true, Paused: false, Restarting: false },
    Config: { Tty: tty, OpenStdin: openStdin, StdinOnce: stdinOnce },
    HostConfig: {},
  } as unknown as ReturnType<Containers["inspect"]>;
}

/** Stdio whose two ends a test holds: `input` is what the container reads, `output` what it writes. */
export function someStdio(): AttachedStdio & { input: PassThrough; output: PassThrough; closed: () => boolean } {
  const input = new PassThrough();
  const output = new PassThrough();
  let closed = false;
  const stream = Duplex.from({ readable: output, writable: input });
  return {
    ...{ input, output, stream, closed: () => closed },
    resize: () => {},
    close: () => {
      closed = true;
    },
  };
}

/** What a room throws for an id that it does not know. */
export function notFound(id: string): never {
  throw new GantryError("container-not-found", `No such container: ${id}`);
}

/** A container's event. */
export function anEvent(Action: string): EngineEvent {
  return {
    Type: "container",
    Action,
    Actor: { ID: "abc", Attributes: { image: "busybox", name: "c" } },
    scope: "local",
    time: 1,
    timeNano: 1e9,
  };
}
