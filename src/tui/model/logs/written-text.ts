/**
 * What a program wrote, as a terminal would leave it standing. Pure.
 *
 * Colours and the like are kept, as parameters that were read and put together anew. What would move the cursor, erase,
 * change a title, write a clipboard or ask the terminal something is gone, whole: containers do not reach the user's
 * terminal.
 *
 * @see ECMA-48, control sequences (5.4), control strings (5.6), SGR (8.3.117)
 */
import { printable } from "../../../base/printable.js";

export interface WrittenSpan {
  readonly text: string;
  /** SGR parameters; empty where the program asked for nothing. */
  readonly sgr: string;
}

const csi = "(?:\\u001b\\[|\\u009b)([0-?]*)([ -/]*)([@-~])";
const string =
  "(?:\\u001b[\\]PX^_]|[\\u0090\\u0098\\u009d-\\u009f])[^\\u0007\\u001b\\u009c]*(?:\\u0007|\\u001b\\\\|\\u009c)";
const other = "\\u001b[ -/]*[0-~]";
const sequences = new RegExp(`${csi}|${string}|${other}`, "g");
const control = /[\u0000-\u001f\u007f-\u009f]/;
const tab = "    ";
/** More than that is nobody's style. */
const mostParameters = 16;

/** The text alone, for what looks for words in it. */
export function plainText(raw: string): string {
  if (!raw.includes("\u001b") && !raw.includes("\r")) return raw;
  return lastWritten(raw).replace(sequences, "");
}

/** Its parts by their style, tabs as blanks; one part at least. */
export function writtenSpans(raw: string): WrittenSpan[] {
  if (!control.test(raw)) return [{ text: raw, sgr: "" }];
  const written = lastWritten(raw);
  const spans: WrittenSpan[] = [];
  let [at, style]: [number, readonly string[]] = [0, []];
  const take = (end: number) => {
    const text = printable(written.slice(at, end).replaceAll("\t", tab).replaceAll("\n", " "));
    if (text !== "") spans.push({ text, sgr: style.join(";") });
  };
  for (const match of written.matchAll(sequences)) {
    take(match.index);
    at = match.index + match[0].length;
    if (match[3] === "m" && match[2] === "") style = restyled(style, match[1] ?? "");
  }
  take(written.length);
  return spans.length > 0 ? spans : [{ text: "", sgr: "" }];
}

/** The part of the spans between two places of their whole text. */
export function sliceSpans(spans: readonly WrittenSpan[], from: number, to: number): WrittenSpan[] {
  let begin = 0;
  return spans.flatMap(({ text, sgr }): WrittenSpan[] => {
    const cut = text.slice(Math.max(0, from - begin), Math.max(0, to - begin));
    begin += text.length;
    return cut === "" ? [] : [{ text: cut, sgr }];
  });
}

/** A carriage return begins the line anew, as progress bars do. */
function lastWritten(raw: string): string {
  const whole = raw.replace(/\r+$/, "");
  const colours = (whole.match(sequences) ?? []).length > 0;
  const at = whole.lastIndexOf("\r");
  if (at < 0) return whole;
  // What was set before goes on behind it.
  const before = colours ? (whole.slice(0, at).match(sequences) ?? []).join("") : "";
  return before + whole.slice(at + 1);
}

/** Later parameters win, as on a terminal; what blinks or hides is left out. */
function restyled(style: readonly string[], parameters: string): readonly string[] {
  if (!/^[\d;:]*$/.test(parameters)) return style;
  const words = parameters.split(";");
  let next = [...style];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    const code = Number(word.split(":", 1)[0]);
    if (code === 0) next = [];
    else if ((code === 38 || code === 48 || code === 58) && !word.includes(":")) {
      const length = words[at + 1] === "5" ? 3 : words[at + 1] === "2" ? 5 : 1;
      if (length > 1) next.push(words.slice(at, at + length).join(";"));
      at += length - 1;
    } else if (code !== 5 && code !== 6 && code !== 8) next.push(word);
  }
  return next.slice(-mostParameters);
}
