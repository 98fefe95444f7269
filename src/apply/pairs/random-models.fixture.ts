/** Projects at random, the same for the same seed, and what a change from one to another should cost. Pure. */
import { canonicalJson } from "../../base/json.js";
import type { Project, Service } from "../../compose/project.js";
import { type Action, actionFor, greatest } from "../../plan/compare/actions.js";
import { aNetwork, aProject, aVolume, type ServiceInput } from "../../plan/plan.fixture.js";
import { neededBy } from "../../plan/up-options.js";

/** Numbers in [0, 1), the same for the same seed (a linear congruential generator). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const names = ["api", "cache", "db", "web"] as const;
const mebibyte = 2 ** 20;

/** For each attribute the values that it may have; undefined leaves it out. */
const values: Readonly<Record<string, ReadonlyArray<ServiceInput>>> = {
  image: [{ image: "busybox" }, { image: "debian" }],
  command: [{}, { command: ["a"] }, { command: ["b", "c"] }],
  environment: [{}, { environment: { A: "1" } }, { environment: { A: "2", LEVEL: "x" } }],
  labels: [{}, { labels: { own: "1" } }],
  user: [{}, { user: "7" }],
  restart: [{}, { restart: { name: "always" } }, { restart: { name: "on-failure", max_attempts: 2 } }],
  limits: [
    {},
    { resources: { mem_limit: 32 * mebibyte } },
    { resources: { mem_limit: 64 * mebibyte, cpus: 0.5 } },
    { resources: { cpus: 1, pids_limit: 20 } },
    { resources: { mem_limit: 64 * mebibyte, memswap_limit: 80 * mebibyte, cpu_shares: 512 } },
  ],
  volumes: [{}, { volumes: [{ type: "volume", source: "data", target: "/data", read_only: false }] }],
  configs: [
    {},
    { configs: [{ source: "one", target: "/etc/one" }] },
    { configs: [{ source: "two", target: "/etc/one" }] },
  ],
  init: [{}, { init: true }],
  logging: [{}, { logging: { driver: "json-file", options: { "max-size": "1m" } } }],
  scale: [{}, {}, { scale: 2 }],
  container_name: [{}, {}, { container_name: "named" }],
  networks: [
    {},
    { networks: ["back"] },
    { networks: ["back", "default"] },
    { networks: ["back", "front"] },
    { network_mode: "none" },
  ],
};

/** For each service that is there which of the values it has, by attribute; `$` holds what services share. */
type Choices = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** How often an attribute is something else than its first value. */
const setShare = 0.4;

/** Two projects, of which the second differs from the first in a few attributes, and now and then in a service. */
export function randomPair(random: () => number): [Project, Project] {
  const before = Object.fromEntries(
    ["$", ...names].flatMap((name) => (name === "$" || random() < 0.8 ? [[name, chosen(random)]] : [])),
  );
  return [projectOf(before), projectOf(changed(before, random))];
}

/** Versions of the files that builds read. Two at a time make one image: not every file ends up in it. */
const sources = 4;
export const sourceOf = ({ environment }: Project): number => Number(environment.SOURCE);
export const imageVersionOf = (source: number): number => Math.floor(source / 2);

const attributes: Readonly<Record<string, number>> = {
  ...Object.fromEntries(Object.entries(values).map(([name, list]) => [name, list.length])),
  ...{ dependency: 8, content: 2, internal: 4, aliases: 3, build: 3, source: sources },
};

function chosen(random: () => number): Record<string, number> {
  const entries = Object.entries(attributes).map(([name, count]) => [name, draw(random, count)]);
  return Object.fromEntries(entries);
}

function draw(random: () => number, count: number): number {
  return random() < setShare ? Math.floor(random() * count) : 0;
}

function changed(before: Choices, random: () => number): Choices {
  const after: Record<string, Record<string, number>> = structuredClone(before);
  const pick = (list: readonly string[]) => list[Math.floor(random() * list.length)] ?? "$";
  const times = 1 + Math.floor(random() * 3);
  for (let at = 0; at < times; at++) {
    const attribute = pick(Object.keys(attributes));
    const of = after[pick(Object.keys(after))];
    if (of) of[attribute] = Math.floor(random() * (attributes[attribute] ?? 1));
  }
  // Attributes are many, and this one is no service's.
  if (after.$ && random() < 0.3) after.$.source = Math.floor(random() * sources);
  const name = pick(names);
  const luck = random();
  if (luck < 0.1) delete after[name];
  if (luck > 0.9) after[name] ??= chosen(random);
  return after;
}

