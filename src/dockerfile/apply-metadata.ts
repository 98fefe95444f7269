/**
 * What the instructions without files do to an image's configuration.
 *
 * Pure. Follows the Dockerfile reference; the words for the history are those of Docker's classic builder.
 */
import { posix } from "node:path";
import { GantryError, unreachable } from "../base/errors.js";
import type { ContainerConfig, HealthConfig } from "../wire/container.js";
import type { Command, HealthTest, Instruction } from "./dockerfile.js";

/** An image under construction. `commandIsOwn` once this build has set CMD: an ENTRYPOINT then leaves it alone. */
export interface Draft {
  readonly config: ContainerConfig;
  readonly author?: string;
  readonly commandIsOwn: boolean;
}

/** Instructions that change nothing but the configuration. */
export type Metadata = Extract<
  Instruction,
  {
    kind:
      | "env"
      | "label"
      | "cmd"
      | "entrypoint"
      | "expose"
      | "volume"
      | "user"
      | "stopsignal"
      | "shell"
      | "onbuild"
      | "healthcheck"
      | "maintainer";
  }
>;

const defaultShell = ["/bin/sh", "-c"];

/** The shell of the shell form. */
export function shellOf({ Shell }: ContainerConfig): readonly string[] {
  return Shell && Shell.length > 0 ? Shell : defaultShell;
}

/** The words that run. */
export function commandWords(command: Command, config: ContainerConfig): string[] {
  return command.form === "exec" ? [...command.words] : [...shellOf(config), command.text];
}

/** `step` has its variables replaced. `comment` is what the history says. Throws "bad-parameter". */
export function applyMetadata(draft: Draft, step: Metadata): { draft: Draft; comment: string } {
  const { config } = draft;
  const set = (change: ContainerConfig, comment: string) => ({
    draft: { ...draft, config: { ...config, ...change } },
    comment,
  });
  switch (step.kind) {
    case "env":
      return set({ Env: mergeEnv(config.Env ?? [], step.pairs) }, `ENV ${shownPairs(step.pairs)}`);
    case "label": {
      const Labels = { ...config.Labels, ...Object.fromEntries(step.pairs.map(({ key, value }) => [key, value])) };
      return set({ Labels }, `LABEL ${shownPairs(step.pairs)}`);
    }
    case "cmd": {
      const Cmd = commandWords(step.command, config);
      const done = set({ Cmd }, `CMD ${quotedList(Cmd)}`);
      return { ...done, draft: { ...done.draft, commandIsOwn: true } };
    }
    case "entrypoint": {
      const Entrypoint = commandWords(step.command, config);
      // The base's CMD was meant for the base's ENTRYPOINT.
      const kept = draft.commandIsOwn ? {} : { Cmd: null };
      return set({ Entrypoint, ...kept }, `ENTRYPOINT ${quotedList(Entrypoint)}`);
    }
    case "expose": {
      const ports = step.ports.flatMap(portsOf);
      const added = Object.fromEntries(ports.map((port) => [port, {}]));
      return set({ ExposedPorts: { ...config.ExposedPorts, ...added } }, `EXPOSE ${[...step.ports].sort().join(" ")}`);
    }
    case "volume": {
      const paths = Object.fromEntries(step.paths.map((path) => [path, {}]));
      return set({ Volumes: { ...config.Volumes, ...paths } }, `VOLUME [${step.paths.join(" ")}]`);
    }
    case "user":
      return set({ User: step.user }, `USER ${step.user}`);
    case "stopsignal":
      return set({ StopSignal: checkedSignal(step.signal) }, `STOPSIGNAL ${step.signal}`);
    case "shell":
      return set({ Shell: [...step.words] }, `SHELL [${step.words.join(" ")}]`);
    case "onbuild":
      return set({ OnBuild: [...(config.OnBuild ?? []), step.trigger] }, `ONBUILD ${step.trigger}`);
    case "healthcheck": {
      const Healthcheck = healthOf(step.test);
      return set({ Healthcheck }, `HEALTHCHECK ${shownHealth(Healthcheck)}`);
    }
    case "maintainer":
      return { draft: { ...draft, author: step.author }, comment: `MAINTAINER ${step.author}` };
    default:
      return unreachable(step);
  }
}

