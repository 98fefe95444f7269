/**
 * The shape that a request's body must have, so that the rooms behind get the types they are promised. Pure.
 *
 * Go's decoder does this for Docker; without it a number in place of a list would fail somewhere inside the engine.
 */
import { GantryError } from "../../../base/errors.js";
import { isRecord } from "../../../base/json.js";

/**
 * `integer` is safe as a double, `[shape]` a list, `{ "*": shape }` a map, and another object has those fields, all of
 * them optional; further fields are let through. null is fine everywhere: it means absent.
 */
export type Shape = "text" | "integer" | "flag" | readonly [Shape] | { readonly [field: string]: Shape };

/** Every field of a wire type, so that a new one cannot be forgotten. */
export type Fields<T> = { readonly [Field in keyof Required<T>]: Shape };

/** Throws "bad-parameter", naming the field that is wrong. */
export function requireShape(value: unknown, shape: Shape, path = ""): void {
  if (value === undefined || value === null) return;
  if (typeof shape === "string") {
    if (!isPlain(value, shape)) throw wrong(path, shape === "flag" ? "true or false" : `a valid ${shape}`);
  } else if (isList(shape)) {
    if (!Array.isArray(value)) throw wrong(path, "a list");
    for (const [at, item] of value.entries()) requireShape(item, shape[0], `${path}[${at}]`);
  } else {
    if (!isRecord(value)) throw wrong(path, "an object");
    for (const [field, member] of Object.entries(value)) {
      const expected = shape["*"] ?? (Object.hasOwn(shape, field) ? shape[field] : undefined);
      if (expected !== undefined) requireShape(member, expected, path === "" ? field : `${path}.${field}`);
    }
  }
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
