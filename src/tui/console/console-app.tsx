/** The console's screen, drawn with Ink. Loaded while the first screen is shown already. */
import { type Instance, render } from "ink";
import { Rows } from "../rows.js";

/** Thirty a second while somebody types or scrolls; nothing is drawn when nothing changes. */
const framesPerSecond = 30;

/** Draws whole screens until `close`. */
export interface Screen {
  show(rows: readonly string[]): void;
  /** The terminal is left as it is; whoever took it gives it back. */
  close(): void;
  /** Rejects when drawing failed. */
  readonly ended: Promise<void>;
}

/** `rows` are painted lines, as many as the terminal has and none wider. */
export function openScreen(stdout: NodeJS.WriteStream, rows: readonly string[]): Screen {
  const app: Instance = render(<Rows rows={rows} />, {
    stdout,
    exitOnCtrlC: false,
    patchConsole: false,
    interactive: true, // a terminal was asked for; in a CI job's as well
    incrementalRendering: true,
    maxFps: framesPerSecond,
  });
  return {
    show: (next) => app.rerender(<Rows rows={next} />),
    close: () => app.unmount(),
    ended: app.waitUntilExit().then(() => {}),
  };
}
