/** A real registry (Debian's `docker-registry`) on a free loopback port, with the test images in it as on Docker Hub. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { type ImageName, type MadeImage, makeImages } from "./images.js";
import { writeOciLayout } from "./oci-layout.js";

const execute = promisify(execFile);

export interface Registry extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly address: string;
}

/**
 * Starts a registry that holds `library/NAME:latest` for each name. Its storage is filled once per recipe (through
 * `skopeo copy` of an OCI layout) and kept beside the images; nothing is pushed when it is there.
 */
export async function startRegistryWith(...names: ImageName[]): Promise<Registry> {
  const images = await makeImages(...names);
  const [first] = images;
  if (!first) return startRegistry(await mkdtemp(`${tmpdir()}/gantry-registry-`));
  const storage = `${dirname(dirname(dirname(first.rootfs)))}/registry-${[...names].sort().join("-")}-${first.recipe}`;
  if (!(await exists(storage))) await fill(storage, images);
  return startRegistry(storage);
}

export interface RegistryOptions {
  /** A command that runs it elsewhere, as `nsenter`. */
  readonly through?: readonly string[];
  /** On 127.0.0.1; a free one unless told. */
  readonly port?: number;
  /** Who may use it: lines of an htpasswd file, with bcrypt hashes. Everybody unless told. */
  readonly users?: string;
}

/** Starts a registry over the given storage directory. */
export async function startRegistry(
  storage: string,
  { through = [], port = 0, users }: RegistryOptions = {},
): Promise<Registry> {
  const dir = await mkdtemp(`${tmpdir()}/gantry-registry-`);
  if (users !== undefined) await writeFile(`${dir}/htpasswd`, users);
  await writeFile(
    `${dir}/config.yml`,
    `version: 0.1\nlog: {level: info, formatter: json}\nstorage: {filesystem: {rootdirectory: ${storage}}}\n` +
      `http: {addr: '127.0.0.1:${port}'}\n` +
      (users === undefined ? "" : `auth: {htpasswd: {realm: tests, path: ${dir}/htpasswd}}\n`),
  );
  const [file = "", ...args] = [...through, "docker-registry", "serve", `${dir}/config.yml`];
  const child = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"] });
  const address = await new Promise<string>((resolve, reject) => {
    createInterface(child.stderr).on("line", (line) => {
      const found = /listening on (127\.0\.0\.1:\d+)/.exec(line);
      if (found?.[1]) resolve(found[1]);
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`docker-registry ended with ${code}`)));
  });
  return {
    address,
    url: `http://${address}`,
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill();
      await ended;
      await rm(dir, { recursive: true });
    },
  };
}

async function fill(storage: string, images: readonly MadeImage[]): Promise<void> {
  const work = await mkdtemp(`${dirname(storage)}/.registry-`);
  try {
    await mkdir(`${work}/storage`);
    await using registry = await startRegistry(`${work}/storage`);
    for (const image of images) {
      await writeOciLayout(image, `${work}/${image.name}`);
      const target = `docker://${registry.address}/library/${image.name}:latest`;
      await execute("skopeo", ["copy", "--dest-tls-verify=false", `oci:${work}/${image.name}:latest`, target]);
    }
    await rename(`${work}/storage`, storage).catch(async (error: unknown) => {
      if (!(await exists(storage))) throw error; // else another run has filled it meanwhile
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
