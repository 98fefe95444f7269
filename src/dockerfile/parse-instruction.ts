/**
 * One instruction from its text: name, flags and arguments, each checked.
 *
 * Pure. Follows the Dockerfile reference; messages are those of Docker's builder where it has one.
 */
import { didYouMean } from "../base/did-you-mean.js";
import { GantryError } from "../base/errors.js";
import type { CopyFields, HealthTest, Heredoc, InstructionKind } from "./dockerfile.js";
import { joinMarks, parseHeredocMark, rawWords } from "./heredocs.js";
import {
  booleanOf,
  commandOf,
  durationNanos,
  type Flag,
  jsonWords,
  listOf,
  pairsOf,
  splitFlags,
} from "./instruction-forms.js";

/** What an instruction's parser gets: its flags are known ones, `rest` is trimmed. */
interface Parts {
  readonly name: string;
  readonly flags: readonly Flag[];
  readonly rest: string;
  readonly heredocs: readonly Heredoc[];
  readonly escapeToken: string;
}

interface Rule {
  /** Names of its flags; a `*` after it means that it may come more than once. */
  readonly flags: readonly string[];
  parse(parts: Parts): InstructionKind;
}

const copyFlags = ["chown", "chmod", "link", "parents", "exclude*"];
const healthFlags = ["interval", "timeout", "start-period", "start-interval", "retries"];

const rules: Readonly<Record<string, Rule>> = {
  ADD: { flags: [...copyFlags, "checksum", "keep-git-dir", "unpack"], parse: add },
  ARG: { flags: [], parse: arg },
  CMD: { flags: [], parse: ({ rest }) => ({ kind: "cmd", command: commandOf(rest) }) },
  COPY: { flags: [...copyFlags, "from"], parse: copy },
  ENTRYPOINT: { flags: [], parse: ({ rest }) => ({ kind: "entrypoint", command: commandOf(rest) }) },
  ENV: { flags: [], parse: ({ rest, escapeToken }) => ({ kind: "env", pairs: pairsOf("ENV", rest, escapeToken) }) },
  EXPOSE: { flags: [], parse: ({ rest }) => ({ kind: "expose", ports: rest.split(/\s+/) }) },
  FROM: { flags: ["platform"], parse: from },
  HEALTHCHECK: { flags: healthFlags, parse: healthcheck },
  LABEL: {
    flags: [],
    parse: ({ rest, escapeToken }) => ({ kind: "label", pairs: pairsOf("LABEL", rest, escapeToken) }),
  },
  MAINTAINER: { flags: [], parse: ({ rest }) => ({ kind: "maintainer", author: rest }) },
  ONBUILD: { flags: [], parse: onbuild },
  RUN: { flags: ["mount*", "device*", "network", "security"], parse: run },
  SHELL: { flags: [], parse: shell },
  STOPSIGNAL: { flags: [], parse: (parts) => ({ kind: "stopsignal", signal: oneArgument(parts) }) },
  USER: { flags: [], parse: (parts) => ({ kind: "user", user: oneArgument(parts) }) },
  VOLUME: { flags: [], parse: volume },
  WORKDIR: { flags: [], parse: (parts) => ({ kind: "workdir", path: oneArgument(parts) }) },
};

export const instructionNames: readonly string[] = Object.keys(rules);

/** A problem of an instruction; `offset` is where in its text. */
export class InstructionProblem extends Error {
  readonly offset: number;
  readonly hint: string | undefined;

  constructor(message: string, offset: number, hint?: string) {
    super(message);
    this.offset = offset;
    this.hint = hint;
  }
}

/** Throws `InstructionProblem`. */
export function parseInstruction(text: string, heredocs: readonly Heredoc[], escapeToken: string): InstructionKind {
  const written = /^\S+/.exec(text)?.[0] ?? "";
  const name = written.toUpperCase();
  const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
  if (!rule) throw new InstructionProblem(`unknown instruction: ${written}`, 0, didYouMean(name, instructionNames));
  const { flags, rest } = splitFlags(text, written.length);
  checkFlags(name, rule, flags);
  const argument = text.slice(rest).trim();
  if (argument === "" && !(name === "RUN" && heredocs.length > 0)) {
    throw new InstructionProblem(`${name} requires at least one argument`, 0);
  }
  try {
    return rule.parse({ name, flags, rest: argument, heredocs, escapeToken });
  } catch (error) {
    if (error instanceof GantryError) throw new InstructionProblem(error.message, rest);
    throw error;
  }
}

