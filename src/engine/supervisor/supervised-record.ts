/** What a supervisor must know of a container to take it over after a crash: a small file beside conmon's own. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isRecord } from "../../base/json.js";
import type { ProcessIdentity } from "../kernel/process.js";

export interface SupervisedRecord {
  readonly schema: 1;
  readonly containerId: string;
  readonly bundleDir: string;
  readonly runtime: string;
  readonly cgroupsPath: string;
  /** Its conmon; undefined while it is being made. */
  readonly monitor: ProcessIdentity | undefined;
}

/** Written whole. Not synced to disk: it describes processes, and they do not outlive a power cut either. */
export function writeRecord(stateDir: string, record: SupervisedRecord): void {
  const path = join(stateDir, "supervised.json");
  writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Undefined when there is none, or none that makes sense. */
export function readRecord(stateDir: string): SupervisedRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(join(stateDir, "supervised.json"), "utf8"));
  } catch {
    return undefined;
  }
  if (!isRecord(value) || value.schema !== 1) return undefined;
  const { containerId, bundleDir, runtime, cgroupsPath } = value;
  if (typeof containerId !== "string" || typeof bundleDir !== "string") return undefined;
  if (typeof runtime !== "string" || typeof cgroupsPath !== "string") return undefined;
  return { schema: 1, containerId, bundleDir, runtime, cgroupsPath, monitor: parseIdentity(value.monitor) };
}

function parseIdentity(value: unknown): ProcessIdentity | undefined {
  if (!isRecord(value)) return undefined;
  const { pid, startTicks, bootId } = value;
  if (typeof pid !== "number" || typeof startTicks !== "number" || typeof bootId !== "string") return undefined;
  return { pid, startTicks, bootId };
}
