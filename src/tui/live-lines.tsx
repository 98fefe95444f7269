/** Lines that are redrawn in place on a terminal, with Ink. */
import { Box, render, Text } from "ink";
import { useEffect, useState } from "react";
import type { RenderTarget } from "../apply/event-renderer.js";
import type { Line, Screen, Tone } from "./model/progress-layout.js";

/** Ten a second: quick enough for elapsed tenths, calm enough for slow terminals. */
const redrawMs = 100;

const colors: Record<Tone, { color?: string; dimColor?: boolean }> = {
  plain: {},
  dim: { dimColor: true },
  good: { color: "green" },
  bad: { color: "red" },
  busy: { color: "cyan" },
  wait: { color: "yellow" },
};
const codes: Record<Tone, string> = { plain: "", dim: "2", good: "32", bad: "31", busy: "36", wait: "33" };

/** What is shown at a moment, and what stays when it is over. */
export interface LiveText {
  layout(screen: Screen): Line[];
  summary(columns: number): Line[];
}

/** Draws until the returned function is called, which replaces the view by plain lines that stay. */
export function drawLive(target: RenderTarget, text: LiveText): () => Promise<void> {
  const app = render(<LiveLines target={target} layout={text.layout} />, {
    stdout: target.stream,
    exitOnCtrlC: false,
    patchConsole: false,
    maxFps: 1000 / redrawMs,
  });
  return async () => {
    // Unmounting draws once more: what it draws must be nothing, else the last frame stays beside the summary.
    app.rerender(null);
    app.clear();
    app.unmount();
    await app.waitUntilExit();
    for (const line of text.summary(target.stream.columns ?? 80)) {
      target.stream.write(`${plainLine(line, target.color)}\n`);
    }
  };
}

/** Redraws on its own clock rather than at every event. */
function LiveLines({ target, layout }: { target: RenderTarget; layout: LiveText["layout"] }) {
  const [nowMs, setNowMs] = useState(target.monotonicMs());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(target.monotonicMs()), redrawMs);
    return () => clearInterval(timer);
  }, [target]);
  const { columns = 80, rows = 24 } = target.stream;
  const lines = layout({ columns, rows, nowMs });
  return (
    <Box flexDirection="column">
      {lines.map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place on the screen
        <Text key={at} wrap="truncate">
          {line.map(({ text, tone }, part) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: as above
            <Text key={part} {...(target.color ? colors[tone] : {})}>
              {text}
            </Text>
          ))}
        </Text>
      ))}
    </Box>
  );
}

function plainLine(line: Line, color: boolean): string {
  return line
    .map(({ text, tone }) => (color && codes[tone] !== "" ? `\x1b[${codes[tone]}m${text}\x1b[0m` : text))
    .join("")
    .trimEnd();
}
