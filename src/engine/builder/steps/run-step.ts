/** RUN: the command in a container of the engine, and the layer that it leaves. Touches the world through the rooms. */
import { GantryError } from "../../../base/errors.js";
import { commandWords, shellOf, variablesOf } from "../../../dockerfile/apply-metadata.js";
import type { Instruction } from "../../../dockerfile/dockerfile.js";
import { expandWord } from "../../../dockerfile/expand.js";
import { parseRunDevice } from "../../../dockerfile/run-device.js";
import { parseRunMount, type RunMount } from "../../../dockerfile/run-mount.js";
import type { ContainerCreateBody, HostConfig, InjectedFile } from "../../../wire/container.js";
import { FrameDecoder } from "../../../wire/stream.js";
import type { StoredImage } from "../../images/images.js";
import { readCdiRegistry } from "../../runtime/cdi/cdi-registry.js";
import { buildLabel } from "../build-containers.js";
import { BuildError } from "../build-error.js";
import type { Tell } from "../build-request.js";
import type { PlannedStep } from "../perform-step.js";
import type { MadeLayer } from "../snapshots.js";
import { type OpenMounts, openMounts, plannedMounts } from "./run-mounts.js";
import type { StepPlace } from "./step-place.js";

export type RunInstruction = Extract<Instruction, { kind: "run" }>;

/** What a RUN sees of build arguments: those declared, and proxies that nobody needs to declare. */
export interface RunArgs {
  readonly declared: ReadonlyMap<string, string>;
  readonly proxies: ReadonlyMap<string, string>;
}

/** The lines that a failure shows. */
const tailLines = 20;
const script = "/dev/pipes/";
/** What one command may say to whoever watches, as BuildKit has it. */
const outputLimitBytes = 2 * 1024 * 1024;
const clippedText = "\n[output clipped, log limit 2MiB reached]\n";

