/** Generations of a project's history, as `gantry history` lists them. Pure. */
import type { GenerationSummary } from "../../../wire/history.js";
import { humanDuration } from "../../../wire/human-duration.js";

/** The titles of the fields and the columns of the table. */
export const generationListing = {
  titles: {
    ...{ Generation: "GENERATION", Command: "COMMAND", Outcome: "OUTCOME", Services: "SERVICES" },
    ...{ Operations: "OPERATIONS", CreatedSince: "CREATED", CreatedAt: "CREATED AT", EndedAt: "ENDED AT" },
    ...{ User: "USER", Host: "HOST", CommandLine: "COMMAND LINE", Project: "PROJECT", Images: "IMAGES" },
  },
  columns: ["Generation", "Command", "Outcome", "Services", "Operations", "CreatedSince", "User"],
} as const;

/** `now` in milliseconds since the epoch. */
export function generationRow(generation: GenerationSummary, now: number) {
  const { number, command, of, outcome, services, operations, startedAt, endedAt, author, images } = generation;
  return {
    Generation: String(number),
    Command: commandText({ command, of }),
    Outcome: outcome,
    Services: services.length === 0 ? "all" : services.join(", "),
    Operations: String(operations),
    CreatedSince: `${humanDuration(Math.max(0, now - Date.parse(startedAt)))} ago`,
    CreatedAt: startedAt,
    EndedAt: endedAt ?? "",
    ...{ User: author.user, Host: author.host, CommandLine: author.commandLine },
    Project: generation.project,
    Images: Object.entries(images)
      .map(([service, { name, id }]) => `${service}=${name}@${id}`)
      .join(","),
  };
}

/** `rollback to 3`, `undo of 5`. */
export function commandText({ command, of }: Pick<GenerationSummary, "command"> & { of?: number | undefined }): string {
  if (of === undefined) return command;
  return command === "undo" ? `undo of ${of}` : `${command} to ${of}`;
}

/** Name and value of all that is known of one; `trashed` are the volumes of it that can still come back. */
export function generationFields(
  generation: GenerationSummary,
  { now, trashed }: { now: number; trashed: ReadonlyArray<{ readonly name: string; readonly expiresAt: string }> },
): Array<readonly [string, string]> {
  const row = generationRow(generation, now);
  const { removed, removedVolumes, replicas, images, hasModel, endedAt } = generation;
  const anonymous = removed.flatMap(({ volumes }) => volumes.map(({ name }) => name));
  const volumeText = (name: string) => {
    const kept = trashed.find((volume) => volume.name === name);
    return `${name} (${kept ? `in the trash until ${kept.expiresAt}` : "not in the trash"})`;
  };
  const containers = removed.map(({ service, number }) => `${service} ${number}`);
  return [
    ["Generation", `${row.Generation} of ${generation.project}`],
    ["Command", row.Command],
    ["Outcome", row.Outcome],
    ["Services", row.Services],
    ["Operations", row.Operations],
    ["Begun", `${row.CreatedAt} (${row.CreatedSince})`],
    ...(endedAt === undefined ? [] : [["Ended", endedAt] as const]),
    ["By", `${row.User} on ${row.Host}: ${row.CommandLine}`],
    ...Object.entries(images).map(([service, { name, id }]) => {
      const count = replicas[service] ?? 0;
      return [`Image of ${service}`, `${name} (${id}), ${count} container${count === 1 ? "" : "s"}`] as const;
    }),
    ...(containers.length > 0 ? [["Removed", containers.join(", ")] as const] : []),
    ...[...removedVolumes, ...anonymous].map((name) => ["Removed volume", volumeText(name)] as const),
    ["Can be gone back to", hasModel ? `gantry rollback --to ${row.Generation}` : "no"],
  ];
}
