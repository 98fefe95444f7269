/** `gantry container exec`. */
import { GantryError, messageOf } from "../../../../base/errors.js";
import type { CliContext } from "../../../context.js";
import { runSession } from "../../../stdio-session.js";
import { environment } from "./create/create-body.js";
import { readLines } from "./create/create-files.js";

export interface ExecOptions {
  readonly detach?: boolean;
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly env?: readonly string[];
  readonly envFile?: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
  readonly privileged?: boolean;
  readonly detachKeys?: string;
}

/** Of a command that the engine could not start and gave no code. */
const notStartedExitCode = 126;

/** The exit code is the command's. */
export async function containerExec(
  context: CliContext,
  options: ExecOptions,
  [container = "", ...command]: readonly string[],
): Promise<void> {
  const { stdin, stdout, env } = context;
  const tty = options.tty === true;
  const interactive = options.interactive === true && !options.detach;
  if (tty && interactive && !stdin.isTTY) {
    throw new GantryError("bad-parameter", "The input is not a terminal", { hint: "Leave out -t to use it as a pipe" });
  }
  const fileLines = options.envFile ? await readLines(options.envFile, { cwd: context.cwd, flag: "--env-file" }) : [];
  const client = await context.connect();
  const execId = await client.execs.create(container, {
    AttachStdin: interactive,
    AttachStdout: !options.detach,
    AttachStderr: !options.detach,
    Tty: tty,
    Cmd: [...command],
    Env: environment(options.env ?? [], { env, fileLines }),
    Privileged: options.privileged === true,
    User: options.user ?? "",
    WorkingDir: options.workdir ?? "",
    ...(options.detachKeys === undefined ? {} : { DetachKeys: options.detachKeys }),
    ...(tty && stdout.isTTY ? { ConsoleSize: [stdout.rows, stdout.columns] as [number, number] } : {}),
  });
  if (options.detach) return client.execs.startDetached(execId);
  const hijacked = await client.execs.start(execId, { tty });
  const outcome = await runSession(context, hijacked, {
    stdin: interactive,
    resize: (size) => client.execs.resize(execId, size),
    ...(options.detachKeys === undefined ? {} : { detachKeys: options.detachKeys }),
  });
  if (outcome === "detached") return;
  const { ExitCode } = await client.execs.inspect(execId).catch((error: unknown) => {
    throw new GantryError("internal", `The command ended, its exit code is not known: ${messageOf(error)}`);
  });
  context.finish(ExitCode ?? notStartedExitCode);
}
