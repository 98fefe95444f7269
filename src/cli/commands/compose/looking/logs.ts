/** `gantry logs`: all containers in one stream, ordered by time; with `--follow` as it comes. */
import { GantryError, isGantryError } from "../../../../base/errors.js";
import type { EngineClient, LogQuery } from "../../../../client/engine-client.js";
import type { ObservedContainer } from "../../../../plan/observed.js";
import { noSuchService } from "../../../../plan/service/no-such-service.js";
import { composeLabels } from "../../../../wire/labels.js";
import type { CliContext } from "../../../context.js";
import { parseMoment } from "../../../options.js";
import { LineSplitter, splitTimestamp } from "../../../views/log-lines.js";
import { loadProjectOrName, wholeNumber } from "../load.js";
import { LogPrinter } from "../output/log-printer.js";

export interface LogsFlags {
  readonly follow?: boolean;
  readonly tail?: string;
  readonly since?: string;
  readonly until?: string;
  readonly timestamps?: boolean;
  readonly index?: string;
  readonly color: boolean;
  readonly logPrefix: boolean;
}

/** Containers in every state but one-offs; services with `attach: false` only when they are named. */
export async function logs(context: CliContext, flags: LogsFlags, services: readonly string[]): Promise<void> {
  if (flags.index !== undefined && services.length !== 1) {
    throw new GantryError("bad-usage", "--index goes with one service: name it");
  }
  const known = await loadProjectOrName(context);
  if (!known) return;
  const client = await context.connect();
  const { observeContainers } = await import("../../../../apply/observe.js");
  const observed = await observeContainers(client, known.name, { signal: context.signal });
  for (const name of services) {
    if (!known.project?.services.has(name) && !observed.some((one) => one.service === name)) {
      throw noSuchService(name, [...(known.project?.services.keys() ?? [])]);
    }
  }
  const isShown = ({ service, isOneOff, number }: Pick<ObservedContainer, "service" | "isOneOff" | "number">) => {
    if (isOneOff || (flags.index !== undefined && number !== wholeNumber(flags.index, "--index", 1))) return false;
    return services.length > 0 ? services.includes(service) : known.project?.services.get(service)?.attach !== false;
  };
  const shown = observed.filter(isShown);
  const printer = new LogPrinter(context, { project: known.name, color: flags.color, prefix: flags.logPrefix });
  for (const { name } of shown) printer.add(name);
  const query = logQuery(context, flags);
  if (!flags.follow)
    return printMerged(client, shown, { printer, query, signal: context.signal, stamps: flags.timestamps });
  const follower = new LogFollower(client, { printer, query, project: known.name, signal: context.signal, isShown });
  await follower.run(shown);
}

type Query = Omit<LogQuery, "follow" | "timestamps">;

function logQuery(
  { clock }: CliContext,
  { tail, since, until, timestamps }: LogsFlags,
): Query & { timestamps: boolean } {
  const moment = (text: string, what: string) => parseMoment(text, { now: clock.now(), what });
  return {
    stdout: true,
    stderr: true,
    timestamps: timestamps === true,
    ...(tail === undefined || tail === "all" ? {} : { tail: wholeNumber(tail, "--tail") }),
    ...(since === undefined ? {} : { since: moment(since, "--since") }),
    ...(until === undefined ? {} : { until: moment(until, "--until") }),
  };
}

interface StampedLine {
  readonly at: string;
  readonly text: string;
}

/** Merges the containers' lines by their time; holds one line of each. */
async function printMerged(
  client: EngineClient,
  containers: readonly ObservedContainer[],
  options: { printer: LogPrinter; query: Query; signal: AbortSignal; stamps?: boolean | undefined },
): Promise<void> {
  const { printer, query, signal, stamps } = options;
  const sources = await Promise.all(
    containers.map(async ({ id, name }) => {
      const lines = stampedLines(client, id, { query, signal });
      return { name, lines, next: await lines.next() };
    }),
  );
  for (;;) {
    let first: (typeof sources)[number] | undefined;
    for (const source of sources) {
      if (source.next.done) continue;
      if (!first || first.next.done || source.next.value.at < first.next.value.at) first = source;
    }
    if (!first || first.next.done) return;
    const { at, text } = first.next.value;
    await printer.print(first.name, stamps ? `${at} ${text}` : text);
    first.next = await first.lines.next();
  }
}

