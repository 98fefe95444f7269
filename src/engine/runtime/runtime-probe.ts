/**
 * Which OCI runtimes really work on this host: each is asked to run a container, and the answer is remembered.
 *
 * The trial's root file system is an empty directory with one static program found on the host, or none at all: a
 * runtime that gets as far as "executable file not found" has made the namespaces, mounts and cgroups that matter.
 */
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { isRecord } from "../../base/json.js";
import { readBootId } from "../kernel/process.js";
import { cgroupLayout, removeCgroup } from "./cgroups.js";
import type { OciRuntime } from "./oci-runtime.js";

const searchPath = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/** A runtime that has not answered by then hangs. */
const probeTimeoutMs = 10_000;
const candidates = ["crun", "runc"];

/** First match of a program in the usual directories, or undefined. */
export function findProgram(name: string): string | undefined {
  return searchPath
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        return statSync(path).isFile();
      } catch {
        return false;
      }
    });
}

/**
 * The runtimes that work, the fastest first (crun, then runc). `cacheFile` keeps the answer for these very binaries and
 * this boot; `wrapperDir` (private, allows execution) gets the wrapper that crun needs on a hybrid cgroup host.
 */
export async function probeRuntimes(paths: { cacheFile: string; wrapperDir: string }): Promise<OciRuntime[]> {
  const found = candidates.map((name) => ({ name, binary: findProgram(name) }));
  const key = [readBootId(), ...found.map(({ binary }) => `${binary}@${binary && statSync(binary).mtimeMs}`)].join(" ");
  const cached = readCache(paths.cacheFile, key);
  if (cached) return cached;
  const works: OciRuntime[] = [];
  for (const { name, binary } of found) {
    if (!binary) continue;
    const runtime = await probeRuntime(name, binary, paths.wrapperDir);
    if (runtime) works.push(runtime);
  }
  mkdirSync(paths.wrapperDir, { recursive: true, mode: 0o700 });
  writeFileSync(`${paths.cacheFile}.new`, JSON.stringify({ key, works }), { mode: 0o600 });
  renameSync(`${paths.cacheFile}.new`, paths.cacheFile);
  return works;
}

async function probeRuntime(name: string, binary: string, wrapperDir: string): Promise<OciRuntime | undefined> {
  const version = /version (\S+)/.exec((await call(binary, ["--version"])).output)?.[1] ?? "";
  if (await makesContainers(binary)) return { name, command: binary, binary, version };
  // crun takes the empty v2 tree of a hybrid host for the whole; hidden from it, crun works like on plain v1.
  if (name !== "crun" || cgroupLayout() !== "hybrid") return undefined;
  const command = writeWrapper(binary, wrapperDir);
  return command && (await makesContainers(command)) ? { name, command, binary, version } : undefined;
}

/**
 * A shell script that runs the runtime in a mount namespace without the v2 tree. Its mounts are slaves of the host's:
 * what the host mounts later arrives, but a container's shared bind does not reach the host (such containers take
 * runc).
 */
function writeWrapper(binary: string, wrapperDir: string): string | undefined {
  const unshare = findProgram("unshare");
  const umount = findProgram("umount");
  if (!unshare || !umount) return undefined;
  mkdirSync(wrapperDir, { recursive: true, mode: 0o700 });
  const path = join(wrapperDir, "crun-hybrid");
  const inner = `${umount} /sys/fs/cgroup/unified && exec ${binary} "$@"`;
  writeFileSync(path, `#!/bin/sh\nexec ${unshare} --mount --propagation slave /bin/sh -c '${inner}' crun "$@"\n`);
  chmodSync(path, 0o700);
  return path;
}

async function makesContainers(command: string): Promise<boolean> {
  const folder = mkdtempSync("/tmp/gantry-probe-");
  const id = basename(folder);
  try {
    mkdirSync(join(folder, "rootfs/proc"), { recursive: true });
    writeFileSync(join(folder, "config.json"), JSON.stringify(trialSpec(id)));
    const { output } = await call(command, ["--root", join(folder, "state"), "run", "--bundle", folder, id]);
    return /executable file .*not found|no such file or directory/i.test(output) && !/cgroup|mount/i.test(output);
  } finally {
    await call(command, ["--root", join(folder, "state"), "delete", "--force", id]);
    removeCgroup(`/${id}`);
    rmSync(folder, { recursive: true, force: true });
  }
}

function trialSpec(id: string) {
  return {
    ociVersion: "1.0.2",
    process: { terminal: false, user: { uid: 0, gid: 0 }, args: ["/gantry-probe"], env: ["PATH=/"], cwd: "/" },
    root: { path: "rootfs", readonly: false },
    mounts: [{ destination: "/proc", type: "proc", source: "proc" }],
    linux: {
      namespaces: [{ type: "pid" }, { type: "network" }, { type: "ipc" }, { type: "uts" }, { type: "mount" }],
      cgroupsPath: `/${id}`,
      resources: { memory: { limit: 64 * 1024 ** 2 }, pids: { limit: 16 } },
    },
  };
}

function readCache(cacheFile: string, key: string): OciRuntime[] | undefined {
  try {
    const cache: unknown = JSON.parse(readFileSync(cacheFile, "utf8"));
    if (!isRecord(cache) || cache.key !== key || !Array.isArray(cache.works)) return undefined;
    const works = cache.works.filter(isRuntime);
    for (const { command } of works) statSync(command); // a wrapper in an emptied run directory is made anew
    return works;
  } catch {
    return undefined;
  }
}

function isRuntime(value: unknown): value is OciRuntime {
  return isRecord(value) && ["name", "command", "binary", "version"].every((key) => typeof value[key] === "string");
}

/** Exit code and everything the program said. Never rejects: a program that cannot run has exit code -1. */
export function call(command: string, args: readonly string[]): Promise<{ exitCode: number; output: string }> {
  return new Promise((resolve) => {
    execFile(
      command,
      args,
      { timeout: probeTimeoutMs, cwd: "/", env: { PATH: searchPath.join(":") } },
      (error, out, err) => resolve({ exitCode: error === null ? 0 : -1, output: `${out}${err}` }),
    );
  });
}
