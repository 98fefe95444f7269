/**
 * Runs every clause in docker compose and in Gantry and compares verdicts and models.
 *
 *   node --import ./bench/typescript.mjs test/compose-spec/compare-with-docker-compose.ts [DOCKER-COMPOSE] [--all]
 *
 * Needs no engine. Without an argument the program is `docker compose` of PATH. `--all` shows the differences that have
 * a reason in `differences.yaml` too. Ends with 1 when one has none, or when a reason's clause is equal.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  type Clause,
  type Ended,
  environmentOf,
  layOut,
  type Outcome,
  outcomeOf,
  readClauses,
  readDifferences,
  wordsOf,
} from "./clause.js";
import { runGantry } from "./run-gantry.js";

const { values: flags, positionals } = parseArgs({ options: { all: { type: "boolean" } }, allowPositionals: true });
const peer = positionals.length > 0 ? positionals : ["docker", "compose"];
const reasons = readDifferences();
const counts = { equal: 0, explained: 0, unexplained: 0, outdated: 0 };

for (const clause of [...readClauses().values()].flat()) {
  const differences = compare(await runPeer(clause), await runGantry(clause));
  const reason = reasons.get(clause.name);
  if (differences.length === 0) {
    if (reason === undefined) counts.equal += 1;
    else counts.outdated += 1;
    if (reason !== undefined) console.log(`= ${clause.name}\n    is equal: its reason can go`);
  } else {
    counts[reason === undefined ? "unexplained" : "explained"] += 1;
    if (reason === undefined || flags.all) console.log(`${[`≠ ${clause.name}`, ...differences].join("\n    ")}`);
  }
}
console.log(
  `${counts.equal} equal, ${counts.explained} different with a reason, ${counts.unexplained} different without a reason` +
    (counts.outdated > 0 ? `, ${counts.outdated} equal with a reason` : ""),
);
process.exitCode = counts.unexplained + counts.outdated > 0 ? 1 : 0;

async function runPeer(clause: Clause): Promise<Outcome> {
  using project = layOut(clause);
  const [program = "", ...words] = [...peer, ...wordsOf(clause)];
  const env = { PATH: process.env.PATH, ...environmentOf(clause) };
  const ended = await new Promise<Ended>((resolve, reject) => {
    execFile(program, words, { cwd: join(project.folder, "demo"), env }, (error, stdout, stderr) => {
      if (error && typeof error.code !== "number") reject(error);
      else resolve({ exitCode: Number(error?.code ?? 0), stdout, stderr });
    });
  });
  const outcome = outcomeOf(ended, project.folder);
  return "refused" in outcome ? { refused: [ended.stderr.trim().replaceAll(project.folder, "/here")] } : outcome;
}

/** Nothing when both refuse, or print the same. */
function compare(theirs: Outcome, ours: Outcome): string[] {
  if ("refused" in theirs) return "refused" in ours ? [] : [`docker compose refuses: ${theirs.refused.join("; ")}`];
  if ("refused" in ours) return [`Gantry refuses: ${ours.refused.join("; ")}`];
  return differencesOf(theirs.printed, ours.printed, "");
}

function differencesOf(theirs: unknown, ours: unknown, path: string): string[] {
  if (isRecord(theirs) && isRecord(ours)) {
    const keys = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])].sort();
    return keys.flatMap((key) => differencesOf(theirs[key], ours[key], path === "" ? key : `${path}.${key}`));
  }
  const [one, other] = [JSON.stringify(theirs), JSON.stringify(ours)];
  if (one === other) return [];
  if (Array.isArray(theirs) && Array.isArray(ours) && theirs.length === ours.length) {
    return theirs.flatMap((item, index) => differencesOf(item, ours[index], `${path}[${index}]`));
  }
  return [`${path}: docker compose ${one ?? "says nothing"}, Gantry ${other ?? "says nothing"}`];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
