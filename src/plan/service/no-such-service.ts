/** The error for a service that a command names and nothing bears. Pure. */
import { didYouMean } from "../../base/did-you-mean.js";
import { GantryError } from "../../base/errors.js";

/** "bad-parameter", with the name that was perhaps meant. */
export function noSuchService(name: string, known: Iterable<string>): GantryError {
  const hint = didYouMean(name, [...known]);
  return new GantryError("bad-parameter", `no such service: ${name}`, hint === undefined ? {} : { hint });
}