function checkFlags(instruction: string, rule: Rule, flags: readonly Flag[]): void {
  const seen = new Set<string>();
  for (const { name, offset } of flags) {
    const isMany = rule.flags.includes(`${name}*`);
    if (!isMany && !rule.flags.includes(name)) {
      const hint = didYouMean(
        name,
        rule.flags.map((flag) => flag.replace("*", "")),
      );
      throw new InstructionProblem(`unknown flag: --${name} of ${instruction}`, offset, hint);
    }
    if (!isMany && seen.has(name)) throw new InstructionProblem(`duplicate flag specified: --${name}`, offset);
    seen.add(name);
  }
}

function from({ flags, rest }: Parts): InstructionKind {
  const words = rest.split(/\s+/);
  const [image = "", as, name] = words;
  const platform = flagValue(flags, "platform");
  const extra = platform === undefined ? {} : { platform };
  if (words.length === 1) return { kind: "from", image, ...extra };
  if (words.length !== 3 || as?.toLowerCase() !== "as" || name === undefined) {
    throw bad("FROM requires either one argument, or three: FROM <source> [AS <name>]");
  }
  if (!/^[a-z][a-z0-9-_.]*$/.test(name.toLowerCase())) {
    throw bad(
      `invalid name for build stage: ${JSON.stringify(name)}, name can't start with a number or contain symbols`,
    );
  }
  return { kind: "from", image, name: name.toLowerCase(), ...extra };
}

function arg({ rest, escapeToken }: Parts): InstructionKind {
  const args = rawWords(rest, escapeToken).map((word) => {
    const at = word.indexOf("=");
    if (at === 0) throw bad("ARG names can not be blank");
    return at < 0 ? { key: word } : { key: word.slice(0, at), value: word.slice(at + 1) };
  });
  return { kind: "arg", args };
}

function run({ flags, rest, heredocs }: Parts): InstructionKind {
  const network = flagValue(flags, "network");
  const security = flagValue(flags, "security");
  if (network !== undefined && !["default", "none", "host"].includes(network)) {
    throw bad(`invalid network mode ${JSON.stringify(network)}: default, none or host`);
  }
  if (security !== undefined && !["sandbox", "insecure"].includes(security)) {
    throw bad(`security ${JSON.stringify(security)} is not valid: sandbox or insecure`);
  }
  return {
    kind: "run",
    command: commandOf(rest),
    heredocs,
    mounts: flags.flatMap(({ name, value }) => (name === "mount" ? [value ?? ""] : [])),
    devices: flags.flatMap(({ name, value }) => (name === "device" ? [value ?? ""] : [])),
    ...(network === undefined ? {} : { network }),
    ...(security === undefined ? {} : { security }),
  };
}

function copy(parts: Parts): InstructionKind {
  const source = flagValue(parts.flags, "from");
  if (source === "") throw bad("COPY --from names nothing");
  return { kind: "copy", ...copyFields(parts), ...(source === undefined ? {} : { from: source }) };
}

function add(parts: Parts): InstructionKind {
  const checksum = flagValue(parts.flags, "checksum");
  const unpack = parts.flags.find(({ name }) => name === "unpack");
  return {
    kind: "add",
    ...copyFields(parts),
    keepGitDir: isSet(parts.flags, "keep-git-dir"),
    ...(checksum === undefined ? {} : { checksum }),
    ...(unpack ? { unpack: booleanOf(unpack) } : {}),
  };
}

