/** `gantry version`: the tool's, and the engine's where a template asks for it. */
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
  if (format === "pretty" || format === "") return void stdout.write(`Gantry version ${context.version}\n`);
  const client = { Version: context.version, ApiVersion: apiVersion };
  const server = /\.Server\b/.test(format) ? await (await context.connect()).system.version() : null;
  await writeValue(context, { Version: context.version, Client: client, Server: server }, format);
}
