/**
 * Digests of the files that a plan is drawn from, by the user's own key. Reads files of this host.
 */
import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { GantryError } from "../../base/errors.js";
import { missing } from "../../plan/bound/moved.js";
import type { Digest } from "../../plan/bound/plan-document.js";
import { readSecretKey } from "../secret-key.js";

const digestChars = 32;
const keyNameChars = 16;

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

/** By path; what is not there, cannot be read or is no file has the digest `missing`. */
export async function digestPaths(paths: readonly string[], { digest }: Digester): Promise<Record<string, string>> {
  const entries = await Promise.all(
    paths.map(async (path): Promise<[string, string]> => {
      const content = await readFile(path).catch(() => undefined);
      return [path, content === undefined ? missing : digest(content.toString("latin1"))];
    }),
  );
  return Object.fromEntries(entries);
}
