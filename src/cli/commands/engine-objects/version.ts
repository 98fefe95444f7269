/** `gantry version`: the tool's, which engine is chosen, and that one's where a template asks for it. */
import { messageOf } from "../../../base/errors.js";
import { printChoice } from "../../../client/choose/print-choice.js";
import { apiVersion } from "../../../wire/system.js";
import type { CliContext } from "../../context.js";
import { writeValue } from "../../listing.js";

/** Starts no engine unless the template names `.Server`. */
export async function version(
  context: CliContext,
  { format = "pretty", short = false }: { format?: string; short?: boolean },
): Promise<void> {
  const { stdout } = context;
  if (short) return void stdout.write(`${context.version}\n`);
  if (format === "json") return void stdout.write(`${JSON.stringify({ version: context.version })}\n`);
  if (format === "pretty" || format === "") {
    return void stdout.write(`Gantry version ${context.version}\nEngine: ${await engineText(context)}\n`);
  }
  const client = { Version: context.version, ApiVersion: apiVersion };
  const server = /\.Server\b/.test(format) ? await (await context.connect()).system.version() : null;
  await writeValue(context, { Version: context.version, Client: client, Server: server }, format);
}

/** Which engine commands go to and what chose it; nothing is connected. A choice that cannot be made says why. */
async function engineText(context: CliContext): Promise<string> {
  try {
    return printChoice(await context.chooseEngine());
  } catch (error) {
    return messageOf(error);
  }
}
