/** Names of containers: Docker's rule, and a name for those that were given none. Pure: chance comes as a function. */
import { GantryError } from "../../../base/errors.js";
import { adjectives, surnames } from "./name-words.js";

const validName = /^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
/** So many tries before a number is added, as the words give some thousand names. */
const plainTries = 6;

/** The name without its slash. Throws "bad-parameter" with Docker's text. */
export function checkName(name: string): string {
  if (validName.test(name)) return name.replace(/^\//, "");
  throw new GantryError(
    "bad-parameter",
    `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
  );
}

/** An adjective and a surname that `isTaken` does not know. `random` gives integers below its argument. */
export function generateName(isTaken: (name: string) => boolean, random: (below: number) => number): string {
  for (let attempt = 0; ; attempt += 1) {
    const words = `${adjectives[random(adjectives.length)]}_${surnames[random(surnames.length)]}`;
    const name = attempt < plainTries ? words : `${words}${random(10 ** Math.min(attempt - plainTries + 1, 9))}`;
    if (!isTaken(name)) return name;
  }
}

/** Docker's refusal of a name in use; clients match its text. */
export function nameConflict(name: string, holderId: string): GantryError {
  return new GantryError(
    "container-name-in-use",
    `Conflict. The container name "/${name}" is already in use by container "${holderId}". ` +
      "You have to remove (or rename) that container to be able to reuse that name.",
    { hint: `Remove it first: gantry container rm ${name}` },
  );
}
