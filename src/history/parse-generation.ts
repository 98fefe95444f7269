/** Looks at every field of a generation that comes from a file or a request: nothing there is to be believed. Pure. */
import { GantryError } from "../base/errors.js";
import { isRecord } from "../base/json.js";
import {
  type Author,
  type Generation,
  type GenerationDraft,
  type GenerationEnd,
  type GenerationImage,
  type GenerationSummary,
  generationCommands,
  generationOutcomes,
  type KeptConfig,
  type ModelFacts,
  type RemovedContainer,
} from "../wire/history.js";

/** Names as Compose allows them; short enough for the name of a directory. */
const projectName = /^[a-z0-9][a-z0-9_-]{0,199}$/;

export function isProjectName(name: string): boolean {
  return projectName.test(name);
}

/** Throws "bad-parameter". */
export function checkProjectName(name: string): string {
  if (isProjectName(name)) return name;
  throw new GantryError("bad-parameter", `"${name}" is not the name of a project`);
}

/** Throws "bad-parameter", naming what is wrong. */
export function parseDraft(value: unknown): GenerationDraft {
  const draft = record(value, "generation");
  const { of, model, facts } = draft;
  return {
    project: checkProjectName(text(draft.project, "project")),
    command: oneOf(draft.command, generationCommands, "command"),
    ...(of === undefined ? {} : { of: whole(of, "of") }),
    author: parseAuthor(draft.author),
    services: texts(draft.services, "services"),
    operations: whole(draft.operations, "operations"),
    ...(model === undefined ? {} : { model: record(model, "model") }),
    ...(facts === undefined ? {} : { facts: parseFacts(facts) }),
    configs: members(draft.configs, "configs", parseConfig),
    secrets: members(draft.secrets, "secrets", text),
    removed: list(draft.removed, "removed", parseRemoved),
    removedVolumes: texts(draft.removedVolumes, "removedVolumes"),
  };
}

/** Throws "bad-parameter". */
export function parseEnd(value: unknown): GenerationEnd {
  const end = record(value, "end");
  return {
    outcome: oneOf(end.outcome, ["succeeded", "failed", "cancelled", "rolled-back"] as const, "outcome"),
    ...parseResult(end),
  };
}

/** Throws "bad-parameter". */
export function parseGeneration(value: unknown): Generation {
  const generation = record(value, "generation");
  const { endedAt } = generation;
  return {
    ...parseDraft(generation),
    ...parseResult(generation),
    number: whole(generation.number, "number"),
    outcome: oneOf(generation.outcome, generationOutcomes, "outcome"),
    startedAt: time(generation.startedAt, "startedAt"),
    ...(endedAt === undefined ? {} : { endedAt: time(endedAt, "endedAt") }),
  };
}

/** Everything but what it could be applied again from. */
export function summaryOf({ model, facts, configs: _, secrets: __, ...rest }: Generation): GenerationSummary {
  return { ...rest, hasModel: model !== undefined && facts !== undefined };
}

function parseResult(value: Record<string, unknown>): Pick<GenerationEnd, "images" | "replicas"> {
  return {
    images: members(value.images, "images", parseImage),
    replicas: members(value.replicas, "replicas", whole),
  };
}

function parseAuthor(value: unknown): Author {
  const author = record(value, "author");
  return {
    user: text(author.user, "author.user"),
    host: text(author.host, "author.host"),
    commandLine: text(author.commandLine, "author.commandLine"),
    pid: whole(author.pid, "author.pid"),
    pidStart: whole(author.pidStart, "author.pidStart"),
  };
}

function parseFacts(value: unknown): ModelFacts {
  const facts = record(value, "facts");
  return {
    workingDir: text(facts.workingDir, "facts.workingDir"),
    configFiles: texts(facts.configFiles, "facts.configFiles"),
    envFiles: texts(facts.envFiles, "facts.envFiles"),
    disabledServices: texts(facts.disabledServices, "facts.disabledServices"),
    compatibility: facts.compatibility === true,
  };
}

function parseImage(value: unknown, what: string): GenerationImage {
  const { name, id, digest } = record(value, what);
  return {
    name: text(name, `${what}.name`),
    id: text(id, `${what}.id`),
    ...(digest === undefined ? {} : { digest: text(digest, `${what}.digest`) }),
  };
}

function parseConfig(value: unknown, what: string): KeptConfig {
  const { digest, content } = record(value, what);
  return {
    digest: text(digest, `${what}.digest`),
    ...(content === undefined ? {} : { content: text(content, `${what}.content`) }),
  };
}

function parseRemoved(value: unknown, what: string): RemovedContainer {
  const { service, number, wasUp, volumes } = record(value, what);
  return {
    service: text(service, `${what}.service`),
    number: whole(number, `${what}.number`),
    wasUp: wasUp === true,
    volumes: list(volumes, `${what}.volumes`, (one, which) => {
      const { name, target } = record(one, which);
      return { name: text(name, `${which}.name`), target: text(target, `${which}.target`) };
    }),
  };
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (!isRecord(value)) throw wrong(what, "an object");
  return value;
}

function members<T>(value: unknown, what: string, parse: (member: unknown, what: string) => T): Record<string, T> {
  const entries = Object.entries(record(value ?? {}, what));
  return Object.fromEntries(entries.map(([key, member]) => [key, parse(member, `${what}.${key}`)]));
}

function list<T>(value: unknown, what: string, parse: (item: unknown, what: string) => T): T[] {
  if (!Array.isArray(value)) throw wrong(what, "a list");
  return value.map((item: unknown, at) => parse(item, `${what}[${at}]`));
}

function texts(value: unknown, what: string): string[] {
  return list(value, what, text);
}

function text(value: unknown, what: string): string {
  if (typeof value !== "string") throw wrong(what, "a text");
  return value;
}

function whole(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value) || Number(value) < 0) throw wrong(what, "a whole number");
  return Number(value);
}

function time(value: unknown, what: string): string {
  const found = text(value, what);
  if (Number.isNaN(Date.parse(found))) throw wrong(what, "a time");
  return found;
}

function oneOf<T extends string>(value: unknown, words: readonly T[], what: string): T {
  const found = words.find((word) => word === value);
  if (found === undefined) throw wrong(what, `one of ${words.join(", ")}`);
  return found;
}

function wrong(what: string, expected: string): GantryError {
  return new GantryError("bad-parameter", `${what} is not ${expected}`);
}
