/**
 * Plans the volumes of a project: create what is missing, bring back what half a removal took, never touch what holds
 * data.
 *
 * Pure. A volume whose definition changed is kept and the difference reported: only its owner can say that the data
 * may go. Follows the Compose Specification, section "Volumes top-level element".
 */
import { GantryError } from "../base/errors.js";
import type { Service, VolumeSpec } from "../compose/project.js";
import type { TrashedVolume } from "../wire/history.js";
import { composeLabels } from "../wire/labels.js";
import { volumeChanges } from "./compare/definition-changes.js";
import type { ObservedVolume } from "./observed.js";
import { changeText } from "./print-plan.js";
import { placeOf } from "./service/field-changes.js";
import { volumeLabels } from "./service/names.js";
import type { UpDraft } from "./up-draft.js";

/** Fills `draft.volumeReady`. Throws "volume-not-found" for a missing external volume. */
export function planVolumes(draft: UpDraft): void {
  const used = new Set(draft.selected.flatMap(volumeKeysOf));
  for (const key of [...used].sort()) {
    const spec = draft.project.volumes.get(key);
    if (!spec) continue;
    const live = draft.observed.volumes.find((volume) => volume.name === spec.name);
    const trashed = draft.observed.halfRemoved?.get(spec.name);
    if (live) keepVolume(draft, spec, live);
    else if (trashed && !spec.external) restoreVolume(draft, spec, trashed);
    else createVolume(draft, spec);
  }
}

/** Keys of the named volumes that a service mounts. */
export function volumeKeysOf(service: Service): string[] {
  return service.volumes.flatMap((mount) =>
    mount.type === "volume" && mount.source !== undefined ? [mount.source] : [],
  );
}

function keepVolume(draft: UpDraft, spec: VolumeSpec, live: ObservedVolume): void {
  if (spec.external) return;
  if (live.labels[composeLabels.project] !== draft.project.name) {
    draft.builder.warn(
      `A volume named ${spec.name} exists but was not made for project "${draft.project.name}"; it is used as it is.`,
      "Set `external: true` to use an existing volume.",
    );
    return;
  }
  const changes = volumeChanges(draft.project, spec, live);
  if (changes.length === 0) return;
  const what = changes.filter(({ path }) => path !== `volumes.${spec.key}`).map(changeText);
  draft.builder.warn(
    `The definition of volume ${spec.name} changed${what.length > 0 ? ` (${what.join("; ")})` : ""}; ` +
      "the volume and its data are kept as they are.",
    `To make it anew without its data: gantry down, then gantry volume rm ${spec.name}.`,
  );
}

/** Made anew it would be empty, beside others with the data of before. */
function restoreVolume(draft: UpDraft, spec: VolumeSpec, { id, generation }: TrashedVolume): void {
  const reason = `generation ${generation}, which took it away, ended halfway`;
  const restored = draft.builder.add({ kind: "restore-volume", name: spec.name, trashId: id }, reason);
  draft.volumeReady.set(spec.key, [restored]);
  draft.builder.warn(
    `Volume ${spec.name} comes back from the trash: ${reason}.`,
    "To begin with empty volumes: gantry down -v, and then up.",
  );
}

function createVolume(draft: UpDraft, spec: VolumeSpec): void {
  const source = placeOf(draft.project, `volumes.${spec.key}`);
  if (spec.external) {
    throw new GantryError("volume-not-found", `external volume "${spec.name}" not found`, {
      hint: `Create it: gantry volume create ${spec.name}`,
      ...(source ? { source } : {}),
    });
  }
  const id = draft.builder.add(
    {
      kind: "create-volume",
      body: {
        Name: spec.name,
        ...(spec.driver === undefined ? {} : { Driver: spec.driver }),
        DriverOpts: { ...spec.driver_opts },
        Labels: volumeLabels(draft.project, spec, draft.options.version),
      },
    },
    { reason: "volume is missing", ...(source ? { source } : {}) },
  );
  draft.volumeReady.set(spec.key, [id]);
}
