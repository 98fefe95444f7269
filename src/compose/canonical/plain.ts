/** Shapes that the canonical printers share. Pure. */

export type Plain = Record<string, unknown>;

/** The collection, or undefined when it has nothing: Compose prints no empty ones. */
export function unlessEmpty<T extends object>(value: T): T | undefined {
  return (Array.isArray(value) ? value.length : Object.keys(value).length) === 0 ? undefined : value;
}

/** The map as a record in its own order; undefined when it is empty. */
export function fromMap<T>(map: ReadonlyMap<string, T>, convert: (value: T) => unknown): Plain | undefined {
  if (map.size === 0) return undefined;
  return Object.fromEntries([...map].map(([key, value]) => [key, convert(value)]));
}
