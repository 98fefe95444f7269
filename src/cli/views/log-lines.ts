/** Container output as prefixed lines. Pure. */
import type { Paint } from "./style.js";

/** A line that never ends is passed on in pieces of this size. */
const maxLineChars = 64 * 1024;

/** Cuts a byte stream into lines; characters and lines may be split over chunks. */
export class LineSplitter {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #rest = "";

  /** The lines that `chunk` completes, without their ends. */
  push(chunk: Uint8Array): string[] {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > maxLineChars) lines.push(this.#rest.slice(0, maxLineChars));
    this.#rest = this.#rest.length > maxLineChars ? this.#rest.slice(maxLineChars) : this.#rest;
    return lines.map(withoutReturn);
  }

  /** What is left when the stream has ended: at most one line. */
  end(): string[] {
    const rest = this.#rest + this.#decoder.decode();
    this.#rest = "";
    return rest === "" ? [] : [withoutReturn(rest)];
  }
}

/** `web-1  | text`: the name padded to the widest, in its colour. */
export function prefixed(line: string, { name, width, paint }: { name: string; width: number; paint: Paint }): string {
  return `${paint(`${name.padEnd(width)}  | `)}${line}`;
}

/** A container's name in logs: without `PROJECT-`, which says nothing new. */
export function logName(container: string, project: string): string {
  return container.startsWith(`${project}-`) ? container.slice(project.length + 1) : container;
}

/** A line that begins with the engine's RFC 3339 time of fixed width, as `timestamps` asks for. */
export function splitTimestamp(line: string): { at: string; text: string } {
  const end = line.indexOf(" ");
  return end < 0 ? { at: line, text: "" } : { at: line.slice(0, end), text: line.slice(end + 1) };
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
