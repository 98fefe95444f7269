/** A kept model for people to look at: values that may be secret are hidden. Pure. */
import { isRecord } from "../../base/json.js";
import type { Model } from "./kept-model.js";

/** Members whose values come from elsewhere, a password as likely as a colour. */
const hidden: ReadonlySet<string> = new Set(["environment", "args", "content", "driver_opts"]);

/** The same model with `***` for each value of an environment, of build arguments, of contents and of drivers. */
export function maskedModel(model: Model): Model {
  return Object.fromEntries(Object.entries(model).map(([key, value]) => [key, masked(value, hidden.has(key))]));
}

function masked(value: unknown, isHidden: boolean): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => masked(item, isHidden));
  if (!isRecord(value)) return isHidden && value !== null ? "***" : value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([key, member]) => [key, masked(member, isHidden || hidden.has(key))]));
}
