/** The files that the flags of `container create` name: read, and the one that takes the id. */
import { open, readFile, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { GantryError } from "../../../../../base/errors.js";
import type { CreateFiles } from "./create-body.js";
import type { CreateOptions } from "./create-options.js";
import { seccompPaths } from "./security-options.js";

/** Throws "bad-parameter", naming the flag and the file. */
export async function readCreateFiles(options: CreateOptions, cwd: string): Promise<CreateFiles> {
  const profiles = seccompPaths(options.securityOpt);
  return {
    env: await readLines(options.envFile ?? [], { cwd, flag: "--env-file" }),
    labels: await readLines(options.labelFile ?? [], { cwd, flag: "--label-file" }),
    seccomp: new Map(
      await Promise.all(
        profiles.map(async (path) => [path, await readText(path, { cwd, flag: "--security-opt" })] as const),
      ),
    ),
  };
}

/** The lines of all files, in order. Throws "bad-parameter", naming the flag and the file. */
export async function readLines(paths: readonly string[], place: { cwd: string; flag: string }): Promise<string[]> {
  const texts = await Promise.all(paths.map((path) => readText(path, place)));
  return texts.flatMap((text) => text.split(/\r?\n/));
}

function readText(path: string, { cwd, flag }: { cwd: string; flag: string }): Promise<string> {
  return readFile(resolve(cwd, path), "utf8").catch((cause: unknown) => {
    throw new GantryError("bad-parameter", `${flag}: ${path} cannot be read`, { cause });
  });
}

/** Taken at once, so that nobody else writes it; gone again when it is disposed of without an id. */
export interface IdFile extends AsyncDisposable {
  write(id: string): Promise<void>;
}

/** Throws "bad-parameter" when the file is there already. Without a path nothing happens. */
export async function reserveIdFile(path: string | undefined, cwd: string): Promise<IdFile> {
  if (path === undefined) return { write: async () => {}, [Symbol.asyncDispose]: async () => {} };
  const place = resolve(cwd, path);
  const file = await open(place, "wx").catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === "EEXIST" ? "is there already; remove it or name another" : "cannot be written";
    throw new GantryError("bad-parameter", `--cidfile: ${path} ${why}`, { cause });
  });
  let isWritten = false;
  return {
    write: async (id) => {
      await file.writeFile(id);
      isWritten = true;
    },
    [Symbol.asyncDispose]: async () => {
      await file.close();
      if (!isWritten) await rm(place, { force: true });
    },
  };
}
