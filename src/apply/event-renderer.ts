/** What shows an event stream to somebody: plain lines, JSON lines, an Ink view. Pure types. */
import type { ApplyEvent } from "./apply-events.js";

/** Takes every event of one run, in order. `close` leaves the terminal as it was found, also after a failure. */
export interface EventRenderer {
  /** Steps of builds are told as events (`progress.build`) rather than as the builder's text. */
  readonly showsBuildSteps?: true;
  show(event: ApplyEvent): void;
  /** Something for people beside the events, as lines that stay. */
  tell(text: string): void;
  close(): Promise<void>;
}

/** The terminal that a renderer draws on. `atExit` is for a program that ends without `close`; its result undoes it. */
export interface RenderTarget {
  readonly stream: NodeJS.WriteStream;
  readonly color: boolean;
  readonly startedAtMs: number;
  monotonicMs(): number;
  atExit(restore: () => void): () => void;
}

/** Made by `tui/`, handed to `cli/` by `main.ts`, because the two rooms are strangers; loaded only when it is used. */
export type RendererFactory = (target: RenderTarget) => EventRenderer;