async function* stampedLines(
  client: EngineClient,
  id: string,
  { query, signal }: { query: Query; signal: AbortSignal },
): AsyncGenerator<StampedLine, undefined> {
  const { Config } = await client.containers.inspect(id, { signal });
  const splitters = { stdout: new LineSplitter(), stderr: new LineSplitter() };
  const frames = client.containers.logs(id, { ...query, timestamps: true, tty: Config.Tty === true }, { signal });
  for await (const { stream, payload } of frames) {
    for (const line of splitters[stream === "stderr" ? "stderr" : "stdout"].push(payload)) yield splitTimestamp(line);
  }
  for (const line of [...splitters.stdout.end(), ...splitters.stderr.end()]) yield splitTimestamp(line);
  return undefined;
}

interface FollowOptions {
  readonly printer: LogPrinter;
  readonly query: Query & { timestamps: boolean };
  readonly project: string;
  readonly signal: AbortSignal;
  readonly isShown: (container: Pick<ObservedContainer, "service" | "isOneOff" | "number">) => boolean;
}

/** Follows containers, and those that start later, until none runs any more. */
class LogFollower {
  readonly #client: EngineClient;
  readonly #options: FollowOptions;
  readonly #open = new Map<string, Promise<void>>();
  readonly #ending = new AbortController();
  /** Why following ended before the containers did. */
  #failure: unknown;

  constructor(client: EngineClient, options: FollowOptions) {
    this.#client = client;
    this.#options = options;
  }

  async run(containers: readonly ObservedContainer[]): Promise<void> {
    const abort = () => this.#ending.abort();
    this.#options.signal.addEventListener("abort", abort, { once: true });
    try {
      void this.#followStarts();
      for (const { id, name } of containers) this.#follow(id, name, this.#options.query);
      while (this.#open.size > 0) await Promise.race(this.#open.values());
      if (this.#failure) throw this.#failure;
    } finally {
      this.#ending.abort();
      this.#options.signal.removeEventListener("abort", abort);
    }
  }

  #follow(id: string, name: string, query: Query & { timestamps: boolean }): void {
    const { signal } = this.#ending;
    const printed = (async () => {
      const { Config } = await this.#client.containers.inspect(id, { signal });
      const frames = this.#client.containers.logs(id, { ...query, follow: true, tty: Config.Tty === true }, { signal });
      await this.#options.printer.printFrames(name, frames, { split: false });
    })()
      .catch((error: unknown) => {
        const isGone = signal.aborted || isGantryError(error, "container-not-found");
        if (!isGone) this.#failure ??= error;
      })
      .then(() => void this.#open.delete(id));
    this.#open.set(id, printed);
  }

  async #followStarts(): Promise<void> {
    const { project, isShown, query } = this.#options;
    const filters = { type: ["container"], event: ["start"], label: [`${composeLabels.project}=${project}`] };
    try {
      for await (const event of this.#client.system.events({ filters }, { signal: this.#ending.signal })) {
        const { ID, Attributes } = event.Actor;
        const service = Attributes[composeLabels.service] ?? "";
        const isOneOff = Attributes[composeLabels.oneoff] === "True";
        const number = Number(Attributes[composeLabels.containerNumber] ?? 0);
        if (this.#open.has(ID) || !isShown({ service, isOneOff, number })) continue;
        const { tail: _tail, ...rest } = query;
        this.#follow(ID, Attributes.name ?? ID, { ...rest, since: event.timeNano / 1e9 });
      }
    } catch {
      // Without events only later starts go unseen.
    }
  }
}
