/** A real registry on loopback with its storage in a temporary directory, and images pushed to it. For tests. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, vi } from "vitest";

const run = promisify(execFile);

export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Where its blobs lie: `docker/registry/v2/blobs/sha256/…`. */
  readonly storage: string;
  /** Makes an image of one tar file per layer and pushes it as `host/NAME`. `config`: arguments of `umoci config`. */
  push(name: string, image: { layers: readonly string[]; config?: readonly string[] }): Promise<void>;
}

export async function startRegistry(): Promise<TestRegistry> {
  const base = await mkdtemp(join(tmpdir(), "gantry-registry-"));
  const storage = join(base, "storage");
  await mkdir(storage);
  const host = `127.0.0.1:${await freePort()}`;
  const config = join(base, "config.yml");
  const settings = {
    version: 0.1,
    log: { level: "error" },
    storage: { filesystem: { rootdirectory: storage } },
    http: { addr: host },
  };
  await writeFile(config, JSON.stringify(settings)); // JSON is YAML
  const server = spawn("docker-registry", ["serve", config], { stdio: "ignore" });
  await vi.waitFor(async () => expect((await fetch(`http://${host}/v2/`)).status).toBe(200), { timeout: 10_000 });
  return {
    host,
    storage,
    push: (name, image) => push(join(base, "layout"), `${host}/${name}`, image),
    async [Symbol.asyncDispose]() {
      await ended(server);
      await rm(base, { recursive: true, force: true });
    },
  };
}

async function push(
  layout: string,
  target: string,
  { layers, config = [] }: { layers: readonly string[]; config?: readonly string[] },
): Promise<void> {
  await rm(layout, { recursive: true, force: true });
  await run("umoci", ["init", "--layout", layout]);
  const image = `${layout}:test`;
  await run("umoci", ["new", "--image", image]);
  for (const layer of layers) await run("umoci", ["raw", "add-layer", "--image", image, layer]);
  if (config.length > 0) await run("umoci", ["config", "--image", image, ...config]);
  await run("skopeo", ["copy", "--quiet", "--dest-tls-verify=false", `oci:${image}`, `docker://${target}`]);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exit;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("No port");
  return address.port;
}
