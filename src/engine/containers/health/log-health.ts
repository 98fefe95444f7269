/**
 * The health of a container that says in its output when it is ready: `healthy` from the first line that matches.
 *
 * Life: as that of a `HealthMonitor`. The log is followed from the run's first line on, so that an engine which comes
 * later finds what was said before it. Without a match in time the container is unhealthy, until the line comes.
 */
import { createContext, type Context as Sandbox, Script } from "node:vm";
import { messageOf, systemCodeOf } from "../../../base/errors.js";
import type { HealthState } from "../../../wire/container.js";
import type { HealthWatch } from "./health-monitor.js";

export interface LogHealthOptions {
  readonly pattern: string;
  /** How long after the start the line may take. */
  readonly withinMs: number;
  /** Milliseconds since this run began. */
  readonly sinceStartMs: number;
  readonly health: HealthState;
  /** The output of this run from its beginning, followed until the signal is aborted or the container ends. */
  readonly follow: (signal: AbortSignal) => AsyncIterable<Uint8Array>;
  readonly now: () => Date;
  readonly onHealth: (health: HealthState) => void;
}

/**
 * The engine's loop waits for a search: a pattern that takes longer for a chunk of lines is given up. More than once,
 * because on a busy machine it may be the others who take the time.
 */
const longestSearchesMs = [50, 100, 200];
/** A longer line is looked at in pieces. */
const longestLine = 8192;

export class LogHealth implements HealthWatch {
  readonly #options: LogHealthOptions;
  readonly #stopped = new AbortController();
  #health: HealthState;
  #deadline: NodeJS.Timeout | undefined;

  constructor(options: LogHealthOptions) {
    this.#options = options;
    this.#health = options.health;
  }

  get health(): HealthState {
    return this.#health;
  }

  start(): void {
    if (this.#health.Status === "healthy") return;
    const { withinMs, sinceStartMs } = this.#options;
    const overdue = () => this.#tell("unhealthy", 1, `No line has matched within ${withinMs / 1000} s`);
    this.#deadline = setTimeout(overdue, Math.max(0, withinMs - sinceStartMs));
    this.#search().catch((error: unknown) => this.#tell("unhealthy", -1, messageOf(error)));
  }

  stop(): void {
    clearTimeout(this.#deadline);
    this.#stopped.abort();
  }

  async #search(): Promise<void> {
    const { follow, pattern } = this.#options;
    const find = finderOf(pattern);
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of follow(this.#stopped.signal)) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = (lines.pop() ?? "").slice(-longestLine);
      const found = find(lines.flatMap(pieces));
      if (found === undefined) continue;
      clearTimeout(this.#deadline);
      this.#tell("healthy", 0, found);
      return this.#stopped.abort();
    }
  }

  #tell(Status: "healthy" | "unhealthy", ExitCode: number, Output: string): void {
    if (this.#stopped.signal.aborted) return;
    const at = this.#options.now().toISOString();
    const FailingStreak = Status === "healthy" ? 0 : this.#health.FailingStreak + 1;
    this.#health = { Status, FailingStreak, Log: [{ Start: at, End: at, ExitCode, Output }] };
    this.#options.onHealth(this.#health);
  }
}

function pieces(line: string): string[] {
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  if (text.length <= longestLine) return [text];
  return Array.from({ length: Math.ceil(text.length / longestLine) }, (_none, at) =>
    text.slice(at * longestLine, (at + 1) * longestLine),
  );
}

/** In a context of its own, because only there a search can be ended that would go on for ever. */
function finderOf(pattern: string): (lines: readonly string[]) => string | undefined {
  const context: Sandbox = createContext({ source: pattern, lines: [], found: -1 });
  new Script("pattern = new RegExp(source)").runInContext(context);
  const search = new Script("found = lines.findIndex((line) => pattern.test(line))");
  return (lines) => {
    context.lines = lines;
    for (const timeout of longestSearchesMs) {
      try {
        search.runInContext(context, { timeout });
        return lines[Number(context.found)];
      } catch (error) {
        if (systemCodeOf(error) !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
      }
    }
    throw new Error(`The pattern ${JSON.stringify(pattern)} takes too long to look for`);
  };
}
