/**
 * The agents that steps of a build may use: sockets that are there, or one of our own that knows the keys it was given.
 *
 * Touches the world: runs OpenSSH's agent for as long as the build takes. Keys stay with it: neither the engine nor a
 * step sees them.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Disposer } from "../../base/disposal.js";
import { GantryError, systemCodeOf } from "../../base/errors.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** Sockets by the id that steps use. The agents end with the disposal. */
export interface OpenAgents extends AsyncDisposable {
  readonly sockets: Readonly<Record<string, string>>;
}

/**
 * `words` as `--ssh` and `build.ssh` have them: `default`, `ID`, `ID=SOCKET`, `ID=KEY,KEY`.
 *
 * @throws {GantryError} "bad-parameter" without an agent or for a key that cannot be used, "helper-missing"
 */
export async function openAgents(words: readonly string[], environment: Environment): Promise<OpenAgents> {
  const disposer = new Disposer();
  try {
    const sockets: Record<string, string> = {};
    for (const word of words) {
      const [id = "", path = ""] = word.split(/=(.*)/s, 2);
      sockets[id || "default"] = await socketOf(word, path, { environment, disposer });
    }
    return { sockets, [Symbol.asyncDispose]: () => disposer[Symbol.asyncDispose]() };
  } catch (error) {
    await disposer[Symbol.asyncDispose]();
    throw error;
  }
}

async function socketOf(
  word: string,
  path: string,
  { environment, disposer }: { environment: Environment; disposer: Disposer },
): Promise<string> {
  const paths = (path || environment.SSH_AUTH_SOCK || "").split(",").filter((one) => one !== "");
  const [first] = paths;
  if (first === undefined) {
    throw new GantryError("bad-parameter", `ssh ${word}: no agent is running (SSH_AUTH_SOCK is not set)`, {
      hint: "Start one (ssh-agent, ssh-add), or name a key: --ssh default=FILE",
    });
  }
  const kinds = await Promise.all(paths.map((one) => kindOf(word, one)));
  if (paths.length === 1 && kinds[0] === "socket") return first;
  if (kinds.includes("socket")) throw new GantryError("bad-parameter", `ssh ${word}: an agent's socket stands alone`);
  return agentWith(paths, { word, environment, disposer });
}

async function kindOf(word: string, path: string): Promise<"socket" | "key"> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new GantryError("bad-parameter", `ssh ${word}: there is no ${path}`, { cause });
  });
  return found.isSocket() ? "socket" : "key";
}

/** Says where it listens before it listens to anybody; ends with the disposal. */
async function agentWith(
  keys: readonly string[],
  { word, environment, disposer }: { word: string; environment: Environment; disposer: Disposer },
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "gantry-ssh-"));
  disposer.defer(() => rm(directory, { recursive: true, force: true }));
  const socket = join(directory, "agent");
  const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: ["ignore", "pipe", "ignore"] });
  const ended = new Promise<void>((resolve) => agent.once("close", () => resolve()));
  disposer.defer(async () => {
    agent.kill();
    await ended;
  });
  await new Promise<void>((resolve, reject) => {
    agent.once("error", (error) => reject(missing(error)));
    agent.once("exit", () => reject(new GantryError("bad-parameter", `ssh ${word}: ssh-agent ended`)));
    createInterface({ input: agent.stdout }).once("line", () => resolve());
  });
  await addKeys(keys, { word, socket, environment });
  return socket;
}

/** A key with a passphrase is refused: nobody is asked for it. */
function addKeys(
  keys: readonly string[],
  { word, socket, environment }: { word: string; socket: string; environment: Environment },
): Promise<void> {
  const { PATH, HOME } = environment;
  const env = { PATH, HOME, SSH_AUTH_SOCK: socket, SSH_ASKPASS: "/bin/false", SSH_ASKPASS_REQUIRE: "force" };
  return new Promise((resolve, reject) => {
    const child = spawn("ssh-add", ["-q", "--", ...keys], { env, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2000);
    });
    child.once("error", (error) => reject(missing(error)));
    child.once("close", (code) => {
      if (code === 0) return resolve();
      const hint = "Keys with a passphrase must be in an agent: ssh-add KEY, then --ssh default";
      reject(new GantryError("bad-parameter", `ssh ${word}: ${said.trim() || "the key cannot be used"}`, { hint }));
    });
  });
}

function missing(error: Error): Error {
  if (systemCodeOf(error) !== "ENOENT") return error;
  return new GantryError("helper-missing", "Keys for builds need ssh-agent, which is not installed", {
    hint: "Install openssh-client, or give the socket of an agent",
  });
}
