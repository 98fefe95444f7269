/**
 * The shape that a request's body must have, so that the rooms behind get the types they are promised. Pure.
 *
 * Go's decoder does this for Docker; without it a number in place of a list would fail somewhere inside the engine.
 */
import { GantryError } from "../../../base/errors.js";
import { isRecord } from "../../../base/json.js";

/**
 * `integer` is safe as a double, `words` a list of texts or one text alone, `[shape]` a list, `{ "*": shape }` a map,
 * and another object has those fields, all of them optional; further fields are let through.
 */
export type Shape = "text" | "integer" | "flag" | "words" | readonly [Shape] | { readonly [field: string]: Shape };

/** Every field of a wire type, so that a new one cannot be forgotten. */
export type Fields<T> = { readonly [Field in keyof Required<T>]: Shape };

/**
 * The value in that shape. null is fine for a field, and means absent: then the field is left out. In a map it stays,
 * where it may mean something (`"80/tcp": null`), but for an empty text. Throws "bad-parameter", naming what is wrong.
 */
export function inShape(value: unknown, shape: Shape, path = ""): unknown {
  if (shape === "words") return inShape(typeof value === "string" ? [value] : value, ["text"], path);
  if (typeof shape === "string") {
    if (!isPlain(value, shape)) throw wrong(path, shape === "flag" ? "true or false" : `a valid ${shape}`);
    return value;
  }
  if (isList(shape)) {
    if (!Array.isArray(value)) throw wrong(path, "a list");
    return value.map((item: unknown, at) => inShape(item, shape[0], `${path}[${at}]`));
  }
  if (!isRecord(value)) throw wrong(path, "an object");
  const every = shape["*"];
  const entries = Object.entries(value).flatMap(([field, member]): Array<[string, unknown]> => {
    const name = path === "" ? field : `${path}.${field}`;
    if (every !== undefined) return [[field, member === null ? emptyOf(every) : inShape(member, every, name)]];
    if (member === null || member === undefined) return [];
    return [[field, Object.hasOwn(shape, field) ? inShape(member, shape[field] ?? {}, name) : member]];
  });
  return Object.fromEntries(entries);
}

function emptyOf(shape: Shape): unknown {
  return shape === "text" ? "" : null;
}

function isPlain(value: unknown, kind: "text" | "integer" | "flag"): boolean {
  switch (kind) {
    case "text":
      return typeof value === "string" && !value.includes("\0"); // no system call takes it
    case "integer":
      return Number.isSafeInteger(value);
    case "flag":
      return typeof value === "boolean";
  }
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}

function wrong(path: string, expected: string): GantryError {
  return new GantryError("bad-parameter", `invalid request body: ${path} must be ${expected}`);
}
