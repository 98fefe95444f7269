/** Which generation a rollback goes back to, and which one an undo undoes. Pure. */
import { GantryError } from "../../base/errors.js";
import type { GenerationSummary } from "../../wire/history.js";
import { asOneRemoval, isRemoval, undoneHalfway, withUnfinished } from "./unfinished-removal.js";

/** `present` is the state that the project is in; `goals` are those to look at, the first that differs being meant. */
export interface RollbackChoice {
  readonly present: GenerationSummary;
  readonly goals: readonly GenerationSummary[];
}

/** `generations` with the newest last. Throws "generation-not-found" with what is wrong and what can be done. */
export function chooseRollback(
  project: string,
  generations: readonly GenerationSummary[],
  to: number | undefined,
): RollbackChoice {
  const present = generations.findLast(({ hasModel }) => hasModel);
  if (!present) throw nothing(`Project ${project} has no generation to go back to`, "Bring it up first: gantry up -d");
  if (to !== undefined) return { present, goals: [namedState(project, generations, to)] };
  const newest = generations.at(-1);
  if (newest?.command === "down" && newest.services.length === 0) {
    throw nothing(
      `Project ${project} was taken down by generation ${newest.number}`,
      `Bring it back: gantry undo, or name the generation to go to: gantry rollback --to ${present.number}`,
    );
  }
  const goals = generations
    .filter(({ number, hasModel, outcome }) => hasModel && outcome === "succeeded" && number < present.number)
    .toReversed();
  if (goals.length > 0) return { present, goals };
  throw nothing(`Project ${project} has no earlier generation that succeeded`, "See which there are: gantry history");
}

function namedState(project: string, generations: readonly GenerationSummary[], to: number): GenerationSummary {
  const found = generations.find(({ number }) => number === to);
  const hint = "See which there are: gantry history";
  if (!found) throw nothing(`Project ${project} has no generation ${to}`, hint);
  if (found.hasModel) return found;
  const isRemoval = found.command === "down" || found.command === "rm";
  throw nothing(
    isRemoval
      ? `Generation ${to} of project ${project} took it away: there is nothing to go back to`
      : `Generation ${to} of project ${project} was too large to be kept`,
    isRemoval ? `Take it back: gantry undo ${to}` : hint,
  );
}

/**
 * `undone` stands for all of `numbers`: a removal, and those before it that had ended halfway. `state` is what is
 * applied again, undefined when only volumes come back.
 */
export interface UndoChoice {
  readonly undone: GenerationSummary;
  readonly numbers: ReadonlySet<number>;
  readonly state: GenerationSummary | undefined;
}

/**
 * `asked` names the generation; without it the newest is meant, or what the newest was to undo when that ended halfway.
 * Throws "generation-not-found".
 */
export function chooseUndo(
  project: string,
  generations: readonly GenerationSummary[],
  asked: number | undefined,
): UndoChoice {
  const newest = generations.at(-1);
  const wanted =
    asked === undefined
      ? newest && (undoneHalfway(generations, newest) ?? newest)
      : generations.find(({ number }) => number === asked);
  if (!wanted) {
    throw nothing(
      asked === undefined
        ? `Nothing to undo: project ${project} has no history`
        : `Project ${project} has no generation ${asked}`,
      "See which there are: gantry history",
    );
  }
  if (!isRemoval(wanted)) throw notUndoable(wanted);
  const removals = withUnfinished(generations, wanted);
  const [first = wanted] = removals;
  const undone = { ...wanted, ...asOneRemoval(removals) };
  const state = generations.findLast(({ number, hasModel }) => hasModel && number < first.number);
  const numbers = new Set(removals.map(({ number }) => number));
  if (state || undone.removed.length === 0) return { undone, numbers, state };
  throw nothing(
    `Generation ${undone.number} of project ${project} cannot be undone: nobody knows what was there before`,
    "Bring the project up from its files: gantry up -d",
  );
}

function notUndoable({ number, command, of }: GenerationSummary): GantryError {
  const what = of === undefined ? command : `${command} of ${of}`;
  const hint =
    command === "undo"
      ? "To take away again what it brought back: gantry down"
      : "To go back to what was before it: gantry rollback. What `down` and `rm` took away: gantry undo GENERATION";
  return nothing(`Nothing to undo: generation ${number} is \`${what}\`, which took nothing away`, hint);
}

function nothing(message: string, hint: string): GantryError {
  return new GantryError("generation-not-found", message, { hint });
}
