/**
 * No attribute of the Compose Specification is silently ignored: for each one that the schema accepts, a table says what
 * becomes of it, and here it is seen.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { loadProject } from "../src/compose/load/load-project.js";
import type { Project } from "../src/compose/project.js";
import { anImage, observedAfterUp } from "../src/plan/plan.fixture.js";
import { planStop } from "../src/plan/plan-lifecycle.js";
import { planUp } from "../src/plan/plan-up.js";
import { defaultUpOptions } from "../src/plan/up-options.js";

type Fragment = Readonly<Record<string, unknown>>;
/** What is added to the project, or what it has without and with the attribute. */
type Sample = Fragment | readonly [Fragment, Fragment];
interface Table {
  readonly plan: Readonly<Record<string, Sample>>;
  readonly stop: Readonly<Record<string, Sample>>;
  readonly told: Readonly<Record<string, Sample>>;
  readonly build: readonly string[];
  readonly watch: readonly string[];
  readonly update: Readonly<Record<string, Sample>>;
  readonly elsewhere: Readonly<Record<string, string>>;
}
const keepTags = [
  { tag: "!reset", resolve: () => undefined }, // the sample has the service without the attribute
];
const tableText = readFileSync(new URL("compose-attributes/attributes.yaml", import.meta.url), "utf8");
const table = parse(tableText, { customTags: keepTags }) as Table;
const schema = JSON.parse(readFileSync(new URL("../schemas/compose.json", import.meta.url), "utf8")) as Schema;

const folder = mkdtempSync(join(tmpdir(), "gantry-attributes-"));
mkdirSync(join(folder, "below"));
writeFileSync(join(folder, "variables.env"), 'A="quoted"\n');
writeFileSync(join(folder, "labels.env"), "a=b\n");
writeFileSync(join(folder, "content.txt"), "content\n");
writeFileSync(
  join(folder, "other.yaml"),
  "services: { base: { image: busybox, working_dir: /o, environment: { A: $A }, volumes: [./here:/here] } }\n",
);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const base = {
  name: "demo",
  services: {
    web: { image: "busybox" },
    other: {
      image: "busybox",
      networks: ["used"],
      volumes: ["data:/data"],
      configs: ["inline", "more"],
      secrets: ["variable", "more"],
      models: ["llm"],
    },
    base: { image: "busybox", user: "base" },
  },
  networks: { used: {}, front: {}, back: {} },
  volumes: { data: {} },
  configs: { inline: { content: "text" }, more: { content: "text" } },
  secrets: { variable: { environment: "WORDS" }, more: { environment: "WORDS" } },
  models: { llm: { model: "ai/llm" } },
};

it("the table has every attribute that the schema accepts, each once, and no other", () => {
  const { plan, stop, told, update, build, watch, elsewhere } = table;
  const listed = [plan, stop, told, update, elsewhere].flatMap((part) => Object.keys(part)).concat(build, watch);
  expect(listed.sort()).toEqual([...leavesOf(schema)].sort());
});

describe("reaches the plan of up", () => {
  it.each(Object.entries(table.plan))("%s", async (path, sample) => {
    const [without, with_] = await bothProjects(path, sample);
    expect(upText(with_)).not.toBe(upText(without));
  });
});

describe("reaches the plan of stop", () => {
  it.each(Object.entries(table.stop))("%s", async (path, sample) => {
    const [without, with_] = await bothProjects(path, sample);
    expect(stopText(with_)).not.toBe(stopText(without));
  });
});

describe("reaches the plan of an update", () => {
  it.each(Object.entries(table.update))("%s", async (path, sample) => {
    const [without, with_] = await bothProjects(path, sample);
    expect(updateText(with_)).not.toBe(updateText(without));
  });
});

describe("is told as ignored or refused, by its place", () => {
  it.each(Object.entries(table.told))("%s", async (path, sample) => {
    const [without, with_] = samplesOf(path, sample);
    const [before, after] = [await complaints(without), await complaints(with_)];
    expect(after.filter((line) => !before.includes(line))).not.toEqual([]);
  });
});

it("what only the builder or watch reads stands below build and develop", () => {
  expect(table.build.filter((path) => !path.startsWith("services.*.build."))).toEqual([]);
  expect(table.watch.filter((path) => !path.startsWith("services.*.develop."))).toEqual([]);
});

async function bothProjects(path: string, sample: Sample): Promise<[Project, Project]> {
  const [without, with_] = samplesOf(path, sample);
  return [await projectOf(without), await projectOf(with_)];
}

function samplesOf(path: string, sample: Sample): [object, object] {
  const pair = Array.isArray(sample) ? (sample as readonly [Fragment, Fragment]) : ([{}, sample] as const);
  const whole = (part: Fragment) =>
    path.startsWith("services.") ? { ...base, services: { ...base.services, web: withPart(part) } } : withTop(part);
  return [whole(pair[0]), whole(pair[1] as Fragment)];
}

/** A member that the sample resets is not there. */
function withPart(part: Fragment): object {
  const entries = Object.entries({ ...base.services.web, ...part }).filter(([, value]) => value != null);
  return Object.fromEntries(entries);
}

