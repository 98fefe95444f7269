/** Finds the keys that detach from a container in what the user types, at either end of the connection. Pure. */
import { GantryError } from "../base/errors.js";

const defaultDetachKeys = "ctrl-p,ctrl-q";

export interface DetachScanner {
  /** What goes on to the process; keys that may be the sequence's beginning are held back until the next one. */
  push(chunk: Uint8Array): { bytes: Uint8Array; detached: boolean };
  /** What is held back when nothing more is typed. */
  rest(): Uint8Array;
}

/** Of `a,ctrl-b` style sequences; empty means the default, as with Docker. Throws "bad-parameter". */
export function detachScanner(keys?: string): DetachScanner {
  const sequence = parseKeys(keys || defaultDetachKeys);
  let matched = 0;
  return {
    push(chunk) {
      const bytes: number[] = [];
      for (const byte of chunk) {
        if (byte === sequence[matched]) {
          matched += 1;
          if (matched === sequence.length) return { bytes: Uint8Array.from(bytes), detached: true };
          continue;
        }
        bytes.push(...sequence.slice(0, matched));
        matched = byte === sequence[0] ? 1 : 0;
        if (matched === 0) bytes.push(byte);
      }
      return { bytes: Uint8Array.from(bytes), detached: false };
    },
    rest: () => Uint8Array.from(sequence.slice(0, matched)),
  };
}

function parseKeys(keys: string): number[] {
  return keys.split(",").map((key) => {
    const control = /^ctrl-([a-z@[\\\]^_])$/i.exec(key);
    // A control key is its letter without the upper three bits.
    if (control?.[1]) return control[1].toUpperCase().charCodeAt(0) & 0x1f;
    if (key === "DEL") return 0x7f;
    if (/^[\x00-\x7f]$/.test(key)) return key.charCodeAt(0);
    throw new GantryError("bad-parameter", `${key} is not a key; write detach keys as ctrl-p,ctrl-q`);
  });
}
