/** The processes of a container, as the host's `ps` shows them. Touches the world: one spawn. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { GantryError, messageOf } from "../../../base/errors.js";
import { isRecord } from "../../../base/json.js";

const run = promisify(execFile);
const outputBytes = 8 * 1024 ** 2;
const timeoutMs = 10_000;

/** `psArgs` may name columns; the PID column must be among them. Throws "bad-parameter" for what `ps` refuses. */
export async function listProcesses(
  pids: ReadonlySet<number>,
  psArgs: string,
): Promise<{ Titles: string[]; Processes: string[][] }> {
  const args = (psArgs || "-ef").split(/\s+/).filter((word) => word !== "");
  // Only these, where this ps can: it need not look at every process of the host then.
  const output = await ps([...args, `-q${[...pids].join(",")}`]).catch(() => ps(args));
  return selectProcesses(output, pids);
}

async function ps(args: readonly string[]): Promise<string> {
  try {
    return (await run("ps", args, { maxBuffer: outputBytes, timeout: timeoutMs })).stdout;
  } catch (cause) {
    const said = isRecord(cause) && typeof cause.stderr === "string" ? cause.stderr.trim() : "";
    throw new GantryError("bad-parameter", `ps: ${said.split("\n")[0] || messageOf(cause)}`, { cause });
  }
}

/** Pure: the lines of `ps` whose PID is one of `pids`; what is beyond the titles is folded into the last column. */
function selectProcesses(output: string, pids: ReadonlySet<number>): { Titles: string[]; Processes: string[][] } {
  const [head = "", ...lines] = output.split("\n");
  const Titles = head.trim().split(/\s+/);
  const pidColumn = Titles.indexOf("PID");
  if (pidColumn < 0) throw new GantryError("bad-parameter", "Couldn't find PID field in ps output");
  const Processes = lines
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => pids.has(Number(fields[pidColumn])))
    .map((fields) => [...fields.slice(0, Titles.length - 1), fields.slice(Titles.length - 1).join(" ")]);
  return { Titles, Processes };
}
