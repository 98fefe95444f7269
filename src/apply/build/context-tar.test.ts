import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { extract } from "tar-stream";
import { afterEach, beforeEach, expect, it } from "vitest";
import { contextTar } from "./context-tar.js";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "gantry-context-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** `name type content` of each entry. */
async function entries(options: { dockerfile?: string; dockerfileText?: string } = {}): Promise<string[]> {
  const found: string[] = [];
  const tar = Readable.from(contextTar({ directory, dockerfile: "Dockerfile", ...options })).pipe(extract());
  for await (const entry of tar) {
    let content = "";
    for await (const chunk of entry) content += String(chunk);
    const { name, type, linkname } = entry.header;
    found.push([name, type, linkname ?? content].filter(Boolean).join(" "));
  }
  return found;
}

it("holds directories, files and links by name, owners left out", async () => {
  mkdirSync(join(directory, "d"));
  writeFileSync(join(directory, "d/f"), "x".repeat(600));
  writeFileSync(join(directory, "Dockerfile"), "FROM a");
  symlinkSync("d/f", join(directory, "link"));
  expect(await entries()).toEqual([
    "Dockerfile file FROM a",
    "d/ directory",
    `d/f file ${"x".repeat(600)}`,
    "link symlink d/f",
  ]);
});

it("leaves out what the ignore file names, and never the Dockerfile", async () => {
  mkdirSync(join(directory, "d"));
  for (const name of ["Dockerfile", "a", "d/b", "d/c"]) writeFileSync(join(directory, name), "");
  writeFileSync(join(directory, ".dockerignore"), "*\n!d/c\n");
  expect(await entries()).toEqual([".dockerignore file *\n!d/c\n", "Dockerfile file", "d/c file"]);
});

it("takes the Dockerfile's own ignore file before the context's", async () => {
  for (const name of ["D", "a", "b"]) writeFileSync(join(directory, name), "");
  writeFileSync(join(directory, ".dockerignore"), "a");
  writeFileSync(join(directory, "D.dockerignore"), "b");
  expect(await entries({ dockerfile: "D" })).toEqual([
    ".dockerignore file a",
    "D file",
    "D.dockerignore file b",
    "a file",
  ]);
});

it("sends a Dockerfile that is given as text in the place of the file", async () => {
  writeFileSync(join(directory, "Dockerfile"), "old");
  expect(await entries({ dockerfileText: "new" })).toEqual(["Dockerfile file new"]);
});

it("keeps names that no old header holds", async () => {
  const long = "ü".repeat(60);
  mkdirSync(join(directory, long));
  writeFileSync(join(directory, long, long), "");
  symlinkSync(`${long}/${long}`, join(directory, "l"));
  expect(await entries()).toEqual([`l symlink ${long}/${long}`, `${long}/ directory`, `${long}/${long} file`]);
});

it("says so when there is no such directory", async () => {
  rmSync(directory, { recursive: true });
  const first = contextTar({ directory, dockerfile: "Dockerfile" }).next();
  await expect(first).rejects.toThrow("is not a directory");
});