function copyFields({ name, flags, rest, heredocs, escapeToken }: Parts): CopyFields {
  const words = jsonWords(rest) ?? joinMarks(rawWords(rest, escapeToken));
  const to = words.at(-1);
  const sources = words.slice(0, -1);
  if (to === undefined || sources.length === 0) {
    throw bad(
      `${name} requires at least two arguments, but only one was provided. Destination could not be determined.`,
    );
  }
  const own = new Set(heredocs.map((heredoc) => heredoc.name));
  if (parseHeredocMark(to)) throw bad(`${name} cannot accept a heredoc as a destination`);
  const chown = flagValue(flags, "chown");
  const chmod = flagValue(flags, "chmod");
  const files = sources.filter((word) => !own.has(parseHeredocMark(word)?.name ?? ""));
  if (files.length + heredocs.length > 1 && !/[\\/]$|^\.{1,2}$|\/\.{1,2}$/.test(to) && !to.includes("$")) {
    throw bad(
      `When using ${name} with more than one source file, the destination must be a directory and end with a /`,
    );
  }
  return {
    sources: files,
    to,
    heredocs,
    link: isSet(flags, "link"),
    parents: isSet(flags, "parents"),
    exclude: flags.flatMap((flag) => (flag.name === "exclude" ? [flag.value ?? ""] : [])),
    ...(chown === undefined ? {} : { chown }),
    ...(chmod === undefined ? {} : { chmod }),
  };
}

function volume({ rest }: Parts): InstructionKind {
  const paths = listOf(rest);
  if (paths.length === 0 || paths.some((path) => path.trim() === "")) {
    throw bad("VOLUME specified can not be an empty string");
  }
  return { kind: "volume", paths };
}

function shell({ rest }: Parts): InstructionKind {
  const words = jsonWords(rest);
  if (!words) throw bad("SHELL requires the arguments to be in JSON form");
  if (words.length === 0) throw bad("SHELL requires at least one argument");
  return { kind: "shell", words };
}

function onbuild({ rest, heredocs, escapeToken }: Parts): InstructionKind {
  const trigger = (/^\S+/.exec(rest)?.[0] ?? "").toUpperCase();
  if (trigger === "ONBUILD") throw bad("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (trigger === "FROM" || trigger === "MAINTAINER") throw bad(`${trigger} isn't allowed as an ONBUILD trigger`);
  try {
    parseInstruction(rest, heredocs, escapeToken);
  } catch (error) {
    throw error instanceof InstructionProblem ? bad(error.message) : error;
  }
  const documents = heredocs.map(({ name, content }) => `\n${content}${name}`).join("");
  return { kind: "onbuild", trigger: rest + documents };
}

function healthcheck({ flags, rest }: Parts): InstructionKind {
  const type = (/^\S+/.exec(rest)?.[0] ?? "").toUpperCase();
  const argument = rest.slice(type.length).trim();
  if (type === "NONE") {
    if (argument !== "" || flags.length > 0) throw bad("HEALTHCHECK NONE takes no arguments");
    return { kind: "healthcheck", test: { kind: "none" } };
  }
  if (type !== "CMD") throw bad(`Unknown type ${JSON.stringify(type)} in HEALTHCHECK (try CMD)`);
  if (argument === "") throw bad("Missing command after HEALTHCHECK CMD");
  return { kind: "healthcheck", test: { kind: "check", command: commandOf(argument), ...healthTimes(flags) } };
}

type Check = Extract<HealthTest, { kind: "check" }>;

function healthTimes(flags: readonly Flag[]): Partial<Check> {
  const nanos = (name: string) => {
    const text = flagValue(flags, name);
    const value = text === undefined ? undefined : durationNanos(text);
    // Docker refuses what its engine would round to nothing.
    if (value !== undefined && value !== 0 && value < 1e6) throw bad(`Interval ${name} cannot be less than 1ms`);
    return value;
  };
  const retries = flagValue(flags, "retries");
  if (retries !== undefined && !/^\d+$/.test(retries)) throw bad(`--retries must be a number: ${retries}`);
  const times = {
    intervalNanos: nanos("interval"),
    timeoutNanos: nanos("timeout"),
    startPeriodNanos: nanos("start-period"),
    startIntervalNanos: nanos("start-interval"),
    retries: retries === undefined ? undefined : Number(retries),
  };
  return Object.fromEntries(Object.entries(times).filter(([, value]) => value !== undefined));
}

function oneArgument({ name, rest }: Parts): string {
  if (rest === "") throw bad(`${name} requires exactly one argument`);
  return rest;
}

function flagValue(flags: readonly Flag[], name: string): string | undefined {
  const flag = flags.find((one) => one.name === name);
  return flag && (flag.value ?? "");
}

function isSet(flags: readonly Flag[], name: string): boolean {
  const flag = flags.find((one) => one.name === name);
  return flag !== undefined && booleanOf(flag);
}

function bad(message: string): GantryError {
  return new GantryError("bad-parameter", message);
}
