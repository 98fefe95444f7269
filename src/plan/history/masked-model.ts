/** A kept model for people to look at: values that may be secret are hidden, wherever they stand. Pure. */
import { isRecord } from "../../base/json.js";
import { credentialName, maskSecrets, maskWords } from "../../compose/mask-secrets.js";
import type { Model } from "./kept-model.js";

/** Members whose values come from elsewhere, a password as likely as a colour. */
const hidden: ReadonlySet<string> = new Set(["environment", "args", "content", "driver_opts"]);
/** Of those, members whose values programs are told once more, in a command or a label. */
const told: ReadonlySet<string> = new Set(["environment", "args"]);
/** Shorter ones stand in too many words to be taken out of texts. */
const leastChars = 8;

/**
 * The same model with `***` for each value of an environment, of build arguments, of contents and of drivers; elsewhere
 * (commands, labels, checks, extensions) for what stands under a telling name, and for a value that one of those
 * environments has under a telling name.
 */
export function maskedModel(model: Model): Model {
  const values = [...new Set(secretsIn(model))].sort((a, b) => b.length - a.length);
  const hide = (text: string) => values.reduce((masked, value) => masked.replaceAll(value, "***"), text);
  return Object.fromEntries(
    Object.entries(model).map(([name, value]) => [name, masked(value, { name, isHidden: hidden.has(name), hide })]),
  );
}

interface Place {
  /** Of the member that the value is, or that it is in as one of several. */
  readonly name: string;
  readonly isHidden: boolean;
  readonly hide: (text: string) => string;
}

function masked(value: unknown, place: Place): unknown {
  if (isRecord(value)) {
    const entries = Object.entries(value);
    const inside = (name: string) => ({ ...place, name, isHidden: place.isHidden || hidden.has(name) });
    return Object.fromEntries(entries.map(([name, member]) => [name, masked(member, inside(name))]));
  }
  if (place.isHidden && !Array.isArray(value)) return value === null ? null : "***";
  if (Array.isArray(value)) {
    const words = value.every((item) => typeof item === "string") && !place.isHidden ? maskWords(value) : value;
    return words.map((item: unknown) => masked(item, { ...place, name: "" }));
  }
  if (typeof value !== "string") return value;
  return isTelling(place.name) ? "***" : place.hide(maskSecrets(value));
}

/** A file is where a secret is, and none. */
function isTelling(name: string): boolean {
  return credentialName.test(name) && !/_file$/i.test(name);
}

function secretsIn(value: unknown, isTold = false): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => secretsIn(item));
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const isSecret = isTold && isTelling(name) && typeof member === "string" && member.length >= leastChars;
    return isSecret ? [member] : secretsIn(member, told.has(name));
  });
}
