/** Prints the output of several containers as prefixed lines, at the pace of whoever reads it. */
import type { StreamFrame } from "../../../../wire/stream.js";
import type { CliContext } from "../../../context.js";
import { LineSplitter, logName, prefixed } from "../../../views/log-lines.js";
import { prefixPaint } from "../../../views/style.js";
import { wantsColor } from "./terminal.js";

export interface PrinterOptions {
  readonly project: string;
  readonly color: boolean;
  readonly prefix: boolean;
  /** Puts the time of arrival before each line. */
  readonly stampArrival?: boolean;
}

/** One for a command; names take their colours in the order in which they are added. */
export class LogPrinter {
  readonly #context: CliContext;
  readonly #options: PrinterOptions;
  readonly #names: string[] = [];
  #width = 0;

  constructor(context: CliContext, options: PrinterOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** Widens the prefix column for a container before its first line. */
  add(container: string): void {
    const name = logName(container, this.#options.project);
    if (this.#names.includes(name)) return;
    this.#names.push(name);
    this.#width = Math.max(this.#width, name.length);
  }

  /** Prints frames until they end; stderr's lines go to stderr when `split` is set. */
  async printFrames(
    container: string,
    frames: AsyncIterable<StreamFrame>,
    { split }: { split: boolean },
  ): Promise<void> {
    this.add(container);
    const splitters = { out: new LineSplitter(), err: new LineSplitter() };
    for await (const { stream, payload } of frames) {
      const isError = stream === "stderr" && split;
      const lines = (stream === "stderr" ? splitters.err : splitters.out).push(payload);
      for (const line of lines) await this.print(container, line, isError);
    }
    for (const line of splitters.out.end()) await this.print(container, line);
    for (const line of splitters.err.end()) await this.print(container, line, split);
  }

  /** One line; resolves when the reader can take more. */
  async print(container: string, line: string, isError = false): Promise<void> {
    const { project, color, prefix, stampArrival } = this.#options;
    const { clock, stdout, stderr } = this.#context;
    const stream = isError ? stderr : stdout;
    const name = logName(container, project);
    const paint = prefixPaint(Math.max(0, this.#names.indexOf(name)), color && wantsColor(this.#context, stream));
    const text = stampArrival ? `${clock.now().toISOString()} ${line}` : line;
    const whole = prefix ? prefixed(text, { name, width: this.#width, paint }) : text;
    if (!stream.write(`${whole}\n`)) await new Promise((resolve) => stream.once("drain", resolve));
  }
}
