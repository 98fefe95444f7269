/**
 * The key by which a user's secrets are digested: random, made at its first use, readable by this user alone.
 *
 * Touches the user's home. Another user, or the same one elsewhere, has another key: containers with secrets that were
 * made there count as changed here.
 */
import { randomBytes } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

const keyBytes = 32;

/** Undefined where a key can neither be read nor kept: changes of secrets are not seen then. */
export async function readSecretKey(directory = stateDirectory()): Promise<Buffer | undefined> {
  const path = join(directory, "secret-key");
  return (await keyAt(path)) ?? (await makeKey(directory, path).catch(() => undefined));
}

async function keyAt(path: string): Promise<Buffer | undefined> {
  const text = await readFile(path, "latin1").catch(() => "");
  const key = Buffer.from(text.trim(), "hex");
  return key.length === keyBytes ? key : undefined;
}

/** Linked into place whole; of two that are made at once the first one stays. */
async function makeKey(directory: string, path: string): Promise<Buffer | undefined> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const fresh = `${path}.${randomBytes(4).toString("hex")}`;
  await writeFile(fresh, `${randomBytes(keyBytes).toString("hex")}\n`, { mode: 0o600, flag: "wx" });
  try {
    await link(fresh, path).catch(() => undefined);
    return await keyAt(path);
  } finally {
    await rm(fresh, { force: true });
  }
}

function stateDirectory(): string {
  return join(homedir(), ".local/state/gantry");
}
