/** The console's screen, drawn with Ink. Loaded while the first screen is shown already. */
import { Box, type Instance, render, Text } from "ink";
import { memo } from "react";

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
  const app: Instance = render(<ConsoleApp rows={rows} />, {
    stdout,
    exitOnCtrlC: false,
    patchConsole: false,
    interactive: true, // a terminal was asked for; in a CI job's as well
    incrementalRendering: true,
    maxFps: framesPerSecond,
  });
  return {
    show: (next) => app.rerender(<ConsoleApp rows={next} />),
    close: () => app.unmount(),
    ended: app.waitUntilExit().then(() => {}),
  };
}

function ConsoleApp({ rows }: { rows: readonly string[] }) {
  return (
    <Box flexDirection="column" height={rows.length}>
      {rows.map((row, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place on the screen
        <Row key={at} text={row} />
      ))}
    </Box>
  );
}

/** A row that did not change is not measured again. */
const Row = memo(function Row({ text }: { text: string }) {
  return <Text wrap="truncate">{text === "" ? " " : text}</Text>;
});
