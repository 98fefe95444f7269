/** A request as a route sees it, and the reading of its parts. */
import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { GantryError } from "../../../base/errors.js";
import { isRecord } from "../../../base/json.js";
import { type Fields, inShape } from "./shape.js";

export interface ApiRequest {
  readonly method: string;
  /** Without version and query, still escaped. */
  readonly path: string;
  /** The minor number of the API version asked for: 51 for 1.51. */
  readonly version: number;
  /** The route's placeholders, unescaped. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
  readonly body: Readable;
  /** The client asked for `Connection: Upgrade`. */
  readonly upgrade: boolean;
}

/** Bodies of JSON routes; a container's create with inline secrets is the largest. */
const maxJsonBytes = 16 * 1024 * 1024;
const falseWords = ["", "0", "no", "false", "none"];

/** A placeholder that the route's pattern has. */
export function param(request: ApiRequest, name: string): string {
  return request.params[name] ?? "";
}

/** Absent, empty, `0`, `no`, `false` and `none` are false. */
export function flag(request: ApiRequest, name: string, otherwise = false): boolean {
  const text = request.query.get(name);
  return text === null ? otherwise : !falseWords.includes(text.toLowerCase());
}

/** A text parameter; empty means absent. */
export function text(request: ApiRequest, name: string): string | undefined {
  return request.query.get(name) || undefined;
}

/** A whole number, negative ones too. Throws "bad-parameter". */
export function integer(request: ApiRequest, name: string): number | undefined {
  const value = text(request, name);
  if (value === undefined) return undefined;
  if (!/^-?\d{1,15}$/.test(value)) throw new GantryError("bad-parameter", `Invalid value for ${name}: ${value}`);
  return Number(value);
}

/** `seconds[.nanoseconds]` since the epoch; 0 and absent mean none. Throws "bad-parameter". */
export function seconds(request: ApiRequest, name: string): number | undefined {
  const value = text(request, name);
  if (value === undefined) return undefined;
  if (!/^\d+(\.\d+)?$/.test(value)) throw new GantryError("bad-parameter", `Invalid value for ${name}: ${value}`);
  return Number(value) || undefined;
}

/** The JSON body; an absent or empty one is `{}`. Throws "bad-parameter" for other content, type or shape. */
export async function jsonBody<T extends object>(request: ApiRequest, shape: Fields<T>): Promise<T> {
  const body = await readAll(request.body);
  if (body.length === 0) return {} as T;
  const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (type !== undefined && type !== "application/json") {
    throw new GantryError("bad-parameter", `unsupported Content-Type header (${type}): must be 'application/json'`);
  }
  const parsed = parseObject(body.toString());
  return inShape(parsed, shape) as T; // by its shape; whether a field is there at all is the rooms' to ask
}

async function readAll(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += (chunk as Buffer).length;
    if (size > maxJsonBytes) throw new GantryError("bad-parameter", "request body too large");
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function parseObject(body: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch (cause) {
    throw new GantryError("bad-parameter", "invalid JSON in the request body", { cause });
  }
  if (parsed === null) return {};
  if (isRecord(parsed)) return parsed;
  throw new GantryError("bad-parameter", "the request body must be a JSON object");
}
