/** Podman's Docker-compatible service (Debian's `podman`) with private state, for tests that need it as an engine. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { promisify } from "node:util";
import { directDialer } from "../../src/client/dial/dialer.js";
import { connectHttpClient } from "../../src/client/http-client.js";
import { eventually } from "../scenarios/harness/eventually.js";

const execute = promisify(execFile);

export interface PodmanService extends AsyncDisposable {
  /** `unix:///…` */
  readonly host: string;
}

const startLimitMs = 30_000;
const forever = ["--time", "0"];

/** `through` runs it with mounts and a network of its own, as on a stand-in host. Resolves when the service answers. */
export async function startPodmanService(through: readonly string[]): Promise<PodmanService> {
  const dir = await mkdtemp(`${tmpdir()}/gantry-podman-`);
  const socket = `${dir}/podman.sock`;
  const address = `unix://${socket}`;
  const env = { ...process.env, ...(await configure(dir)) };
  const state = ["--root", `${dir}/root`, "--runroot", `${dir}/run`, "--tmpdir", `${dir}/tmp`];
  const settings = ["--cgroup-manager", "cgroupfs", "--network-config-dir", `${dir}/networks`];
  // What it keeps once for all of a host, its name server and its networks' files, goes to mounts of the stand-in host.
  const script =
    'for dir in /run/containers /run/netns; do mkdir -p $dir; mount -t tmpfs tmpfs $dir; done; exec podman "$@"';
  const words = ["sh", "-ec", script, "podman", ...state, ...settings, "system", "service", ...forever, address];
  const [file = "", ...args] = [...through, ...words];
  const service = spawn(file, args, { env, stdio: "ignore" });
  const ended = once(service, "exit");
  const dialer = directDialer({ kind: "unix", path: socket });
  await eventually(async () => (await connectHttpClient(dialer)).close(), startLimitMs);
  return {
    host: address,
    [Symbol.asyncDispose]: async () => {
      service.kill();
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/**
 * Files of its own in place of the system's. Limits as they are: raising them needs a capability that a machine may
 * lack. runc where there is one, because crun refuses hosts with both cgroup versions.
 */
async function configure(dir: string): Promise<Record<string, string>> {
  const hasRunc = await execute("sh", ["-c", "command -v runc"]).then(
    () => true,
    () => false,
  );
  const files = {
    CONTAINERS_CONF: `[containers]\ndefault_ulimits = []\n[engine]\n${hasRunc ? 'runtime = "runc"\n' : ""}`,
    CONTAINERS_REGISTRIES_CONF:
      'unqualified-search-registries = ["docker.io"]\n' + '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n',
  };
  const entries = Object.entries(files).map(async ([name, text]): Promise<[string, string]> => {
    await writeFile(`${dir}/${name}`, text);
    return [name, `${dir}/${name}`];
  });
  return Object.fromEntries(await Promise.all(entries));
}
