/** What the engine tells about itself and its host, read once at its start. Touches the world. */
import { createHash } from "node:crypto";
import { readFileSync, realpathSync } from "node:fs";
import { availableParallelism, hostname, release, totalmem } from "node:os";
import type { EngineFacts } from "./rooms.js";

/** Facts that come from elsewhere. */
type Given = Pick<
  EngineFacts,
  | "pid"
  | "version"
  | "apiVersion"
  | "stateRoot"
  | "socket"
  | "startedAt"
  | "runtime"
  | "cgroupVersion"
  | "storageDriver"
  | "instanceId"
  | "securityOptions"
>;

/** Completes them with the host's. */
export function readEngineFacts(given: Given): EngineFacts {
  return {
    ...given,
    kernelVersion: release(),
    operatingSystem: operatingSystem(),
    architecture: { x64: "amd64" }[process.arch as string] ?? process.arch,
    hostname: hostname(),
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
  };
}

/** The same for the same state root at every start; engines with different ones never share a name on the host. */
export function instanceIdOf(stateRoot: string): string {
  return createHash("sha256").update(realpathSync(stateRoot)).digest("hex").slice(0, 8);
}

function operatingSystem(): string {
  try {
    const line = /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync("/etc/os-release", "utf8"));
    return line?.[1] || "Linux";
  } catch {
    return "Linux";
  }
}
