/** Reads the flags of `gantry run` into what is put over the service. Pure: files' text and the random come in. */
import { resolve } from "node:path";
import { GantryError } from "../../../../base/errors.js";
import { parseEnvFile } from "../../../../compose/interpolate/env-file.js";
import { parseShortPort } from "../../../../compose/normalize/service/ports.js";
import type { MountSpec, PortSpec, Project } from "../../../../compose/project.js";
import type { OneOff } from "../../../../plan/run/plan-run.js";

/** As commander gives them. */
export interface RunFlags {
  readonly detach?: boolean;
  readonly yes?: boolean;
  readonly env?: readonly string[];
  readonly envFromFile?: readonly string[];
  readonly label?: readonly string[];
  readonly name?: string;
  readonly entrypoint?: string;
  readonly user?: string;
  readonly workdir?: string;
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
  readonly volume?: readonly string[];
  readonly publish?: readonly string[];
  readonly servicePorts?: boolean;
  readonly useAliases?: boolean;
  readonly deps: boolean;
  readonly rm?: boolean;
  readonly interactive: boolean;
  /** False with `-T`. */
  readonly tty: boolean;
  readonly pull?: string;
  readonly build?: boolean;
  readonly quiet?: boolean;
  readonly quietPull?: boolean;
  readonly removeOrphans?: boolean;
  readonly waitLock: boolean;
}

/** What the flags cannot say by themselves. */
export interface RunFacts {
  readonly service: string;
  readonly command: readonly string[];
  readonly project: Pick<Project, "environment">;
  readonly cwd: string;
  readonly home: string;
  readonly slug: string;
  readonly isTerminal: boolean;
  /** Texts of the environment files, with the name each was given by. */
  readonly envFiles: ReadonlyArray<{ readonly name: string; readonly text: string }>;
}

/** Throws "bad-usage", naming the flag. */
export function readOneOff(flags: RunFlags, facts: RunFacts): OneOff {
  if (flags.servicePorts && flags.publish?.length) {
    throw new GantryError("bad-usage", "--service-ports and --publish cannot be combined");
  }
  const { service, slug, command } = facts;
  const detach = flags.detach === true;
  return {
    service,
    slug,
    command,
    environment: environmentOf(flags, facts),
    labels: Object.fromEntries((flags.label ?? []).map((word) => pair(word, "--label"))),
    cap_add: flags.capAdd ?? [],
    cap_drop: flags.capDrop ?? [],
    volumes: (flags.volume ?? []).map((text) => readMount(text, facts)),
    ports: (flags.publish ?? []).flatMap(readPorts),
    servicePorts: flags.servicePorts === true,
    useAliases: flags.useAliases === true,
    autoRemove: flags.rm === true,
    tty: flags.tty && facts.isTerminal && !detach,
    interactive: flags.interactive,
    detach,
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(flags.entrypoint === undefined ? {} : { entrypoint: splitWords(flags.entrypoint) }),
    ...(flags.user === undefined ? {} : { user: flags.user }),
    ...(flags.workdir === undefined ? {} : { working_dir: flags.workdir }),
  };
}

/** Files in order, then `-e`; a bare name takes the project's value, and unsets the image's where there is none. */
function environmentOf(flags: RunFlags, { envFiles, project }: RunFacts): Record<string, string | null> {
  const found: Record<string, string | null> = {};
  for (const { name, text } of envFiles) {
    const { values, problems } = parseEnvFile(text, (key) => project.environment[key]);
    const [problem] = problems;
    if (problem) throw new GantryError("bad-parameter", `--env-from-file ${name}:${problem.line}: ${problem.message}`);
    for (const [key, value] of values) found[key] = value;
  }
  for (const word of flags.env ?? []) {
    const at = word.indexOf("=");
    if (at < 0) found[word] = project.environment[word] ?? null;
    else found[word.slice(0, at)] = word.slice(at + 1);
  }
  return found;
}

function pair(word: string, flag: string): [string, string] {
  const at = word.indexOf("=");
  if (at < 1) throw new GantryError("bad-usage", `${flag} ${word}: write it as NAME=VALUE`);
  return [word.slice(0, at), word.slice(at + 1)];
}

function readPorts(text: string): PortSpec[] {
  const parsed = parseShortPort(text);
  if (!("problem" in parsed)) return parsed;
  throw new GantryError("bad-usage", `--publish: ${parsed.problem}`, parsed.hint ? { hint: parsed.hint } : {});
}

/** `[SOURCE:]TARGET[:ro|rw]`: a path is bound; a word is the project's volume of that key, else the engine's. */
function readMount(text: string, { cwd, home }: Pick<RunFacts, "cwd" | "home">): MountSpec {
  const [first = "", second, options = "rw", more] = text.split(":");
  const read_only = options.split(",").includes("ro");
  const target = second ?? first;
  const isKnown = options.split(",").every((word) => ["ro", "rw", "z", "Z", "nocopy"].includes(word));
  if (!target.startsWith("/") || !isKnown || more !== undefined) {
    throw new GantryError("bad-usage", `--volume ${text}: write it as SOURCE:/TARGET[:ro]`);
  }
  if (second === undefined) return { type: "volume", target, read_only: false };
  if (!/^[.~/]/.test(first)) return { type: "volume", source: first, target, read_only, ...nocopyOf(options) };
  const selinux = options.split(",").find((word): word is "z" | "Z" => word === "z" || word === "Z");
  const source = resolve(cwd, first.replace(/^~(?=\/|$)/, home));
  return { type: "bind", source, target, read_only, bind: { create_host_path: true, ...(selinux ? { selinux } : {}) } };
}

function nocopyOf(options: string): Pick<MountSpec, "volume"> {
  return options.split(",").includes("nocopy") ? { volume: { nocopy: true } } : {};
}

/** Words as a shell splits them: quotes group, a backslash takes the next character as it is. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "\\" && quote !== "'") word = (word ?? "") + text.charAt(++at);
    else if (quote !== "") {
      if (char === quote) quote = "";
      else word = (word ?? "") + char;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= "";
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + char;
  }
  if (quote !== "") throw new GantryError("bad-usage", `--entrypoint: a quote is not closed in ${text}`);
  return word === undefined ? words : [...words, word];
}
