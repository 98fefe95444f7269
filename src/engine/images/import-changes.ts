/**
 * The `--change` instructions of an import: Dockerfile instructions that set the image's defaults.
 *
 * Does not touch the world. Follows the Dockerfile reference; of its instructions, those that only change the
 * configuration are allowed.
 */
import { GantryError } from "../../base/errors.js";
import type { ContainerConfig, HealthConfig } from "../../wire/container.js";
import { parseDurationNanos, parseExecForm, splitWords, unquoted } from "./change-words.js";

/** The configuration after the changes, in order. Throws "bad-parameter" naming the instruction. */
export function applyChanges(changes: readonly string[], before: ContainerConfig = {}): ContainerConfig {
  const lines = changes.flatMap((change) => change.split("\n")).map((line) => line.trim());
  return lines.filter((line) => line !== "" && !line.startsWith("#")).reduce(applyChange, before);
}

type Instruction = (config: ContainerConfig, text: string) => ContainerConfig;

const instructions: Readonly<Record<string, Instruction>> = {
  CMD: (config, text) => ({ ...config, Cmd: command(text) }),
  ENTRYPOINT: (config, text) => ({ ...config, Entrypoint: command(text) }),
  ENV: (config, text) => ({ ...config, Env: mergeEnv(config.Env ?? [], pairs(text)) }),
  EXPOSE: (config, text) => ({ ...config, ExposedPorts: { ...config.ExposedPorts, ...exposedPorts(text) } }),
  HEALTHCHECK: (config, text) => ({ ...config, Healthcheck: healthcheck(text) }),
  LABEL: (config, text) => ({ ...config, Labels: { ...config.Labels, ...Object.fromEntries(pairs(text)) } }),
  ONBUILD: (config, text) => ({ ...config, OnBuild: [...(config.OnBuild ?? []), text] }),
  SHELL: (config, text) => ({ ...config, Shell: parseExecForm(text) ?? wrong("SHELL requires the JSON form") }),
  STOPSIGNAL: (config, text) => ({ ...config, StopSignal: unquoted(text) }),
  USER: (config, text) => ({ ...config, User: unquoted(text) }),
  VOLUME: (config, text) => ({ ...config, Volumes: { ...config.Volumes, ...volumes(text) } }),
  WORKDIR: (config, text) => ({ ...config, WorkingDir: workingDir(config.WorkingDir, unquoted(text)) }),
};

function applyChange(config: ContainerConfig, line: string): ContainerConfig {
  const match = /^(\S+)\s*([\s\S]*)$/.exec(line);
  const name = (match?.[1] ?? "").toUpperCase();
  const apply = Object.hasOwn(instructions, name) ? instructions[name] : undefined;
  if (!apply) return wrong(`${name.toLowerCase()} is not a valid change command`);
  const text = (match?.[2] ?? "").trim();
  if (text === "") return wrong(`${name} requires at least one argument`);
  return apply(config, text);
}

/** The JSON form as it is; anything else is a line for the shell. */
function command(text: string): string[] {
  return parseExecForm(text) ?? ["/bin/sh", "-c", text];
}

/** `KEY=VALUE …` with quotes, or the old `KEY VALUE`, whose value goes to the end of the line. */
function pairs(text: string): Array<[string, string]> {
  const first = /^\S+/.exec(text)?.[0] ?? "";
  if (!first.includes("=")) {
    const value = text.slice(first.length).trim();
    return value === "" ? wrong(`${first} must have a value: use ${first}=VALUE`) : [[unquoted(first), value]];
  }
  return splitWords(text).map((word) => {
    const at = word.indexOf("=");
    return at > 0 ? [word.slice(0, at), word.slice(at + 1)] : wrong(`${word} is not KEY=VALUE`);
  });
}

function mergeEnv(env: readonly string[], added: ReadonlyArray<[string, string]>): string[] {
  const merged = new Map(env.map((entry) => [entry.slice(0, entry.indexOf("=")), entry]));
  for (const [key, value] of added) merged.set(key, `${key}=${value}`);
  return [...merged.values()];
}

/** `80`, `53/udp`, `8000-8010/tcp`. */
function exposedPorts(text: string): Record<string, object> {
  const ports: Record<string, object> = {};
  for (const word of splitWords(text)) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(word);
    const from = Number(match?.[1]);
    const to = Number(match?.[2] ?? from);
    if (!match || from < 1 || to > 65535 || to < from) return wrong(`invalid containerPort: ${word}`);
    for (let port = from; port <= to; port += 1) ports[`${port}/${(match[3] ?? "tcp").toLowerCase()}`] = {};
  }
  return ports;
}

function volumes(text: string): Record<string, object> {
  const paths = parseExecForm(text) ?? splitWords(text);
  if (paths.some((path) => path.trim() === "")) return wrong("VOLUME specified can not be an empty string");
  return Object.fromEntries(paths.map((path) => [path, {}]));
}

function workingDir(before: string | undefined, path: string): string {
  if (path.startsWith("/")) return path;
  return `${before?.replace(/\/$/, "") ?? ""}/${path}`;
}

const durationFlags: Readonly<Record<string, "Interval" | "Timeout" | "StartPeriod" | "StartInterval">> = {
  interval: "Interval",
  timeout: "Timeout",
  "start-period": "StartPeriod",
  "start-interval": "StartInterval",
};

function healthcheck(text: string): HealthConfig {
  const options: HealthConfig = {};
  let rest = text;
  for (let flag = /^--([a-z-]+)=(\S+)\s*/.exec(rest); flag; flag = /^--([a-z-]+)=(\S+)\s*/.exec(rest)) {
    const [whole, name = "", value = ""] = flag;
    const field = Object.hasOwn(durationFlags, name) ? durationFlags[name] : undefined;
    if (field) options[field] = parseDurationNanos(value) ?? wrong(`invalid duration ${value} of --${name}`);
    else if (name === "retries" && /^\d+$/.test(value)) options.Retries = Number(value);
    else return wrong(`HEALTHCHECK has no option --${name}=${value}`);
    rest = rest.slice(whole.length);
  }
  const [, type = "", argument = ""] = /^(\S+)\s*([\s\S]*)$/.exec(rest) ?? [];
  if (type.toUpperCase() === "NONE" && argument === "") return { Test: ["NONE"] };
  if (type.toUpperCase() !== "CMD" || argument === "")
    return wrong(`Unknown type ${JSON.stringify(type)} in HEALTHCHECK`);
  const exec = parseExecForm(argument);
  return { ...options, Test: exec ? ["CMD", ...exec] : ["CMD-SHELL", argument] };
}

function wrong(message: string): never {
  throw new GantryError("bad-parameter", message);
}
