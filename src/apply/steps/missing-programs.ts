/** Looks, before a plan makes anything, whether the programs outside of the engine that it needs are there. */
import { GantryError } from "../../base/errors.js";
import type { Plan } from "../../plan/operation.js";
import type { Refusal } from "../refusals.js";
import { checkModelRunner } from "./prepare-model.js";
import { checkProvider, type ProgramContext } from "./run-provider.js";

/** In the plan's order. A program that is only to take something away is missed when its turn comes. */
export async function findMissingPrograms(plan: Plan, context: ProgramContext): Promise<readonly Refusal[]> {
  const checked = await Promise.all(
    plan.operations.map(async (operation): Promise<Refusal[]> => {
      try {
        if (operation.kind === "run-provider" && operation.command === "up") await checkProvider(operation, context);
        if (operation.kind === "prepare-model") checkModelRunner(context);
        return [];
      } catch (error) {
        return error instanceof GantryError ? [{ operation, error }] : [];
      }
    }),
  );
  return checked.flat();
}