/** Members of a section are added to what the base says of the same thing. */
function withTop(part: Fragment): object {
  const sections = Object.entries(part).map(([section, value]) => {
    const known = (base as unknown as Record<string, unknown>)[section];
    if (section === "name" || section === "version" || Array.isArray(value)) return [section, value];
    const merged = Object.entries(value as object).map(([key, members]) => {
      const old = (known as Record<string, object>)[key] ?? {};
      const isOther = ["configs", "secrets"].includes(section) && Object.keys(members as object).some(isSource);
      return [key, isOther ? members : { ...old, ...(members as object) }];
    });
    return [section, { ...(known as object), ...Object.fromEntries(merged) }];
  });
  return { ...base, ...Object.fromEntries(sections) };
}

function isSource(key: string): boolean {
  return ["file", "environment", "content", "external"].includes(key);
}

async function load(model: object) {
  writeFileSync(join(folder, "compose.yaml"), stringify(model));
  const env = { WORD: "w", WORDS: "ws" };
  return loadProject({ cwd: folder, files: [], envFiles: [], profiles: [], env });
}

async function projectOf(model: object): Promise<Project> {
  const { project, diagnostics } = await load(model);
  if (!project) throw new Error(JSON.stringify(diagnostics));
  return project;
}

const observed = {
  ...observedAfterUp({ ...emptyProject(), services: new Map() }),
  images: new Map(["busybox", "alpine"].map((name) => [name, anImage()])),
};

/** Without the labels that hold digests of the model: they change with everything. */
function upText(project: Project): string {
  const { operations } = planUp(project, observed, defaultUpOptions);
  return JSON.stringify(operations, (key, value: unknown) =>
    key === "com.docker.compose.config-hash" || key === "source" ? undefined : value,
  );
}

function stopText(project: Project): string {
  const { operations } = planStop(project, observedAfterUp(project), { services: [] });
  return JSON.stringify(operations);
}

/** Replicas that were made from something else are replaced, on an engine that can flip. */
function updateText(project: Project): string {
  const { containers, ...known } = observedAfterUp(project);
  const outdated = containers.map((one) => ({ ...one, labels: { ...one.labels, "com.docker.compose.image": "old" } }));
  const { operations } = planUp(project, { ...known, takesOver: true, containers: outdated }, defaultUpOptions);
  return JSON.stringify(operations, (key, value: unknown) => (key === "source" ? undefined : value));
}

/** Diagnostics with a place, and the refusal of a plan. */
async function complaints(model: object): Promise<string[]> {
  const { project, diagnostics } = await load(model);
  const lines = diagnostics
    .filter(({ source }) => source)
    .map(({ code, path, message }) => `${code} ${path} ${message}`);
  try {
    if (project) planUp(project, observed, defaultUpOptions);
  } catch (error) {
    lines.push(String(error));
  }
  return lines;
}

function emptyProject(): Project {
  const none = new Map();
  return {
    name: "demo",
    workingDir: folder,
    configFiles: [],
    envFiles: [],
    environment: {},
    services: none,
    disabledServices: [],
    networks: none,
    volumes: none,
    configs: none,
    secrets: none,
    sources: none,
  };
}

interface Schema {
  readonly $ref?: string;
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

/** The paths of attributes that have no attributes below them; `*` is any name, `[]` an item. */
function leavesOf(root: Schema): Set<string> {
  const leaves = new Set<string>();
  const resolved = (one: Schema): Schema =>
    one.$ref ? resolved(root.definitions?.[one.$ref.split("/").at(-1) ?? ""] ?? {}) : one;
  const below = (one: Schema): Array<[string, Schema]> => {
    const { properties = {}, patternProperties = {}, additionalProperties, items } = one;
    const named = Object.entries(properties).map(([key, value]): [string, Schema] => [`.${key}`, value]);
    const any = Object.entries(patternProperties).filter(([pattern]) => pattern !== "^x-");
    const others = typeof additionalProperties === "object" && isStructured(additionalProperties);
    return [
      ...named,
      ...any.map(([, value]): [string, Schema] => [".*", value]),
      ...(others ? [[".*", additionalProperties] as [string, Schema]] : []),
      ...(items && hasAttributes(items) ? [["[]", items] as [string, Schema]] : []),
      ...[...(one.anyOf ?? []), ...(one.oneOf ?? [])].filter(hasAttributes).map((part): [string, Schema] => ["", part]),
    ];
  };
  const isStructured = (one: Schema) =>
    ["properties", "$ref", "items", "anyOf", "oneOf"].some((key) => Object.hasOwn(one, key));
  const hasAttributes = (one: Schema): boolean => {
    const real = resolved(one);
    const parts = [real.items, real.additionalProperties, ...(real.anyOf ?? []), ...(real.oneOf ?? [])];
    return real.properties !== undefined || parts.some((part) => typeof part === "object" && hasAttributes(part));
  };
  const walk = (one: Schema, path: string) => {
    const parts = below(resolved(one));
    if (parts.length === 0) leaves.add(path.replace(/^\./, ""));
    for (const [step, part] of parts) walk(part, path + step);
  };
  walk(root, "");
  return leaves;
}
