/** Opens an address in the user's browser. */
import { spawn } from "node:child_process";
import { GantryError } from "../../../../base/errors.js";
import type { CliContext } from "../../../context.js";

/** By `BROWSER`, else by what the desktop opens addresses with; returns once that runs. Throws "not-supported". */
export async function openUrl({ env }: CliContext, url: string): Promise<void> {
  if (!/^https?:\/\//.test(url)) {
    throw new GantryError("not-supported", `A browser cannot open ${url}`, {
      hint: "Name a port that answers HTTP, or give it app_protocol: http in the Compose file.",
    });
  }
  const programs = [env.BROWSER?.split(":")[0], "xdg-open", "open"].flatMap((name) => name || []);
  for (const program of programs) if (await starts(program, url)) return;
  throw new GantryError("not-supported", `No browser was found to open ${url}`, { hint: "Set BROWSER to a program." });
}

function starts(program: string, url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, [url], { stdio: "ignore", detached: true });
    child.once("error", () => resolve(false));
    child.once("spawn", () => {
      child.unref();
      resolve(true);
    });
  });
}
