/** Splits the output of a step into lines, and keeps the last ones for its failure. */
import { StringDecoder } from "node:string_decoder";

/** As many as docker compose shows of a hook that failed. */
const maxLines = 10;
const maxChars = 2048;

/** One stream's end. `onLine` hears each line as it comes, without its end and at most `maxChars` long. */
export class OutputTail {
  readonly #decoder = new StringDecoder("utf8");
  readonly #onLine: (line: string) => void;
  #lines: string[] = [];
  #open = "";

  constructor(onLine: (line: string) => void = () => {}) {
    this.#onLine = onLine;
  }

  push(bytes: Uint8Array): void {
    const parts = (this.#open + this.#decoder.write(Buffer.from(bytes))).split("\n");
    this.#open = (parts.pop() ?? "").slice(0, maxChars);
    for (const part of parts) this.#take(part);
  }

  /** Call when the stream has ended: its last line may lack an end. */
  end(): void {
    if (this.#open !== "") this.#take(this.#open);
    this.#open = "";
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Programs that rewrite their line say the last of it last. */
  #take(text: string): void {
    const line = (text.replace(/\r+$/, "").split("\r").at(-1) ?? "").slice(0, maxChars);
    this.#onLine(line);
    this.#lines = [...this.#lines, line].slice(-maxLines);
    while (this.#lines.length > 1 && this.#lines.join("\n").length > maxChars) this.#lines.shift();
  }
}
