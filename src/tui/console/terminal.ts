/**
 * The terminal while the console has it: alternate screen, no cursor, raw input, mouse reports.
 *
 * `leave` gives it back as it was found, at once and as often as it is called; the console may take it again after.
 * What is written in between belongs to whoever draws.
 */
import { decodeInput, type InputEvent } from "../model/input/decode-input.js";

/** Buttons and the wheel (1000) in SGR form (1006). Movement is not asked for: nobody looks at it. */
const takeSequence = "\u001b[?1049h\u001b[?25l\u001b[?1000h\u001b[?1006h\u001b[2J\u001b[H";
const giveSequence = "\u001b[?1006l\u001b[?1000l\u001b[0m\u001b[?25h\u001b[?1049l";
/** An escape whose sequence does not go on within this is the key. */
const escapeMs = 50;

export interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
}

export class Terminal {
  readonly #streams: Streams;
  readonly #onInput: (event: InputEvent) => void;
  #isTaken = false;
  readonly #decoder = new TextDecoder();
  #rest = "";
  #timer: NodeJS.Timeout | undefined;

  constructor(streams: Streams, onInput: (event: InputEvent) => void) {
    this.#streams = streams;
    this.#onInput = onInput;
  }

  take(): void {
    if (this.#isTaken) return;
    const { stdin, stdout } = this.#streams;
    this.#isTaken = true;
    stdin.setRawMode(true);
    stdin.on("data", this.#read).resume();
    stdout.write(takeSequence);
  }

  leave(): void {
    if (!this.#isTaken) return;
    const { stdin, stdout } = this.#streams;
    this.#isTaken = false;
    clearTimeout(this.#timer);
    this.#rest = "";
    stdin.off("data", this.#read).pause();
    stdin.setRawMode(false);
    stdout.write(giveSequence);
  }

  /** Puts a text into the clipboard of whoever sits at the terminal (OSC 52). */
  copy(text: string): void {
    this.#streams.stdout.write(`\u001b]52;c;${Buffer.from(text).toString("base64")}\u0007`);
  }

  // The stream stays one of bytes: a shell in a container reads it too.
  readonly #read = (chunk: Buffer): void => {
    clearTimeout(this.#timer);
    this.#decode(this.#rest + this.#decoder.decode(chunk, { stream: true }));
    if (this.#rest !== "") this.#timer = setTimeout(() => this.#giveUp(), escapeMs);
  };

  #decode(text: string): void {
    const { events, rest } = decodeInput(text);
    this.#rest = rest;
    for (const event of events) this.#onInput(event);
  }

  /** What has begun as a sequence was keys. */
  #giveUp(): void {
    const keys = this.#rest;
    this.#rest = "";
    for (const key of keys) this.#onInput({ kind: "key", key: key === "\u001b" ? "escape" : key });
  }
}
