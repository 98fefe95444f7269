/**
 * Lines that are redrawn in place on a terminal, laid out by Ink.
 *
 * Ink's own screen keeps the cursor below the last line, and a window that is made smaller then leaves lines behind;
 * `frame-bytes.ts` tells how they are placed here.
 */
import type { RenderTarget } from "../apply/event-renderer.js";
import type { Line, Screen } from "./model/progress-layout.js";
import { eraseFrame, frameBytes, hideCursor, showCursor } from "./model/screen/frame-bytes.js";
import { paintLine } from "./paint.js";

/** Ten a second: quick enough for elapsed tenths, calm enough for slow terminals. */
const redrawMs = 100;
/** What is over sooner needs no view that moves, and does not wait for Ink. */
const quickMs = 200;

/** What is shown at a moment, and what stays when it is over. */
export interface LiveText {
  layout(screen: Screen): Line[];
  summary(columns: number): Line[];
}

/** Draws from its making until `close`. */
export class LiveLines {
  readonly #target: RenderTarget;
  readonly #text: LiveText;
  readonly #beginning: NodeJS.Timeout;
  /** The rows on the terminal; undefined when they have to be drawn from the start. */
  #drawn: readonly string[] | undefined;
  #render: typeof import("./rows.js")["renderRows"] | undefined;
  #drawing: NodeJS.Timeout | undefined;
  #giveBack: () => void = () => {};
  #isClosed = false;

  constructor(target: RenderTarget, text: LiveText) {
    this.#target = target;
    this.#text = text;
    this.#beginning = setTimeout(() => void this.#begin(), quickMs);
  }

  /** Says something above the lines, for good. */
  tell(text: string): void {
    const { stream } = this.#target;
    stream.write(`${this.#render ? eraseFrame : ""}${text}\n`);
    this.#drawn = undefined;
    this.#draw();
  }

  /** Replaces the lines by the summary, which stays. */
  async close(): Promise<void> {
    const { stream, color } = this.#target;
    this.#isClosed = true;
    clearTimeout(this.#beginning);
    clearInterval(this.#drawing);
    stream.off("resize", this.#forget);
    this.#giveBack();
    const summary = this.#text.summary(stream.columns ?? 80).map((line) => `${paintLine(line, color).trimEnd()}\n`);
    stream.write(`${this.#render ? eraseFrame + showCursor : ""}${summary.join("")}`);
  }

  async #begin(): Promise<void> {
    const { renderRows } = await import("./rows.js");
    if (this.#isClosed) return;
    const { stream, atExit } = this.#target;
    this.#render = renderRows;
    this.#giveBack = atExit(() => stream.write(showCursor));
    stream.on("resize", this.#forget);
    stream.write(hideCursor);
    this.#draw();
    this.#drawing = setInterval(() => this.#draw(), redrawMs);
  }

  /** A window that is being dragged is drawn no more often than another. */
  readonly #forget = (): void => {
    this.#drawn = undefined;
  };

  #draw(): void {
    if (!this.#render) return;
    const { stream, color, monotonicMs } = this.#target;
    const { columns = 80, rows = 24 } = stream;
    const lines = this.#text.layout({ columns, rows, nowMs: monotonicMs() });
    const painted = this.#render(
      lines.map((line) => paintLine(line, color)),
      columns,
    );
    const bytes = frameBytes(this.#drawn, painted);
    this.#drawn = painted;
    if (bytes !== "") stream.write(bytes);
  }
}
