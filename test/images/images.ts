/**
 * The images that the tests run, made from Debian's packages by `make-images.sh` and kept in its cache.
 *
 * The first run takes some seconds and asks Debian's mirror, later ones nothing.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const execute = promisify(execFile);
const script = fileURLToPath(new URL("make-images.sh", import.meta.url));

export type ImageName = "busybox" | "debian" | "nginx" | "redis" | "python" | "postgres";

/** One image on disk. `recipe` changes when its content may have changed. */
export interface MadeImage {
  readonly name: ImageName;
  readonly recipe: string;
  /** The whole file system as one tarball. */
  readonly rootfs: string;
  /** Layer tarballs, lowest first. */
  readonly layers: readonly string[];
  /** Dockerfile instructions that set the image's defaults. */
  readonly changes: readonly string[];
}

/** Makes what is missing of `names`, and tells where all of them are, in the order given. */
export async function makeImages(...names: ImageName[]): Promise<MadeImage[]> {
  const { stdout } = await execute(script, names, { timeout: 300_000 });
  const lines = stdout.trim().split("\n");
  return Promise.all(
    names.map(async (name, at) => {
      const [, dir = "", recipe = ""] = (lines[at] ?? "").split(" ");
      const [layers, changes] = await Promise.all([readLines(`${dir}/layers`), readLines(`${dir}/changes`)]);
      return { name, recipe, rootfs: `${dir}/rootfs.tar`, layers, changes };
    }),
  );
}

async function readLines(path: string): Promise<string[]> {
  return (await readFile(path, "utf8")).split("\n").filter((line) => line !== "");
}
