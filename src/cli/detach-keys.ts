/** Finds the keys that detach from a container in what the user types. Pure. */
import { GantryError } from "../base/errors.js";

const defaultDetachKeys = "ctrl-p,ctrl-q";

export interface DetachScanner {
  /** What goes on to the process; keys that may be the sequence's beginning are held back until the next one. */
  push(chunk: Uint8Array): { bytes: Uint8Array; detached: boolean };
}

/** Of `a,ctrl-b` style sequences; "" switches detaching off. Throws "bad-parameter". */
export function detachScanner(keys: string = defaultDetachKeys): DetachScanner {
  const sequence = parseKeys(keys);
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
  };
}

function parseKeys(keys: string): number[] {
  if (keys === "") return [];
  return keys.split(",").map((key) => {
    const control = /^ctrl-([a-z@[\\\]^_])$/i.exec(key);
    // A control key is its letter without the upper three bits.
    if (control?.[1]) return control[1].toUpperCase().charCodeAt(0) & 0x1f;
    if (key.length === 1) return key.charCodeAt(0);
    throw new GantryError("bad-parameter", `${key} is not a key; write detach keys as ctrl-p,ctrl-q`);
  });
}
