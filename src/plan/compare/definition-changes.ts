/**
 * The fields in which a network or volume differs from what the files define.
 *
 * Pure. Neither can be changed once it is there. What its engine shows is compared field by field where the files ask
 * for something; that they ask for less than before is told by the digest in its label.
 */
import type { NetworkSpec, Project, VolumeSpec } from "../../compose/project.js";
import { sourceOf } from "../../compose/source-of.js";
import { composeLabels, makerLabel } from "../../wire/labels.js";
import type { ObservedNetwork, ObservedVolume } from "../observed.js";
import type { FieldChange } from "../operation.js";
import { hashDefinition } from "../service/service-hash.js";

/** In path order. One with the path of the network alone says that something else was asked for. */
export function networkChanges(project: Project, spec: NetworkSpec, live: ObservedNetwork): FieldChange[] {
  const { shown } = live;
  const path = `networks.${spec.key}`;
  const pools = spec.ipam?.config ?? [];
  const wanted = pools.map(({ subnet, ip_range, gateway }) => poolText(subnet, ip_range, gateway));
  const has = (shown?.pools ?? []).map(({ Subnet, IPRange, Gateway }) => ({ Subnet, IPRange, Gateway }));
  const isThere = (pool: (typeof pools)[number]) =>
    has.some(
      ({ Subnet, IPRange, Gateway }) =>
        (pool.subnet ?? Subnet) === Subnet &&
        (pool.ip_range ?? IPRange) === IPRange &&
        (pool.gateway ?? Gateway) === Gateway,
    );
  const changes = shown
    ? [
        ...differing(`${path}.driver`, shown.driver, spec.driver ?? "bridge"),
        ...differing(`${path}.internal`, shown.internal, spec.internal),
        ...differing(`${path}.attachable`, shown.attachable, spec.attachable),
        ...differing(`${path}.enable_ipv6`, shown.enableIPv6, spec.enable_ipv6 ?? shown.enableIPv6),
        ...mapped(`${path}.driver_opts`, shown.options, spec.driver_opts),
        ...mapped(`${path}.labels`, live.labels, spec.labels),
        // Engines may write the same pool otherwise, and nobody can change one by hand.
        ...(live.labels[composeLabels.configHash] === hashDefinition(spec) || pools.every(isThere)
          ? []
          : differing(
              `${path}.ipam.config`,
              has.map((pool) => poolText(pool.Subnet, pool.IPRange, pool.Gateway)).join(", "),
              wanted.join(", "),
            )),
      ]
    : [];
  return located(project, changes.length > 0 ? changes : unshown(path, live.labels, spec));
}

/** As `networkChanges`. */
export function volumeChanges(project: Project, spec: VolumeSpec, live: ObservedVolume): FieldChange[] {
  const { shown } = live;
  const path = `volumes.${spec.key}`;
  const changes = shown
    ? [
        ...differing(`${path}.driver`, shown.driver, spec.driver ?? shown.driver),
        ...mapped(`${path}.driver_opts`, shown.options, spec.driver_opts),
        ...mapped(`${path}.labels`, live.labels, spec.labels),
      ]
    : [];
  return located(project, changes.length > 0 ? changes : unshown(path, live.labels, spec));
}

/** Another tool's digest says nothing. */
function unshown(
  path: string,
  labels: Readonly<Record<string, string>>,
  spec: NetworkSpec | VolumeSpec,
): FieldChange[] {
  const hash = labels[composeLabels.configHash];
  return labels[makerLabel] === undefined || hash === undefined || hash === hashDefinition(spec) ? [] : [{ path }];
}

function differing(path: string, old: unknown, next: unknown): FieldChange[] {
  return old === next ? [] : [{ path, old: String(old), new: String(next) }];
}

/** Of what the files ask for: engines and other tools add entries of their own. */
function mapped(
  path: string,
  old: Readonly<Record<string, string>>,
  next: Readonly<Record<string, string>>,
): FieldChange[] {
  return Object.keys(next)
    .filter((key) => old[key] !== next[key])
    .map((key) => ({
      path: `${path}.${key}`,
      ...(old[key] === undefined ? {} : { old: old[key] }),
      ...(next[key] === undefined ? {} : { new: next[key] }),
    }));
}

function poolText(subnet = "", range?: string, gateway?: string): string {
  return [subnet, range && `range ${range}`, gateway && `gateway ${gateway}`].filter(Boolean).join(" ");
}

function located(project: Project, changes: readonly FieldChange[]): FieldChange[] {
  return [...changes]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map((change) => {
      const source = sourceOf(project, change.path);
      return source ? { ...change, source } : change;
    });
}
