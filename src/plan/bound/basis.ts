/** What a plan is drawn from, boiled down to digests by name, so that it can be told later what has moved. Pure. */
import { canonicalJson } from "../../base/json.js";
import type { Project } from "../../compose/project.js";
import { composeLabels } from "../../wire/labels.js";
import type { ObservedContainer, ObservedNetwork, ObservedState, ObservedVolume } from "../observed.js";
import { plain } from "../service/service-hash.js";
import type { Basis, Digest } from "./plan-document.js";

type Fields = Readonly<Record<string, string>>;

/** There may be thousands; two contents of one file do not meet by chance. */
const fileDigestChars = 16;

/** `files` as `apply/` has digested them. */
export function basisOf(
  project: Project,
  observed: ObservedState,
  { files, digest }: { files: Readonly<Record<string, string>>; digest: Digest },
): Basis {
  const trees = Object.fromEntries(treesOf(observed, digest));
  return {
    files,
    variables: variablesOf(project, digest),
    model: digest(canonicalJson(modelOf(project))),
    services: Object.fromEntries(
      [...project.services].map(([name, service]) => [name, digest(canonicalJson(plain(service)))]),
    ),
    objects: Object.fromEntries(objectsOf(project, observed, digest)),
    ...(Object.keys(trees).length > 0 ? { trees } : {}),
  };
}

/** The files that a project was read from, and those that its containers are made from; sorted. */
export function filesOf(project: Project): string[] {
  const { configFiles, envFiles, sources, provenance, configs, secrets, services } = project;
  const places = [...sources.values()].flat().map(({ file }) => file);
  const variables = [...(provenance?.variablePlaces.values() ?? [])].map(({ file }) => file);
  const delivered = [...configs.values(), ...secrets.values()].flatMap(({ file }) => file ?? []);
  const bound = [...services.values()].flatMap(({ volumes }) =>
    volumes.flatMap(({ type, source, read_only }) => (type === "bind" && read_only && source ? [source] : [])),
  );
  const all = [...configFiles, ...envFiles, ...places, ...variables, ...delivered, ...bound];
  return [...new Set(all.filter((path) => path.startsWith("/")))].sort();
}

function variablesOf({ variableUses, environment }: Project, digest: Digest): Fields {
  const names = new Set([...(variableUses?.values() ?? [])].flat().map(({ name }) => name));
  return Object.fromEntries([...names].sort().map((name) => [name, digest(environment[name] ?? "")]));
}

/** Where values were written is no part of what they are. */
function modelOf(project: Project): unknown {
  const { sources: _places, variableUses: _uses, provenance: _provenance, environment: _all, ...model } = project;
  return plain(model);
}

function* objectsOf(project: Project, observed: ObservedState, digest: Digest): Generator<[string, Fields]> {
  const isOwn = (labels: Readonly<Record<string, string>>) => labels[composeLabels.project] === project.name;
  for (const one of observed.containers) if (!one.isOneOff) yield [`container ${one.name}`, ofContainer(one, digest)];
  const networkNames = new Set([...project.networks.values()].map(({ name }) => name));
  for (const one of observed.networks) {
    if (networkNames.has(one.name) || isOwn(one.labels)) yield [`network ${one.name}`, ofNetwork(one, digest)];
  }
  const volumeNames = new Set([...project.volumes.values()].map(({ name }) => name));
  for (const one of observed.volumes) {
    if (volumeNames.has(one.name) || isOwn(one.labels)) yield [`volume ${one.name}`, ofVolume(one, digest)];
  }
  for (const [name, { Id }] of observed.images) yield [`image ${name}`, { id: Id }];
  for (const [name, { now }] of observed.builds ?? []) {
    const trees = Object.entries(now?.trees ?? {}).map(([tree, one]) => [tree, digest(one.digest)]);
    if (now) yield [`build ${name}`, { ...now.fields, ...Object.fromEntries(trees) }];
  }
}

/** Several builds may read one directory: it stands there once. */
function* treesOf({ builds }: ObservedState, digest: Digest): Generator<[string, Fields]> {
  const trees = [...(builds?.values() ?? [])].flatMap(({ now }) => Object.values(now?.trees ?? {}));
  for (const tree of new Map(trees.map((one) => [one.digest, one])).values()) {
    const files = Object.entries(tree.files).map(([path, one]) => [path, digest(one).slice(0, fileDigestChars)]);
    yield [digest(tree.digest), Object.fromEntries(files)];
  }
}

/** Health and addresses come and go by themselves; they are no part of what was planned. */
function ofContainer(container: ObservedContainer, digest: Digest): Fields {
  const { id, state, exitCode, imageId, details, mounts } = container;
  const parts = (name: string, value: object | undefined): Array<[string, string]> =>
    Object.entries(value ?? {}).map(([key, part]) => [`${name}.${key}`, digest(canonicalJson(part ?? null))]);
  const places = Object.entries(details?.NetworkSettings.Networks ?? {}).map(([name, place]): [string, string] => {
    const { Aliases, IPAMConfig, NetworkID } = place;
    return [`networks.${name}`, digest(canonicalJson({ Aliases, IPAMConfig, NetworkID }))];
  });
  return {
    ...{ id, state, image: imageId },
    ...(exitCode === undefined ? {} : { exitCode: String(exitCode) }),
    mounts: digest(canonicalJson(mounts)),
    ...Object.fromEntries([
      ...parts("Config", details?.Config),
      ...parts("HostConfig", details?.HostConfig),
      ...places,
    ]),
  };
}

function ofNetwork({ id, labels, shown }: ObservedNetwork, digest: Digest): Fields {
  return { id, labels: digest(canonicalJson(labels)), settings: digest(canonicalJson(shown ?? null)) };
}

function ofVolume({ labels, shown }: ObservedVolume, digest: Digest): Fields {
  return { labels: digest(canonicalJson(labels)), settings: digest(canonicalJson(shown ?? null)) };
}