/** A project `shop` whose services depend on those before them, and share now and then a namespace. */
function projectOf(choices: Choices): Project {
  const services: Record<string, ServiceInput> = {};
  for (const name of names) {
    const own = choices[name];
    if (own) services[name] = serviceOf(name, own, Object.keys(services));
  }
  const shared = choices.$ ?? {};
  const internal = (key: string) => key === "front" && shared.internal === 1;
  const keys = ["back", "default", "front"];
  const project = aProject(services, {
    networks: new Map(keys.map((key) => [key, aNetwork(key, { internal: internal(key) })])),
    volumes: new Map([["data", aVolume("data")]]),
    environment: { SOURCE: String(shared.source ?? 0) },
    configs: new Map([
      ["one", { key: "one", name: "one", content: shared.content === 1 ? "x" : "y", external: false }],
      ["two", { key: "two", name: "two", content: "z", external: false }],
    ]),
  });
  return shared.aliases === 1 ? aliased(project) : project;
}

function serviceOf(name: string, own: Readonly<Record<string, number>>, before: readonly string[]): ServiceInput {
  const input: ServiceInput = Object.assign(
    {},
    ...Object.entries(values).map(([key, list]) => list[own[key] ?? 0] ?? {}),
  );
  if (own.build) Object.assign(input, { image: `own-${name}`, build: { context: `/src/shop/${name}` } });
  const dependency = own.dependency ?? 0;
  const other = before[dependency % 4];
  if (dependency === 0 || other === undefined) return named(name, input);
  const { networks: _networks, ...rest } = input;
  const shares = dependency > 5 && input.scale === undefined;
  const whole = shares ? { ...rest, network_mode: `service:${other}` } : input;
  return named(name, { ...whole, depends_on: { [other]: { restart: dependency % 2 === 1 } } });
}

/** One name is for one replica. */
function named(name: string, input: ServiceInput): ServiceInput {
  return input.container_name === undefined ? input : { ...input, container_name: `named-${name}`, scale: 1 };
}

function aliased(project: Project): Project {
  const services = [...project.services].map(([name, service]): [string, Service] => {
    const places = [...service.networks].map(([key, place]) => [key, { ...place, aliases: ["other"] }] as const);
    return [name, { ...service, networks: new Map(places) }];
  });
  return { ...project, services: new Map(services) };
}

/**
 * By service that both have: what its change costs by the table, and by what is forced on it. Told from the two models
 * alone, not from what an engine shows.
 */
export function expectedActions(before: Project, after: Project): ReadonlyMap<string, Action> {
  const found = new Map<string, Action>();
  const visit = (name: string): Action => {
    const known = found.get(name);
    if (known !== undefined) return known;
    const [old, next] = [before.services.get(name), after.services.get(name)];
    if (!next || !old) return next ? "recreate" : "nothing";
    const own = greatest(fieldActions(before, after, { old, next }));
    const donors = [next.network_mode, next.pid, next.ipc].flatMap((mode) =>
      mode?.startsWith("service:") ? [mode.slice(8)] : [],
    );
    for (const needed of neededBy(next)) visit(needed);
    const forced = donors.some((donor) => visit(donor) === "recreate");
    const action = forced ? "recreate" : own;
    found.set(name, action);
    return action;
  };
  for (const name of after.services.keys()) visit(name);
  return new Map([...found].filter(([name]) => before.services.has(name)));
}

function fieldActions(before: Project, after: Project, { old, next }: { old: Service; next: Service }): Action[] {
  const flat = (project: Project, service: Service): Map<string, string> => {
    const { resources, networks, configs, network_mode, ...rest } = service;
    const places = [...networks].map(([key, place]) => [`networks.${key}`, place]);
    const contents = configs.map((use) => ({ ...use, content: project.configs.get(use.source)?.content }));
    const all = {
      ...rest,
      ...resources,
      ...Object.fromEntries(places),
      ...(configs.length > 0 ? { configs: contents } : {}),
      network_mode,
    };
    const known = Object.entries(all).filter(
      ([, value]) => value !== undefined && !(value instanceof Map) && !isEmpty(value),
    );
    return new Map(known.map(([key, value]) => [key, canonicalJson(value)]));
  };
  const [a, b] = [flat(before, old), flat(after, next)];
  const isRebuilt = old.build && next.build && imageVersionOf(sourceOf(before)) !== imageVersionOf(sourceOf(after));
  const changed = [...new Set([...a.keys(), ...b.keys()])]
    .filter((field) => a.get(field) !== b.get(field))
    .map((field) => actionFor(field, { isRemoved: !b.has(field) }))
    .map((action) => (action === "rebuild" ? "recreate" : action));
  return isRebuilt ? [...changed, "recreate"] : changed;
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
