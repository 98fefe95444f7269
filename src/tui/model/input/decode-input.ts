/**
 * What a terminal sends, as events: keys, pasted or typed text, clicks and the wheel. Pure.
 *
 * Keys have names as `up`, `enter`, `ctrl-d`; a printable character is its own name. Mouse reports are xterm's SGR
 * form (`CSI < button ; column ; row M|m`), both counted from 1 there and from 0 here.
 */

export type InputEvent =
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "click"; readonly column: number; readonly row: number }
  | { readonly kind: "wheel"; readonly column: number; readonly row: number; readonly rows: -3 | 3 };

/** Events of what has come, and the beginning of a sequence whose end has not. */
export interface Decoded {
  readonly events: readonly InputEvent[];
  readonly rest: string;
}

const named: Readonly<Record<string, string>> = {
  ...{ A: "up", B: "down", C: "right", D: "left", H: "home", F: "end", Z: "shift-tab" },
  ...{ "1~": "home", "3~": "delete", "4~": "end", "5~": "pageup", "6~": "pagedown", "7~": "home", "8~": "end" },
};
const controls: Readonly<Record<string, string>> = {
  ...{ "\r": "enter", "\n": "enter", "\t": "tab", "\u001b": "escape", "\u007f": "backspace", "\b": "backspace" },
};
/** No sequence is longer; more is not one, and is dropped. */
const longestSequence = 32;

/** `text` is what was left before and what has come since. An escape that ends it is the key. */
export function decodeInput(text: string): Decoded {
  const events: InputEvent[] = [];
  let at = 0;
  while (at < text.length) {
    const sequence = sequenceAt(text, at);
    if (sequence === "pending") return { events, rest: text.slice(at) };
    const event = sequence ? eventOf(sequence) : keyOf(text, at);
    if (event) events.push(event);
    at += sequence ? sequence.length : (String.fromCodePoint(text.codePointAt(at) ?? 0).length ?? 1);
  }
  return { events, rest: "" };
}

/** A whole control sequence at `at`; undefined when none begins there. */
function sequenceAt(text: string, at: number): string | "pending" | undefined {
  if (text[at] !== "\u001b") return undefined;
  const introducer = text[at + 1];
  if (introducer === "O") return text.length > at + 2 ? text.slice(at, at + 3) : "pending";
  if (introducer !== "[") return undefined;
  for (let end = at + 2; end < text.length && end < at + longestSequence; end += 1) {
    const byte = text.charCodeAt(end);
    if (byte >= 0x40 && byte <= 0x7e) return text.slice(at, end + 1);
  }
  return text.length < at + longestSequence ? "pending" : text.slice(at, at + longestSequence);
}

function eventOf(sequence: string): InputEvent | undefined {
  const mouse = /^\u001b\[<(\d+);(\d+);(\d+)([Mm])$/.exec(sequence);
  if (mouse) return mouseEvent(mouse.slice(1));
  // Modifiers stand between the sequence's number and its end (`1;5A`); the key is what counts.
  const body = sequence.slice(2).replace(/^(\d*);\d+/, (_all, number: string) => (number === "1" ? "" : number));
  const key = named[body];
  return key === undefined ? undefined : { kind: "key", key };
}

function mouseEvent([code = "", column = "", row = "", end = ""]: readonly string[]): InputEvent | undefined {
  const button = Number(code) & ~0b11100; // shift, meta and control do not matter
  const place = { column: Number(column) - 1, row: Number(row) - 1 };
  if (button === 64) return { kind: "wheel", ...place, rows: -3 };
  if (button === 65) return { kind: "wheel", ...place, rows: 3 };
  return button === 0 && end === "M" ? { kind: "click", ...place } : undefined;
}

function keyOf(text: string, at: number): InputEvent {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  const name = controls[character];
  if (name) return { kind: "key", key: name };
  const code = character.charCodeAt(0);
  if (code < 0x20) return { kind: "key", key: `ctrl-${String.fromCharCode(code + 0x60)}` };
  return { kind: "key", key: character };
}
