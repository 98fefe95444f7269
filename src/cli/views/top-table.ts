/** The processes of a project's containers as docker compose's `top` lists them. Pure. */
import { printTable } from "./table.js";

/** What runs in one container; `number` is the replica's, or `run` for a one-off. */
export interface ContainerProcesses {
  readonly service: string;
  readonly number: string;
  readonly titles: readonly string[];
  readonly processes: ReadonlyArray<readonly string[]>;
}

/**
 * Titles that a container does not have stay empty in its lines; the command, which may be long, comes last. Nothing
 * where nothing runs.
 */
export function topTable(containers: readonly ContainerProcesses[]): string {
  const all = [...new Set(containers.flatMap(({ titles }) => titles))];
  const isCommand = (title: string) => title === "CMD" || title === "COMMAND";
  const titles = [...all.filter((title) => !isCommand(title)), ...all.filter(isCommand)];
  const rows = containers.flatMap(({ service, number, titles: own, processes }) =>
    processes.map((process) => [service, number, ...titles.map((title) => process[own.indexOf(title)] ?? "-")]),
  );
  if (rows.length === 0) return "";
  return printTable(["SERVICE", "#", ...titles], rows, { least: 4, gap: 2 });
}
