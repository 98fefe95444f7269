/**
 * Remembers what a command does, for the reports that `--report` asks for, and writes them when it has ended.
 *
 * Without such a flag it remembers nothing.
 */
import { resolve } from "node:path";
import type { ApplyEvent, FailureCard } from "../apply/apply-events.js";
import type { Diagnostic } from "../base/diagnostic.js";
import { GantryError, isGantryError, messageOf } from "../base/errors.js";

const kinds = ["junit", "json", "github"] as const;

/** A report that was asked for; without a file it goes to standard output. */
export interface ReportWish {
  readonly kind: (typeof kinds)[number];
  readonly file?: string;
}

/** `junit=FILE`, `github`. Throws "bad-usage". */
export function parseReportWish(word: string): ReportWish {
  const at = word.indexOf("=");
  const name = at < 0 ? word : word.slice(0, at);
  const file = at < 0 ? "-" : word.slice(at + 1);
  const kind = kinds.find((known) => known === name);
  if (kind === undefined || file === "") {
    throw new GantryError("bad-usage", `--report: ${word} is not a report; write one of ${kinds.join(", ")}`, {
      hint: "With a file: --report junit=report.xml",
    });
  }
  return { kind, ...(file === "-" ? {} : { file }) };
}

/** Where reports go, and what they need to know of where they are written. */
export interface ReportTarget {
  readonly command: string;
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly exitCode: number;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: { write(text: string): unknown };
}

/** One for a command. */
export class RunRecorder {
  readonly #wishes: readonly ReportWish[];
  readonly #events: ApplyEvent[] = [];
  readonly #problems: FailureCard[] = [];

  constructor(wishes: readonly ReportWish[] = []) {
    this.#wishes = wishes;
  }

  event(event: ApplyEvent): void {
    // Figures of pulls and lines of builds are no part of a report.
    if (this.#wishes.length > 0 && event.kind !== "progress") this.#events.push(event);
  }

  /** What is wrong with the files, so that no plan could be drawn. */
  diagnostics(diagnostics: readonly Diagnostic[]): void {
    for (const { severity, code, message, hint, source } of diagnostics) {
      if (severity !== "error") continue;
      this.#problems.push({ ...cardOf({ code, message, hint, source }), phase: "load" });
    }
  }

  /** What ended the command beside its operations. */
  error(error: unknown): void {
    const known = isGantryError(error) ? error : { code: "internal", hint: undefined, source: undefined };
    this.#problems.push(cardOf({ ...known, code: known.code, message: messageOf(error), hint: known.hint }));
  }

  /** Writes every report; a file has the old one or the whole new one. Throws what the file system says. */
  async write(target: ReportTarget): Promise<void> {
    if (this.#wishes.length === 0) return;
    const { runReport } = await import("./views/reports/run-report.js");
    const { startedAt, cwd, stdout, ...facts } = target;
    const report = runReport(this.#events, {
      ...facts,
      startedAt: startedAt.toISOString(),
      problems: this.#problems,
    });
    for (const { kind, file } of this.#wishes) {
      const text = await rendered[kind](report, target);
      if (file === undefined) stdout.write(text);
      else await writeReport(resolve(cwd, file), text);
    }
  }
}

/** Readable to its owner alone, since it quotes logs. Into a pipe or a device it is written as it is. */
async function writeReport(file: string, text: string): Promise<void> {
  const { stat, writeFile } = await import("node:fs/promises");
  const there = await stat(file).catch(() => undefined);
  if (there && !there.isFile()) return writeFile(file, text);
  const { writeUserFile } = await import("../base/user-file.js");
  await writeUserFile(file, text, { mode: 0o600, isSecret: true });
}

type Report = import("./views/reports/run-report.js").RunReport;

const rendered: Record<ReportWish["kind"], (report: Report, target: ReportTarget) => Promise<string>> = {
  json: async (report) => `${JSON.stringify(report, null, 2)}\n`,
  junit: async (report) => (await import("./views/reports/junit.js")).reportToJunit(report),
  github: async (report, { env, cwd }) =>
    (await import("./views/reports/github.js")).reportToGithub(report, { root: env.GITHUB_WORKSPACE || cwd }),
};

function cardOf({
  code,
  message,
  hint,
  source,
}: Pick<FailureCard, "code" | "message"> & {
  readonly hint?: string | undefined;
  readonly source?: FailureCard["source"] | undefined;
}): FailureCard {
  return {
    code,
    message,
    phase: "command",
    lastLogLines: [],
    heldBack: [],
    ...(hint === undefined ? {} : { hint }),
    ...(source ? { source } : {}),
  };
}
