/**
 * What is sent to a terminal for rows that are redrawn in place, below whatever stands there. Pure.
 *
 * The cursor rests at the beginning of the first row. That is the one place that is still known after the window has
 * changed: a terminal that narrows wraps the rows anew, a lower one drops what is below the cursor, and either keeps
 * the cursor by what it stands on. From there all of it can be erased, and nothing gets into the scrollback; but
 * where tmux wraps more lines than stand above the rows, it takes the uppermost rows there itself.
 */

/** Together they keep a terminal from showing half a frame, and a row from wrapping where the window just narrowed. */
const begin = "\u001b[?2026h\u001b[?7l";
const end = "\u001b[?7h\u001b[?2026l";
const [save, restore] = ["\u001b7", "\u001b8"];
const [down, eraseRight] = ["\u001b[B", "\u001b[K"];

/**
 * Erases the rows; the cursor stands where the first of them began. Not from the first column: where that is the first
 * row as well, tmux takes it for a clearing of the screen, and keeps all of it in its scrollback.
 */
export const eraseFrame = "\r\u001b[K\u001b[C\u001b[J\r";

export const hideCursor = "\u001b[?25l";
export const showCursor = "\u001b[?25h";

/**
 * Replaces the rows `before` by `rows`, none wider than the terminal; empty when nothing changes. `before` is undefined
 * where nothing is known of what is there: at first, and after the window has changed.
 */
export function frameBytes(before: readonly string[] | undefined, rows: readonly string[]): string {
  const old = before ?? [];
  const isSame = before !== undefined && old.length === rows.length && rows.every((row, at) => row === old[at]);
  if (isSame) return "";
  // New rows are made by line feeds, which scroll at the lower edge; then the cursor goes up to where it came from.
  const more = rows.length > Math.max(1, old.length) ? `${"\n".repeat(rows.length - 1)}\u001b[${rows.length - 1}A` : "";
  // What is typed while nobody listens is echoed at the cursor, so the first row is always drawn.
  const drawn = rows.map((row, at) => (at > 0 && row === old[at] ? "" : `\r${row}${eraseRight}`)).join(down);
  const rest = old.length > rows.length ? `${down}${eraseFrame}` : "";
  return `${begin}${before ? "" : eraseFrame}${more}${save}${drawn}${rest}${restore}${end}`;
}
