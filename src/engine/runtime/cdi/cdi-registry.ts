/**
 * The devices that this host describes by the Container Device Interface.
 *
 * Reads the directories anew each time: drivers write their descriptions when hardware appears. A later directory goes
 * before an earlier one; within one directory two descriptions of a device make it unusable, by the specification.
 */
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { messageOf, systemCodeOf } from "../../../base/errors.js";
import { type CdiEdits, type CdiFile, parseCdiFile } from "./cdi-file.js";

/** The static descriptions, then those that drivers write. */
export const cdiDirectories = ["/etc/cdi", "/var/run/cdi"] as const;

export interface CdiDevice {
  readonly edits: CdiEdits;
  readonly common: CdiEdits;
  /** Devices of one file get its common edits once. */
  readonly file: string;
}

export interface CdiRegistry {
  /** By qualified name, `vendor.com/class=name`. */
  readonly devices: ReadonlyMap<string, CdiDevice>;
  /** One sentence for each file or device that cannot be used. */
  readonly problems: readonly string[];
}

export async function readCdiRegistry(directories: readonly string[] = cdiDirectories): Promise<CdiRegistry> {
  const devices = new Map<string, CdiDevice>();
  const problems: string[] = [];
  for (const directory of directories) {
    const here = new Map<string, CdiDevice | "twice">();
    for (const path of await specificationsIn(directory)) {
      try {
        addDevices(here, await readSpecification(path), path);
      } catch (error) {
        problems.push(`${path}: ${messageOf(error)}`);
      }
    }
    for (const [name, device] of here) {
      devices.delete(name);
      if (device === "twice") problems.push(`${name} is described twice in ${directory}`);
      else devices.set(name, device);
    }
  }
  return { devices, problems };
}

async function specificationsIn(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (systemCodeOf(error) === "ENOENT") return [];
    throw error;
  });
  return names
    .filter((name) => [".json", ".yaml", ".yml"].includes(extname(name)))
    .sort()
    .map((name) => join(directory, name));
}

async function readSpecification(path: string): Promise<CdiFile> {
  const text = await readFile(path, "utf8");
  if (extname(path) === ".json") return parseCdiFile(JSON.parse(text));
  const { parse } = await import("yaml"); // few hosts have such a file, and it is a large module
  return parseCdiFile(parse(text));
}

function addDevices(here: Map<string, CdiDevice | "twice">, { kind, devices, common }: CdiFile, file: string): void {
  for (const [device, edits] of devices) {
    const name = `${kind}=${device}`;
    here.set(name, here.has(name) ? "twice" : { edits, common, file });
  }
}
