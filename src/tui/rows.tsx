/** Painted rows, one below the other, in Ink. Loaded only when something is drawn. */
import { Box, renderToString, Text } from "ink";
import { memo } from "react";

/** None is wider than the terminal. */
export function Rows({ rows }: { rows: readonly string[] }) {
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

/** The rows as Ink lays them out on a terminal of that width. */
export function renderRows(rows: readonly string[], columns: number): string[] {
  return renderToString(<Rows rows={rows} />, { columns }).split("\n");
}
