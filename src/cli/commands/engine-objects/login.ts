/** `gantry login` and `logout`: credentials of registries, tried by the engine before they are kept. */
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { GantryError } from "../../../base/errors.js";
import type { CliContext } from "../../context.js";
import { CredentialStore } from "../../registry-auth/credential-store.js";
import { type Credentials, registryKey } from "../../registry-auth/docker-config.js";

export interface LoginOptions {
  readonly username?: string;
  readonly password?: string;
  readonly passwordStdin?: boolean;
}

/** Docker Hub when no registry is named. Throws "registry-denied" and keeps nothing when the registry says no. */
export async function login(context: CliContext, options: LoginOptions, registry = "docker.io"): Promise<void> {
  const store = new CredentialStore(context.env);
  const key = registryKey(registry);
  const credentials = await askCredentials(context, options, { store, registry, key });
  const client = await context.connect();
  const { IdentityToken, Status } = await client.system.auth(
    { username: credentials.username ?? "", password: credentials.password ?? "", serveraddress: key },
    { signal: context.signal },
  );
  const kept = IdentityToken ? { ...credentials, password: "", identityToken: IdentityToken } : credentials;
  const { isPlain, path } = await store.store(key, kept);
  if (isPlain) {
    context.stderr.write(
      `warning: the password stands in ${path}, readable to you alone; a credential helper keeps it better\n`,
    );
  }
  context.stdout.write(`${Status || "Login Succeeded"}\n`);
}

/** Nothing to forget is fine. */
export async function logout(context: CliContext, registry = "docker.io"): Promise<void> {
  const key = registryKey(registry);
  const store = new CredentialStore(context.env);
  if (await store.erase(key)) context.stdout.write(`Removing login credentials for ${key}\n`);
  else context.stdout.write(`Not logged in to ${key}\n`);
}

async function askCredentials(
  context: CliContext,
  { username, password, passwordStdin }: LoginOptions,
  { store, registry, key }: { store: CredentialStore; registry: string; key: string },
): Promise<Credentials> {
  if (passwordStdin && password !== undefined) {
    throw new GantryError("bad-usage", "--password and --password-stdin cannot be combined");
  }
  if (passwordStdin && !username) throw new GantryError("bad-usage", "Must provide --username with --password-stdin");
  if (password !== undefined) {
    context.stderr.write("warning: a password on the command line is seen by others; use --password-stdin\n");
  }
  if (passwordStdin) return { username: username ?? "", password: await readSecret(context) };
  if (username !== undefined && password !== undefined) return { username, password };
  const known =
    username === undefined && password === undefined ? await store.find(key).catch(() => undefined) : undefined;
  if (known?.username !== undefined && known.password !== undefined) {
    context.stdout.write(`Authenticating with existing credentials... [Username: ${known.username}]\n`);
    return known;
  }
  if (!context.stdin.isTTY) {
    throw new GantryError("bad-parameter", "Not a terminal: nobody can be asked", {
      hint: `Write: gantry login --username NAME --password-stdin ${registry} < FILE`,
    });
  }
  const user = username ?? (await ask(context, "Username: ", { isSecret: false }));
  return { username: user, password: password ?? (await ask(context, "Password: ", { isSecret: true })) };
}

/** The first line break at the end is the shell's. */
async function readSecret({ stdin }: CliContext): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks)
    .toString("utf8")
    .replace(/\r?\n$/, "");
}

/** What is typed as a secret is not shown. */
function ask(
  { stdin, stdout, signal }: CliContext,
  question: string,
  { isSecret }: { isSecret: boolean },
): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const asking = createInterface({ input: stdin, output: isSecret ? silent : stdout, terminal: true });
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    const leave = () => reject(new GantryError("cancelled", "Cancelled"));
    asking.once("SIGINT", leave).once("close", leave);
    // Only now the terminal shows nothing by itself: who answers at once must not be read over the shoulder either.
    if (isSecret) stdout.write(question);
    asking.question(isSecret ? "" : question, resolve);
  }).finally(() => {
    asking.close();
    if (isSecret) stdout.write("\n");
  }) as Promise<string>;
}
