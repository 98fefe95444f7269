/** Colours for terminals, as functions on text. Pure. */

export type Paint = (text: string) => string;

export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

/** Without colour every function gives its text back. */
export function styleFor(color: boolean): Style {
  const code = (open: number, close: number): Paint =>
    color ? (text) => (text === "" ? "" : `\x1b[${open}m${text}\x1b[${close}m`) : (text) => text;
  return {
    bold: code(1, 22),
    dim: code(2, 22),
    red: code(31, 39),
    green: code(32, 39),
    yellow: code(33, 39),
    cyan: code(36, 39),
  };
}

/** SGR codes of log prefixes in the order containers get them: Docker Compose's cycle. */
const prefixCodes = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

/** The colour of the nth container's log prefix. */
export function prefixPaint(nth: number, color: boolean): Paint {
  const code = prefixCodes[nth % prefixCodes.length];
  return color ? (text) => `\x1b[${code}m${text}\x1b[0m` : (text) => text;
}
