/** Checks what no single value shows: references, cycles, things that exclude each other. Pure. */
import type { DraftService } from "../normalize/service/service.js";
import type { FileSpec, FileUse, NetworkSpec, VolumeSpec } from "../project.js";
import type { Place, Report } from "../report.js";
import { child, descend, itemsOf, membersOf, type Tree } from "../tree.js";
import { checkAttributes } from "./check-attributes.js";
import { checkPublishedPorts } from "./check-ports.js";

/** What the project defines at its top level. */
export interface Resources {
  readonly networks: ReadonlyMap<string, NetworkSpec>;
  readonly volumes: ReadonlyMap<string, VolumeSpec>;
  readonly configs: ReadonlyMap<string, FileSpec>;
  readonly secrets: ReadonlyMap<string, FileSpec>;
}
type Sources = ReadonlyMap<string, Place["at"]>;
export interface ConsistencyInput {
  readonly services: ReadonlyMap<string, DraftService>;
  /** Disabled ones too: a build may name them. */
  readonly all: ReadonlyMap<string, DraftService>;
  /** Names under `models` at the top level. */
  readonly models: readonly string[];
  readonly resources: Resources;
  /** Places by canonical path. */
  readonly sources: Sources;
  /** External configs and secrets are then a warning: nothing is about to run. */
  readonly forReading?: boolean | undefined;
}

/** Reports every contradiction among the selected services. */
export function checkConsistency(
  { services, all, models, resources, sources, forReading }: ConsistencyInput,
  report: Report,
): void {
  const at = (path: string, otherwise: Place): Place => ({ path, at: sources.get(path) ?? otherwise.at });
  for (const draft of services.values()) {
    const { service, place } = draft;
    checkImage(draft, report);
    refuseNul(place, report);
    checkAttributes(draft, { services: all, secrets: [...resources.secrets.keys()], models }, report);
    for (const name of service.networks.keys()) {
      if (name === "default" || resources.networks.has(name)) continue;
      report.undefinedName(networkPlace(place, name), "network", name, resources.networks.keys());
    }
    service.volumes.forEach((mount, index) => {
      if (mount.type !== "volume" || mount.source === undefined || resources.volumes.has(mount.source)) return;
      report.undefinedName(
        at(`${place.path}.volumes[${index}]`, place),
        "volume",
        mount.source,
        resources.volumes.keys(),
      );
    });
    const uses = (kind: "config" | "secret") =>
      checkFileUses(kind, service[`${kind}s`], { known: resources[`${kind}s`], place, at, forReading, report });
    uses("config");
    uses("secret");
  }
  checkContainerNames(services, report);
  checkPublishedPorts(services, at, report);
}

/** The kernel ends every text at a NUL, so that what is behind it would be lost without a word. */
function refuseNul(node: Tree, report: Report): void {
  if (node.kind === "scalar" && typeof node.value === "string" && node.value.includes("\0")) {
    report.error(node, "bad-value", `${node.path} has a NUL character, which ends a text`, { hint: "Remove the \\0" });
  }
  for (const item of itemsOf(node)) refuseNul(item, report);
  for (const [, member] of membersOf(node)) refuseNul(member, report);
}

function checkImage({ service, place }: DraftService, report: Report): void {
  if (service.image || service.build || service.provider) return;
  report.error(place, "missing-image", `Service "${service.name}" has neither an image nor a build`, {
    hint: "Add image: NAME, or build: PATH",
  });
}

/** A network stands in a list or as a key. */
function networkPlace(service: Tree, name: string): Place {
  const node = child(service, "networks");
  if (node?.kind === "map") return { path: `${node.path}.${name}`, at: [node.entries.get(name)?.keyAt ?? []].flat() };
  const item =
    node?.kind === "list" ? node.items.find((one) => one.kind === "scalar" && one.value === name) : undefined;
  return item ?? service;
}

function checkFileUses(
  kind: "config" | "secret",
  uses: readonly FileUse[],
  context: {
    known: ReadonlyMap<string, FileSpec>;
    place: Tree;
    at: (path: string, otherwise: Place) => Place;
    forReading: boolean | undefined;
    report: Report;
  },
): void {
  const { known, place, at, forReading, report } = context;
  uses.forEach(({ source, uid, gid, mode }, index) => {
    const where = at(`${place.path}.${kind}s[${index}]`, place);
    const spec = known.get(source);
    if (!spec) report.undefinedName(where, kind, source, known.keys());
    else if (spec.external || spec.driver || spec.template_driver) {
      const message = spec.external
        ? `External ${kind} "${source}" is not supported: nothing keeps it`
        : `The ${kind} "${source}" has a driver, which only a swarm has`;
      report[forReading ? "warn" : "error"](where, "not-supported", message, {
        hint: `Give the ${kind} a file or environment`,
      });
    } else if (spec.file !== undefined && (uid ?? gid ?? mode) !== undefined) {
      const message = `uid, gid and mode have no effect: the file of ${kind} "${source}" is bound as it is`;
      report.warn(where, "no-effect", message, { hint: "Change the file itself" });
    }
  });
}

function checkContainerNames(services: ReadonlyMap<string, DraftService>, report: Report): void {
  const owners = new Map<string, string>();
  for (const { service, place } of services.values()) {
    const name = service.container_name;
    const where = child(place, "container_name") ?? place;
    if (name === undefined) continue;
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) {
      const expected = "two or more letters, digits, '_', '.' and '-', beginning with a letter or digit";
      report.error(where, "bad-name", `"${name}" cannot be the name of a container`, { expected });
    }
    if (service.scale > 1) {
      const hint = "Remove container_name, or scale to 1";
      const scale = child(place, "scale") ?? descend(place, "deploy", "replicas") ?? where;
      const message = `${service.scale} replicas of "${service.name}" cannot all be named "${name}"`;
      report.error(scale, "conflicting-keys", message, { hint });
    }
    const owner = owners.get(name);
    if (owner) report.error(where, "duplicate-name", `Services "${owner}" and "${service.name}" both name "${name}"`);
    owners.set(name, service.name);
  }
}
