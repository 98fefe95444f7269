/** Reads the path of a value as people and diagnostics write it. Pure. */

/** A member's name, or an item's index. */
export type Key = string | number;

/**
 * The keys that lead to `path` in `model`; undefined when there is nothing. Names with dots or brackets stand as they
 * are, the longest one that fits first, or in brackets and quotes: `services["a.b"].labels["x[0]"]`.
 */
export function findKeys(model: unknown, path: string): Key[] | undefined {
  if (path === "") return [];
  const [, quoted] = /^\[("(?:[^"\\]|\\.)*")\]/.exec(path) ?? [];
  const name = quoted === undefined ? undefined : unquoted(quoted);
  if (quoted !== undefined && name !== undefined) {
    const rest = below(model, name, path.slice(quoted.length + 2));
    if (rest) return rest;
  }
  const [index, digits] = /^\[(\d+)\]/.exec(path) ?? [];
  if (Array.isArray(model)) {
    return index !== undefined && digits !== undefined
      ? below(model, Number(digits), path.slice(index.length))
      : undefined;
  }
  if (typeof model !== "object" || model === null) return undefined;
  const bare = path.replace(/^\./, "");
  const fitting = Object.keys(model).filter((key) => bare.startsWith(key) && /^$|^[.[]/.test(bare.slice(key.length)));
  for (const key of fitting.sort((a, b) => b.length - a.length)) {
    const rest = below(model, key, bare.slice(key.length));
    if (rest) return rest;
  }
  return undefined;
}

/** The path in the form that `findKeys` reads unambiguously. */
export function printKeys(keys: readonly Key[]): string {
  const parts = keys.map((key) => {
    if (typeof key === "number") return `[${key}]`;
    return /[.[\]"]/.test(key) || key === "" ? `[${JSON.stringify(key)}]` : `.${key}`;
  });
  return parts.join("").replace(/^\./, "");
}

/** The value under a key; undefined when there is none. */
export function memberOf(model: unknown, key: Key): unknown {
  if (typeof model !== "object" || model === null || !Object.hasOwn(model, key)) return undefined;
  return (model as Readonly<Record<Key, unknown>>)[key]; // it has just been found there
}

function below(model: unknown, key: Key, rest: string): Key[] | undefined {
  const member = memberOf(model, key);
  if (member === undefined) return undefined;
  const keys = findKeys(member, rest);
  return keys && [key, ...keys];
}

function unquoted(text: string): string | undefined {
  try {
    return String(JSON.parse(text));
  } catch {
    return undefined; // an escape that JSON does not know
  }
}
