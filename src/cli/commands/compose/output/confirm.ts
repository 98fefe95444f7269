/** Asks for a yes before something that nobody wants by mistake. */
import { createInterface } from "node:readline/promises";
import { GantryError } from "../../../../base/errors.js";
import type { CliContext } from "../../../context.js";

/**
 * `otherwise` is the answer of who says nothing, `hint` what to do after a no. Throws "cancelled" for a no, and where
 * nobody can be asked.
 */
export async function confirm(
  { stdin, stderr, signal }: CliContext,
  question: string,
  { otherwise, hint }: { otherwise: boolean; hint: string },
): Promise<void> {
  const prompt = createInterface({ input: stdin, output: stderr, terminal: stdin.isTTY === true });
  const closed = new Promise<string>((resolve) => prompt.once("close", () => resolve("")));
  try {
    const answer = await Promise.race([
      prompt.question(`${question} [${otherwise ? "Y/n" : "y/N"}] `, { signal }),
      closed,
    ]);
    const isYes = answer.trim() === "" ? otherwise : /^y(es)?$/i.test(answer.trim());
    if (isYes) return;
  } finally {
    prompt.close();
  }
  throw new GantryError("cancelled", "Nothing was done, for want of a yes", { hint });
}