/** Throws "bad-parameter", "not-supported" before anything runs. */
export async function planRun(
  place: StepPlace,
  step: RunInstruction,
  { args, tell, escapeToken }: { args: RunArgs; tell: Tell; escapeToken: string },
): Promise<PlannedStep> {
  const { session, config, layers } = place;
  const env = config.Env ?? [];
  const variables = new Map([...args.declared, ...variablesOf(env)]);
  const mounts = step.mounts.map((text) =>
    parseRunMount(text, (value) => expandWord(value, { escapeToken, variables })),
  );
  const { words, files } = scriptOf(step, place);
  checkEntitled(step, place);
  const own = variablesOf(env);
  const told = [...args.declared].filter(([key]) => !own.has(key));
  const shown = told.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}=${value}`);
  const chain = layers.at(-1)?.chainId ?? "";
  const { User = "", WorkingDir = "" } = config;
  const planned = await plannedMounts(place, mounts, tell);
  const inputs = {
    ...{ kind: "run", chain, words, env, args: shown, user: User, directory: WorkingDir, mounts: planned },
    ...{ files: files.map(({ Data }) => Data), network: step.network ?? session.request.host.NetworkMode ?? "" },
    ...(step.devices.length > 0 ? { devices: step.devices } : {}),
    ...{ security: step.security ?? "", hosts: session.request.host.ExtraHosts ?? [] },
    ...{ platform: `${place.os}/${place.architecture}`, epoch: session.epochSeconds ?? null },
  };
  const prefix = shown.length + args.proxies.size > 0 ? `${[`|${shown.length}`, ...shown].join(" ")} ` : "";
  const environment = [...args.proxies, ...args.declared].map(([key, value]) => `${key}=${value}`);
  return {
    inputs,
    description: `${prefix}${words.join(" ")}`,
    make: (say, signal) =>
      session.limited(() => runIn(place, step, { words, files, environment, mounts, tell: say, signal })),
  };
}

interface Running {
  readonly words: readonly string[];
  readonly files: readonly InjectedFile[];
  /** `KEY=value` that is no part of the image. */
  readonly environment: readonly string[];
  readonly mounts: readonly RunMount[];
  readonly tell: Tell;
  readonly signal: AbortSignal;
}

async function runIn(place: StepPlace, step: RunInstruction, running: Running): Promise<MadeLayer> {
  const { containers, snapshots } = place.session.rooms;
  snapshots.requireOverlay();
  await using mounts = await openMounts(place, running.mounts);
  const devices = await devicesOf(step);
  const body = bodyOf(place, step, { ...running, mounts, devices });
  const { Id: id } = await containers.create(undefined, body, imageOf(place));
  let keeps = false;
  try {
    running.tell({ kind: "words", text: ` ---> Running in ${id.slice(0, 12)}\n` });
    const { exitCode, tail } = await follow(place, id, running);
    if (exitCode !== 0) throw commandFailed(step, place, { exitCode, tail, words: running.words });
    const epochSeconds = place.session.epochSeconds;
    const options = { stubs: mounts.stubs, ...(epochSeconds === undefined ? {} : { epochSeconds }) };
    const made = await snapshots.commit(id, place.layers.at(-1)?.chainId, options);
    keeps = place.session.request.keepContainers;
    return made;
  } finally {
    if (!keeps) {
      await containers.remove(id, { force: true, volumes: true });
      running.tell({ kind: "words", text: `Removing intermediate container ${id.slice(0, 12)}\n` });
    }
  }
}

/** The output as it comes, standard error in red as the classic builder has it. */
async function follow(
  { session }: StepPlace,
  id: string,
  { tell, signal }: Running,
): Promise<{ exitCode: number; tail: string[] }> {
  const { containers } = session.rooms;
  const stdio = await containers.attach(id);
  const onAbort = () => void containers.kill(id, "SIGKILL").catch(() => {}); // it may be over
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const exited = containers.wait(id, "next-exit", signal);
    exited.catch(() => {});
    signal.throwIfAborted();
    await containers.start(id);
    const decoder = new FrameDecoder();
    const text = { stdout: new TextDecoder(), stderr: new TextDecoder() };
    let said = "";
    let toldBytes = 0;
    for await (const chunk of stdio.stream as AsyncIterable<Uint8Array>) {
      for (const { stream, payload } of decoder.push(chunk)) {
        const piece = text[stream === "stderr" ? "stderr" : "stdout"].decode(payload, { stream: true });
        said = (said + piece).slice(-64 * 1024);
        toldBytes += payload.length;
        if (toldBytes > outputLimitBytes) {
          if (toldBytes - payload.length <= outputLimitBytes) tell({ kind: "text", text: clippedText });
          continue;
        }
        tell({ kind: "text", text: stream === "stderr" ? `\u001b[91m${piece}\u001b[0m` : piece });
      }
    }
    const { StatusCode } = await exited;
    signal.throwIfAborted();
    return { exitCode: StatusCode, tail: said.trimEnd().split("\n").slice(-tailLines) };
  } finally {
    signal.removeEventListener("abort", onAbort);
    stdio.close();
  }
}

function commandFailed(
  step: RunInstruction,
  place: StepPlace,
  { exitCode, tail, words }: { exitCode: number; tail: readonly string[]; words: readonly string[] },
): BuildError {
  const command = words.join(" ");
  const message = `The command '${command}' returned a non-zero code: ${exitCode}`;
  const { dockerfile: file } = place.session.request;
  return new BuildError(message, { file, line: step.place.line, command, exitCode, output: tail });
}

/** The image as it is now, of which nothing but user, directory and environment matters to the command. */
function imageOf({ config, layers, os, architecture }: StepPlace): StoredImage {
  const { User, WorkingDir, Env } = config;
  const kept = { ...(User ? { User } : {}), ...(WorkingDir ? { WorkingDir } : {}), ...(Env ? { Env } : {}) };
  const id = layers.at(-1)?.chainId ?? "sha256:scratch";
  return { id, chainIds: layers.map(({ chainId }) => chainId), config: kept, os, architecture };
}

function bodyOf(
  place: StepPlace,
  step: RunInstruction,
  {
    words,
    files,
    environment,
    mounts,
    devices,
  }: Omit<Running, "mounts"> & { mounts: OpenMounts; devices: readonly string[] },
): ContainerCreateBody {
  const { request, id } = place.session;
  const own = new Set((place.config.Env ?? []).map((entry) => entry.split("=", 1)[0]));
  const network = step.network === undefined || step.network === "default" ? request.host.NetworkMode : step.network;
  const HostConfig: HostConfig = {
    ...request.host,
    ...(devices.length > 0 ? { DeviceRequests: [{ Driver: "cdi", DeviceIDs: [...devices] }] } : {}),
    ...(network ? { NetworkMode: network } : {}),
    ...(step.security === "insecure" ? { Privileged: true } : {}),
    Binds: [...mounts.binds],
    Mounts: [...mounts.mounts],
    GantryFiles: [...files, ...mounts.files],
    LogConfig: { Type: "none" },
  };
  return {
    Image: layerName(place),
    Hostname: request.args.get("BUILDKIT_SANDBOX_HOSTNAME") || "buildkitsandbox",
    Cmd: [...words],
    // What the image sets goes before a build argument of the same name.
    Env: [...environment.filter((entry) => !own.has(entry.split("=", 1)[0])), ...mounts.environment],
    Labels: { [buildLabel]: id },
    HostConfig,
  };
}

/** One that this host does not describe is left out, unless it is required: then it is refused when it is asked for. */
async function devicesOf({ devices }: RunInstruction): Promise<string[]> {
  if (devices.length === 0) return [];
  const { devices: known } = await readCdiRegistry();
  const wanted = devices.map(parseRunDevice);
  return wanted.filter(({ name, required }) => required || known.has(name)).map(({ name }) => name);
}

function layerName({ layers }: StepPlace): string {
  return layers.at(-1)?.chainId ?? "scratch";
}

/** A here-document that is the whole command is a script: for the shell, or for what its first line names. */
function scriptOf(step: RunInstruction, { config }: StepPlace): { words: string[]; files: InjectedFile[] } {
  const { command, heredocs } = step;
  const [only] = heredocs;
  if (command.form === "exec" || !only) return { words: commandWords(command, config), files: [] };
  if (heredocs.length === 1 && /^\d*<<-?\s*["']?[^\s"']+["']?$/.test(command.text.trim())) {
    if (!only.content.startsWith("#!")) return { words: [...shellOf(config), only.content], files: [] };
    const path = `${script}${only.name}`;
    return {
      words: [path],
      files: [{ Target: path, Data: Buffer.from(only.content).toString("base64"), Mode: 0o755 }],
    };
  }
  const documents = heredocs.map(({ name, content }) => `\n${content}${name}`).join("");
  return { words: [...shellOf(config), `${command.text}${documents}`], files: [] };
}

function checkEntitled({ network, security, devices }: RunInstruction, { session }: StepPlace): void {
  const wanted = [
    ...(network === "host" && session.request.host.NetworkMode !== "host" ? ["network.host"] : []),
    ...(security === "insecure" ? ["security.insecure"] : []),
    ...devices.map((device) => `device=${parseRunDevice(device).name}`),
  ];
  const { allow } = session.request;
  const isAllowed = (one: string) => allow.has(one) || (one.startsWith("device=") && allow.has("device"));
  const [missing] = wanted.filter((one) => !isAllowed(one));
  if (missing === undefined) return;
  throw new GantryError("bad-parameter", `granting entitlement ${missing} is not allowed by the build`, {
    hint: `Allow it: --allow ${missing}, or build.entitlements in the Compose file`,
  });
}
