/**
 * Mounts the device that a volume's options name. Touches the world.
 *
 * A bind and a tmpfs are mounted at once. Everything else may wait for a server or a disk: mount(8) does it in a
 * process of its own, so that neither the engine's thread nor its pool waits along, and gives up after a while. Its
 * options, which may hold a password, are in a file that only root reads, never on a command line.
 */
import { execFile } from "node:child_process";
import { lookup } from "node:dns/promises";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { getSystemErrorMap } from "node:util";
import { GantryError, messageOf, systemCodeOf } from "../../base/errors.js";
import { mount } from "../kernel/mount.js";
import { fstabLine } from "./fstab.js";
import { type DeviceMount, isImmediate } from "./volume-record.js";

/** The kernel tries a server that is down for two minutes; a container's start must not take longer than users wait. */
const mountTimeoutMs = 90_000;

/** `scratch` is a directory of the engine's own. Throws "mount-failed"; then nothing is mounted. */
export async function mountDevice(device: DeviceMount, path: string, scratch: string): Promise<void> {
  try {
    if (isImmediate(device)) {
      mount({ source: device.device, target: path, type: device.type, flags: device.flags, data: device.data });
    } else {
      await mountElsewhere(await withAddress(device), path, scratch);
    }
  } catch (cause) {
    throw new GantryError(
      "mount-failed",
      `failed to mount local volume: mount ${device.device}:${path}, type: ${device.type}: ${reasonOf(cause)}`,
      { hint: "Look at the volume's options: gantry volume inspect", cause },
    );
  }
}

/** In the kernel's words: `no such file or directory`. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error ? systemCodeOf(error.cause) : undefined;
  const [, said] = [...getSystemErrorMap().values()].find(([name]) => name === code) ?? [];
  return said ?? messageOf(error);
}

/** The kernel wants numbers where a user may write a server's name. */
async function withAddress(device: DeviceMount): Promise<DeviceMount> {
  const { address } = device;
  if (address === undefined || isIP(address)) return device;
  const found = (await lookup(address)).address;
  return { ...device, words: device.words.map((word) => (word.startsWith("addr=") ? `addr=${found}` : word)) };
}

async function mountElsewhere(device: DeviceMount, path: string, scratch: string): Promise<void> {
  const directory = await mkdtemp(join(scratch, ".mount-"));
  try {
    const table = join(directory, "fstab");
    await writeFile(table, fstabLine(device, path), { mode: 0o600 });
    // Internal only: the kernel's own mount, as Docker's, without the helper programs of file systems.
    await run(["--internal-only", "--fstab", table, path]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function run(args: readonly string[]): Promise<void> {
  const limits = { timeout: mountTimeoutMs, killSignal: "SIGKILL", cwd: "/" } as const;
  return new Promise((resolve, reject) => {
    execFile("mount", args, { ...limits, env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } }, (error, _out, said) => {
      if (!error) resolve();
      else if (error.killed) reject(new Error(`no answer within ${mountTimeoutMs / 1000} s`));
      else reject(new Error(said.trim() || error.message));
    });
  });
}