/** A relative path goes on from the working directory before. */
export function workingDirectory(before: string | undefined, path: string): string {
  const joined = posix.resolve("/", before ?? "", path);
  return joined.length > 1 ? joined.replace(/\/$/, "") : joined;
}

/** Later values take the place of earlier ones, which keep theirs. */
export function mergeEnv(env: readonly string[], pairs: ReadonlyArray<{ key: string; value: string }>): string[] {
  const merged = new Map(env.map((entry) => [entry.split("=", 1)[0] ?? "", entry]));
  for (const { key, value } of pairs) merged.set(key, `${key}=${value}`);
  return [...merged.values()];
}

/** Environment entries as variables. */
export function variablesOf(env: readonly string[] | null | undefined): Map<string, string> {
  return new Map((env ?? []).map((entry) => [entry.split("=", 1)[0] ?? "", entry.slice(entry.indexOf("=") + 1)]));
}

/** `80` → `80/tcp`; `8000-8002/udp` → three. Throws "bad-parameter". */
export function portsOf(text: string): string[] {
  const match = /^(?:\d+(?:-\d+)?:)?(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? from);
  if (!match || from < 1 || to > 65535 || to < from) throw bad(`Invalid containerPort: ${text}`);
  const protocol = (match[3] ?? "tcp").toLowerCase();
  return Array.from({ length: to - from + 1 }, (_, at) => `${from + at}/${protocol}`);
}

/** A list as Go prints it with `%q`. */
export function quotedList(words: readonly string[]): string {
  return `[${words.map((word) => JSON.stringify(word)).join(" ")}]`;
}

function shownPairs(pairs: ReadonlyArray<{ key: string; value: string }>): string {
  return pairs.map(({ key, value }) => `${key}=${value}`).join(" ");
}

function shownHealth({ Test, Interval, Timeout, StartPeriod, Retries }: HealthConfig): string {
  const times = [Interval, Timeout, StartPeriod].map((nanos) => JSON.stringify(shownDuration(nanos ?? 0)));
  return `&{${quotedList(Test ?? [])} ${times.join(" ")} ${quotedCharacter(Retries ?? 0)}}`;
}

/** As Go prints a duration of whole milliseconds. */
function shownDuration(nanos: number): string {
  if (nanos === 0) return "0s";
  if (nanos < 1e9) return `${nanos / 1e6}ms`;
  const seconds = nanos / 1e9;
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = `${Number((seconds % 60).toFixed(9))}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}

/** A number as the classic builder has always told it: quoted as if it were a character. */
function quotedCharacter(code: number): string {
  const named = ["a", "b", "t", "n", "v", "f", "r"][code - 7];
  if (named !== undefined) return `'\\${named}'`;
  return code < 32 ? `'\\x${code.toString(16).padStart(2, "0")}'` : `'${String.fromCodePoint(code)}'`;
}

function healthOf(test: HealthTest): HealthConfig {
  if (test.kind === "none") return { Test: ["NONE"] };
  const { command, intervalNanos, timeoutNanos, startPeriodNanos, startIntervalNanos, retries } = test;
  const Test = command.form === "exec" ? ["CMD", ...command.words] : ["CMD-SHELL", command.text];
  return {
    Test,
    ...(intervalNanos ? { Interval: intervalNanos } : {}),
    ...(timeoutNanos ? { Timeout: timeoutNanos } : {}),
    ...(startPeriodNanos ? { StartPeriod: startPeriodNanos } : {}),
    ...(startIntervalNanos ? { StartInterval: startIntervalNanos } : {}),
    ...(retries ? { Retries: retries } : {}),
  };
}

/** Linux's; see signal(7). */
const signalNames = new Set(
  (
    "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP " +
    "TSTP TTIN TTOU UNUSED URG USR1 USR2 VTALRM WINCH XCPU XFSZ"
  ).split(" "),
);

function checkedSignal(signal: string): string {
  const name = signal.toUpperCase().replace(/^SIG/, "");
  const named = signalNames.has(name) || /^RTM(?:IN\+(?:[1-9]|1[0-5])|AX-(?:[1-9]|1[0-4])|IN|AX)$/.test(name);
  const numbered = /^\d{1,2}$/.test(signal) && Number(signal) > 0 && Number(signal) < 65;
  if (!named && !numbered) throw bad(`Invalid signal: ${signal}`);
  return signal;
}

function bad(message: string): GantryError {
  return new GantryError("bad-parameter", message);
}
