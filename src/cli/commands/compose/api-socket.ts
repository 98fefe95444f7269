/** What `use_api_socket` hands to a container: the engine's socket, and the credentials of the docker configuration. */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ApiSocket } from "../../../apply/steps/api-socket.js";
import { GantryError, messageOf, systemCodeOf } from "../../../base/errors.js";
import { isRecord } from "../../../base/json.js";
import type { CliContext } from "../../context.js";

/** Where every engine that is not ours, or not on this host, has its socket. */
const usualSocket = "/var/run/docker.sock";

/** Throws "bad-parameter" for a configuration that cannot be read, "helper-missing" for a credential helper. */
export async function apiSocketOf(context: CliContext): Promise<ApiSocket> {
  const choice = await context.chooseEngine();
  const registryConfig = JSON.stringify({ auths: await allCredentials(context) });
  if (choice.kind === "embedded") {
    const { enginePaths } = await import("../../../client/endpoint.js");
    return { path: enginePaths(context.env).socket, registryConfig };
  }
  const { endpoint } = choice;
  return { path: endpoint.kind === "unix" ? endpoint.path : usualSocket, registryConfig };
}

/** By registry, helpers asked, in the form that a configuration without helpers has. */
async function allCredentials({ env, signal }: CliContext): Promise<Record<string, object>> {
  const folder = env.DOCKER_CONFIG || join(env.HOME || "/root", ".docker");
  const config = await readConfig(join(folder, "config.json"));
  const { auths, credsStore, credHelpers } = config;
  const found: Record<string, object> = {};
  for (const [registry, auth] of Object.entries(isRecord(auths) ? auths : {})) {
    if (isRecord(auth) && Object.keys(auth).length > 0) found[registry] = auth;
  }
  if (typeof credsStore === "string" && credsStore !== "") {
    const list = JSON.parse(await askHelper(credsStore, "list", "", { env, signal })) as unknown;
    for (const registry of Object.keys(isRecord(list) ? list : {})) {
      found[registry] = await credentialOf(credsStore, registry, { env, signal });
    }
  }
  for (const [registry, helper] of Object.entries(isRecord(credHelpers) ? credHelpers : {})) {
    found[registry] = await credentialOf(String(helper), registry, { env, signal });
  }
  return found;
}

async function readConfig(path: string): Promise<Record<string, unknown>> {
  try {
    const config = JSON.parse(await readFile(path, "utf8")) as unknown;
    return isRecord(config) ? config : {};
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return {};
    // A parser quotes what it stumbles over, which may be a password.
    throw new GantryError("bad-parameter", `${path} cannot be read: ${systemCodeOf(error) ?? "it is not JSON"}`);
  }
}

type HelperCall = Pick<CliContext, "env" | "signal">;

async function credentialOf(helper: string, registry: string, call: HelperCall): Promise<object> {
  const { Username, Secret } = JSON.parse(await askHelper(helper, "get", registry, call)) as Record<string, string>;
  if (Username === "<token>") return { identitytoken: Secret };
  return { auth: Buffer.from(`${Username}:${Secret}`, "utf8").toString("base64") };
}

/** The program `docker-credential-NAME` answers on standard output. */
function askHelper(helper: string, verb: string, input: string, { env, signal }: HelperCall): Promise<string> {
  const program = `docker-credential-${helper}`;
  if (!/^[\w.-]+$/.test(helper)) return Promise.reject(new GantryError("bad-parameter", `${program} is no program`));
  return new Promise((resolve, reject) => {
    const child = spawn(program, [verb], { env: { ...env }, signal, stdio: ["pipe", "pipe", "ignore"] });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stdin.on("error", () => {}); // one that reads nothing may close it first
    child.on("error", (cause) => {
      reject(new GantryError("helper-missing", `${program} cannot be run: ${messageOf(cause)}`, { cause }));
    });
    child.on("close", (code) => {
      if (code === 0) resolve(Buffer.concat(chunks).toString("utf8"));
      else reject(new GantryError("helper-missing", `${program} ${verb} failed with exit code ${code}`));
    });
    child.stdin.end(input);
  });
}
