/**
 * Programs that keep credentials: `docker-credential-NAME get | store | erase | list`, told by stdin what about.
 *
 * @see Docker, "Credential helper protocol"
 */
import { spawn } from "node:child_process";
import { GantryError } from "../../base/errors.js";
import { isRecord } from "../../base/json.js";
import { printable } from "../../base/printable.js";
import type { Credentials } from "./docker-config.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** A helper that hangs, as one that asks on a screen that nobody sees, is given up after this long. */
const helperLimitMs = 60_000;
/** More is no secret. */
const maxReplyBytes = 1024 * 1024;

/** In place of a user's name where the secret is an identity token. */
const tokenUser = "<token>";

/** Undefined when the helper has none. Throws "registry-denied" when it fails, is not there or hangs. */
export async function helperGet(
  name: string,
  key: string,
  env: Environment,
  { limitMs }: { readonly limitMs?: number } = {},
): Promise<Credentials | undefined> {
  const { code, output } = await runHelper(name, "get", { input: key, env, limitMs });
  if (code !== 0) {
    if (/credentials not found in native keychain/i.test(output)) return undefined;
    throw failed(name, "get", output);
  }
  const reply: unknown = parseJson(output);
  if (!isRecord(reply) || typeof reply.Username !== "string" || typeof reply.Secret !== "string") {
    throw failed(name, "get", "its answer is not what the protocol says");
  }
  const { Username, Secret } = reply;
  return Username === tokenUser ? { identityToken: Secret } : { username: Username, password: Secret };
}

/** Throws "registry-denied". */
export async function helperStore(
  name: string,
  { key, credentials, env }: { key: string; credentials: Credentials; env: Environment },
): Promise<void> {
  const { username = "", password = "", identityToken } = credentials;
  const secret =
    identityToken === undefined
      ? { Username: username, Secret: password }
      : { Username: tokenUser, Secret: identityToken };
  const input = JSON.stringify({ ServerURL: key, ...secret });
  const { code, output } = await runHelper(name, "store", { input, env });
  if (code !== 0) throw failed(name, "store", output);
}

/** One that is not there is fine. Throws "registry-denied". */
export async function helperErase(name: string, key: string, env: Environment): Promise<void> {
  const { code, output } = await runHelper(name, "erase", { input: key, env });
  if (code !== 0 && !/credentials not found/i.test(output)) throw failed(name, "erase", output);
}

function runHelper(
  name: string,
  action: "get" | "store" | "erase",
  { input, env, limitMs = helperLimitMs }: { input: string; env: Environment; limitMs?: number | undefined },
): Promise<{ code: number; output: string }> {
  // It names a program to be found in PATH and must not lead anywhere else.
  if (!/^[\w.-]+$/.test(name)) throw failed(name, action, "this is no name of a helper");
  const limit = AbortSignal.timeout(limitMs);
  return new Promise((resolve, reject) => {
    const child = spawn(`docker-credential-${name}`, [action], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...env },
      signal: limit,
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.length > maxReplyBytes) child.kill("SIGKILL");
    });
    child.on("error", (cause) => {
      const late = `it did not answer within ${limitMs / 1000} s and was ended`;
      reject(failed(name, action, limit.aborted ? late : "it cannot be started", cause));
    });
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
    child.stdin.on("error", () => {}); // it may end without having read
    child.stdin.end(input);
  });
}

/** What a helper says when it fails goes to the user; the secret is never part of that. */
function failed(name: string, action: string, why: string, cause?: unknown): GantryError {
  const reason = printable(why.trim()).slice(0, 200);
  return new GantryError("registry-denied", `Credential helper docker-credential-${name} ${action}: ${reason}`, {
    hint: "It is named by credsStore or credHelpers in docker's config.json",
    ...(cause === undefined ? {} : { cause }),
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
