/**
 * Digests of the files that a plan is drawn from, by the user's own key. Reads files of this host.
 */
import { createHmac } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { GantryError } from "../../base/errors.js";
import { missing } from "../../plan/bound/moved.js";
import type { Digest } from "../../plan/bound/plan-document.js";
import { readSecretKey } from "../secret-key.js";

const digestChars = 32;
const keyNameChars = 16;
/** Files of projects are smaller; what is bigger is data that is bound, and is told by its size and time. */
const maxFileBytes = 64 * 2 ** 20;

/** The digest of this user, and the name of its key. */
export interface Digester {
  readonly digest: Digest;
  readonly key: string;
}

/** Throws "bad-parameter" where no key can be kept. */
export async function aDigester(secretKey: () => Promise<Buffer | undefined> = readSecretKey): Promise<Digester> {
  const key = await secretKey();
  if (!key) {
    throw new GantryError("bad-parameter", "Plans are bound by a key in ~/.local/state/gantry, which cannot be kept", {
      hint: "Make the directory writable for you",
    });
  }
  const hmac = (text: string | Buffer) => createHmac("sha256", key).update(text).digest("hex");
  return {
    digest: (text) => hmac(text).slice(0, digestChars),
    key: hmac("the name of this key").slice(0, keyNameChars),
  };
}

/** By path; what is not there, cannot be read or is no file (a directory, a socket) has the digest `missing`. */
export async function digestPaths(paths: readonly string[], { digest }: Digester): Promise<Record<string, string>> {
  const found: Record<string, string> = Object.create(null); // a path of a damaged plan may be any word
  for (const path of paths) found[path] = (await digestFile(path, digest)) ?? missing;
  return { ...found };
}

async function digestFile(path: string, digest: Digest): Promise<string | undefined> {
  const file = await stat(path).catch(() => undefined);
  if (!file?.isFile()) return undefined;
  if (file.size > maxFileBytes) return digest(`${file.size} ${file.ctimeMs} ${file.ino}`);
  const content = await readFile(path).catch(() => undefined);
  return content && digest(content.toString("latin1"));
}
