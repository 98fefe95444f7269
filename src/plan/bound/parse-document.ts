/** Reads a plan file: nothing of it is believed before it was looked at. Pure. */
import { GantryError, messageOf } from "../../base/errors.js";
import { isRecord } from "../../base/json.js";
import { validate } from "../generated/plan-validator.js";
import { checksumOf, type Digest, type PlanDocument, planFileVersion, sealOf } from "./plan-document.js";

/** Throws "plan-damaged" with the place, of a newer version, of what is no plan, and of what was changed by hand. */
export function parsePlanDocument(text: string, path: string): PlanDocument {
  const value = parseJson(text, path);
  if (isRecord(value) && typeof value.version === "number" && value.version > planFileVersion) {
    throw damaged(`${path}: a plan of version ${value.version}; this Gantry reads version ${planFileVersion}`, {
      hint: "Apply it with the Gantry that made it, or make it anew: gantry plan -o FILE",
    });
  }
  if (!isDocument(value)) {
    const [error] = validate.errors ?? [];
    const place = error?.instancePath === "" ? "" : `${error?.instancePath}: `;
    throw damaged(`${path}: ${place}${error?.message ?? "is no plan"}`);
  }
  if (value.checksum !== checksumIn(value, path)) throw damaged(`${path}: it was changed after it was written`);
  return value;
}

/** Throws "plan-damaged" for one that was not made by the key: by somebody else, or changed by who knows the format. */
export function checkSeal(document: PlanDocument, digest: Digest, path: string): void {
  if (document.seal !== sealOf(document, digest)) throw damaged(`${path}: it is not sealed by your key`);
}

/** A member of a later release may be anything, nested deeper than can be walked too. */
function checksumIn(value: object, path: string): string {
  try {
    return checksumOf(value);
  } catch (error) {
    if (error instanceof RangeError) throw damaged(`${path}: it is nested too deeply`);
    throw error;
  }
}

/** The schema is that of the type. */
function isDocument(value: unknown): value is PlanDocument {
  return validate(value);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const at = Number(/position (\d+)/.exec(messageOf(cause))?.[1] ?? text.length);
    const before = text.slice(0, at).split("\n");
    const source = { file: path, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
    const place = `${path}:${source.line}:${source.column}`;
    throw new GantryError("plan-damaged", `${place}: it is no JSON`, { source, cause, hint: again });
  }
}

const again = "Make the plan anew: gantry plan -o FILE";

function damaged(message: string, { hint = again }: { hint?: string } = {}): GantryError {
  return new GantryError("plan-damaged", message, { hint });
}
