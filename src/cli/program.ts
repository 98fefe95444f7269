/**
 * The command line: global flags, every command's registration, errors and exit codes.
 *
 * Only registration is loaded at start, and of it only the command that is asked for takes place; its action imports
 * what it needs when it runs.
 */
import { type Command, CommanderError, Option } from "commander";
import { GantryError, isGantryError, messageOf } from "../base/errors.js";
import { isOfflineWanted } from "../base/offline.js";
import { printable } from "../base/printable.js";
import type { EngineChoice } from "../client/choose/choose-engine.js";
import type { EngineClient } from "../client/engine-client.js";
import { SwitchCommand } from "./boolean-flags.js";
import { warn } from "./commands/compose/output/notice.js";
import { registerComposeCommands } from "./commands/compose/register/register-compose.js";
import { registerEngineObjects } from "./commands/engine-objects/register.js";
import type { CliContext, CliEnvironment, GlobalOptions } from "./context.js";
import { withExamples, withExitCodes } from "./help.js";
import { registerOnly } from "./only-command.js";
import { collect } from "./options.js";
import { type DockerConfig, dockerConfigPath, parseDockerConfig, readText } from "./registry-auth/docker-config.js";
import { proxyVariables, withProxies } from "./registry-auth/docker-proxies.js";
import { offlineClient } from "./registry-auth/offline-client.js";
import { withCredentials } from "./registry-auth/with-credentials.js";
import { parseReportWish, RunRecorder } from "./run-recorder.js";
import { expandShortName } from "./short-names.js";

/** As a shell reports a process ended by SIGINT; docker compose uses it for any cancelled command. */
const cancelledExitCode = 130;

/** Runs the command of `environment.argv`; the exit code. Errors have been printed, once. */
export async function runCli(environment: CliEnvironment): Promise<number> {
  const program = createProgram(environment);
  const session = new Session(environment, program);
  program.hook("preAction", (_program, command) => session.begin(command));
  const register = (target: Command) => {
    registerComposeCommands(target, session);
    registerEngineObjects(target, session);
  };
  // Help, a flag before the command, and a word that is none need all of them.
  const argv = expandShortName(environment.argv);
  if (!registerOnly(program, argv[0] ?? "", register)) register(program);
  try {
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync(argv, { from: "user" });
    return await session.end(
      environment.signal.aborted && session.exitCode === 0 ? cancelledExitCode : session.exitCode,
    );
  } catch (error) {
    const exitCode = reportError(error, session);
    if (exitCode !== cancelledExitCode) session.recorder.error(error);
    return await session.end(exitCode);
  } finally {
    await session.close();
  }
}

// On a terminal of 80 columns some descriptions have less than the 40 that commander wants for wrapping.
const leastHelpChars = 20;

/** The program with its global flags and no commands yet. */
export function createProgram({
  version,
  stdout,
  stderr,
}: Pick<CliEnvironment, "version" | "stdout" | "stderr">): Command {
  const program = new SwitchCommand("gantry")
    .description("Runs Compose projects on a container engine that comes in the same package.")
    .version(`Gantry ${version}`, "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help for a command")
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false, minWidthToWrap: leastHelpChars })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => stdout.columns ?? 100,
      getErrHelpWidth: () => stderr.columns ?? 100,
    })
    .option("-f, --file <path>", "Compose file, repeatable; `-` reads standard input", collect)
    .option("-p, --project-name <name>", "project name")
    .option("--instance <name>", "a copy with a name, volumes and an address of its own; `auto`: by worktree or branch")
    .option("--project-directory <dir>", "base of relative paths (default: where the first file is)")
    .option("--env-file <path>", "environment file in place of `.env`, repeatable", collect)
    .option("--profile <name>", "activate a profile, repeatable", collect)
    .option("--all-resources", "keep networks, volumes, configs and secrets that no service uses")
    .option("--compatibility", "join names of containers and images by _ in place of -")
    .addOption(
      new Option("--progress <type>", "how progress is shown").choices([
        "auto",
        "tty",
        "plain",
        "json",
        "quiet",
        "none",
      ]),
    )
    .addOption(new Option("--ansi <when>", "colours and cursor control").choices(["auto", "never", "always"]))
    .option("--parallel <n>", "engine calls at a time; -1 for no limit")
    .option("--dry-run", "print what would be done, and do nothing")
    .option("--engine <engine>", "embedded (default), docker, podman, an address (unix, tcp, ssh) or a docker context")
    .addOption(new Option("-H, --host <engine>").hideHelp())
    .addOption(new Option("--workdir <dir>").hideHelp().conflicts("projectDirectory"))
    .addOption(new Option("--no-ansi").hideHelp())
    .addOption(new Option("--verbose").hideHelp())
    .addOption(new Option("--insecure-registry <host>").argParser(collect).hideHelp());
  withExamples(program, ...examples);
  withExitCodes(program, exitCodes);
  return program.addHelpText("after", shortNames);
}

/** What the flags say, the older names of docker compose's among them. */
function readGlobals(program: Command): GlobalOptions {
  const { host, workdir, ansi, ...options } = program.opts<Omit<GlobalOptions, "ansi"> & HiddenGlobals>();
  const engine = options.engine ?? host;
  const projectDirectory = options.projectDirectory ?? workdir;
  return {
    ...options,
    ...(engine === undefined ? {} : { engine }),
    ...(projectDirectory === undefined ? {} : { projectDirectory }),
    // `--no-ansi` leaves false, its absence true.
    ...(ansi === false ? { ansi: "never" } : typeof ansi === "string" ? { ansi } : {}),
  };
}

interface HiddenGlobals {
  readonly host?: string;
  readonly workdir?: string;
  readonly ansi?: GlobalOptions["ansi"] | boolean;
}

const examples = [
  "gantry up -d                             # start the project of this directory",
  "gantry plan                              # show what up would do, and why",
  "gantry container run --rm busybox true",
  "gantry doctor                            # check what this host lacks, and how to get it",
];
const exitCodes = {
  0: "it was done, or there was nothing to do",
  1: "it failed",
  2: "the command line is not understood; with --exit-code: there is something to do, or a difference",
  3: "an update failed, and what ran before runs on",
  4: "apply: the plan does not hold any more; nothing was done",
  130: "ended by Ctrl-C",
  else: "run, exec, attach, wait and container run: the exit code of what ran",
};
const shortNames = "\ndocker's short names work too: rmi, tag, save, load, history, import, rename, update and info.";

class Session implements CliContext {
  readonly argv;
  readonly env;
  readonly cwd;
  readonly stdin;
  readonly stdout;
  readonly stderr;
  readonly signal;
  readonly forced;
  readonly clock;
  readonly version;
  readonly engine;
  readonly loadProgressView;
  readonly loadBuildView;
  readonly loadConsole;
  readonly #environment: CliEnvironment;
  readonly #program: Command;
  #choice: Promise<EngineChoice> | undefined;
  #client: Promise<EngineClient> | undefined;
  #dockerConfig: DockerConfig | undefined;
  #isDryRun = false;
  #hasWarned = false;
  #command = "";
  readonly #startedAt: Date;
  readonly #startedMs: number;
  recorder = new RunRecorder();
  exitCode = 0;

  constructor(environment: CliEnvironment, program: Command) {
    this.#environment = environment;
    this.#program = program;
    this.argv = environment.argv;
    this.env = environment.env;
    this.cwd = environment.cwd;
    this.stdin = environment.stdin;
    this.stdout = environment.stdout;
    this.stderr = environment.stderr;
    this.signal = environment.signal;
    this.forced = environment.forced;
    this.clock = environment.clock;
    this.version = environment.version;
    this.engine = environment.engine;
    this.loadProgressView = environment.loadProgressView;
    this.loadBuildView = environment.loadBuildView;
    this.#startedAt = environment.clock.now();
    this.#startedMs = environment.clock.monotonicMs();
    this.loadConsole = environment.loadConsole;
  }

  get globals(): GlobalOptions {
    const globals = readGlobals(this.#program);
    return this.#isDryRun ? { ...globals, dryRun: true } : globals;
  }

  /** docker compose takes `--dry-run` before and behind its commands; others cannot tell what they would do. */
  begin(command: Command): void {
    this.#command = command.name();
    const { report = [] } = command.opts<{ report?: readonly string[] }>();
    this.recorder = new RunRecorder(report.map(parseReportWish));
    this.#isDryRun = this.globals.dryRun === true || command.opts<GlobalOptions>().dryRun === true;
    const isKnown = command.options.some(({ long }) => long === "--dry-run");
    if (this.#isDryRun && isKnown) command.setOptionValue("dryRun", true);
    if (!this.#isDryRun || isKnown) return;
    throw new GantryError("bad-parameter", `--dry-run: ${command.name()} cannot tell what it would do`);
  }

  connect(): Promise<EngineClient> {
    if (this.#client) return this.#client;
    const client = this.#connect();
    this.#client = client;
    // An engine that was away may be there for whoever asks again.
    client.catch(() => {
      if (this.#client === client) this.#client = undefined;
    });
    return client;
  }

  #connect(): Promise<EngineClient> {
    return this.chooseEngine().then(async (choice) => {
      this.#warnOnce(choice);
      const connected = await this.#environment.connect(choice);
      const client = withProxies(connected, proxyVariables(this.dockerConfig().proxies, this.env));
      if (isOfflineWanted(this.env)) return offlineClient(client);
      return withCredentials(client, async () => {
        const { CredentialStore } = await import("./registry-auth/credential-store.js");
        return new CredentialStore(this.env);
      });
    });
  }

  connectAhead(): void {
    const begin = async () => {
      const choice = await this.chooseEngine();
      const isQuick = choice.kind === "embedded" ? choice.listens : choice.endpoint.kind === "unix";
      if (isQuick) await this.connect();
    };
    begin().catch(() => {}); // whoever connects is told
  }

  chooseEngine(): Promise<EngineChoice> {
    this.#choice ??= this.#environment.chooseEngine(this.globals.engine);
    return this.#choice;
  }

  #warnOnce({ warnings }: EngineChoice): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    for (const { message, hint } of warnings) {
      warn(this, message, { hint, text: `WARNING: ${message}\nhint: ${hint}` });
    }
  }

  dockerConfig(): DockerConfig {
    this.#dockerConfig ??= parseDockerConfig(readText(dockerConfigPath(this.env)));
    return this.#dockerConfig;
  }

  checkHost() {
    return this.#environment.checkHost();
  }

  takeSignals(listener: (name: "SIGINT" | "SIGTERM") => void) {
    return this.#environment.takeSignals(listener);
  }

  takeEndings(listener: Parameters<CliEnvironment["takeEndings"]>[0]) {
    return this.#environment.takeEndings(listener);
  }

  atExit(restore: () => void) {
    return this.#environment.atExit(restore);
  }

  finish(exitCode: number): void {
    this.exitCode = exitCode;
  }

  /** Writes the reports; the exit code of the program, which is no longer 0 when that failed. */
  async end(exitCode: number): Promise<number> {
    const { cwd, env, stdout, stderr, clock } = this;
    const durationMs = Math.round(clock.monotonicMs() - this.#startedMs);
    const facts = { command: this.#command, startedAt: this.#startedAt, durationMs, exitCode };
    try {
      await this.recorder.write({ ...facts, cwd, env, stdout });
      return exitCode;
    } catch (error) {
      stderr.write(`error: --report: ${printable(messageOf(error))}\n`);
      return exitCode || 1;
    }
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    client?.close();
  }
}

/** The one place where the tool turns an error into text and an exit code. */
function reportError(error: unknown, session: Session): number {
  if (error instanceof CommanderError) return usageExitCode(error, session); // commander has printed it
  // A connection that Ctrl-C cut reports itself in many ways; only the engine's own answers are news then.
  if (session.signal.aborted && !isAnswer(error)) return cancelledExitCode;
  session.stderr.write(`error: ${printable(messageOf(error))}\n`);
  if (isGantryError(error) && error.hint) session.stderr.write(`hint: ${error.hint}\n`);
  if (!isGantryError(error) && session.env.GANTRY_DEBUG && error instanceof Error) {
    session.stderr.write(`${error.stack}\n`);
  }
  if (isGantryError(error, "bad-usage")) return 2;
  if (isGantryError(error, "plan-moved")) return 4;
  return session.exitCode === 0 ? 1 : session.exitCode;
}

/** A command line that is not understood; `docker run` keeps 125 for it, as low codes are the container's. */
function usageExitCode({ exitCode }: CommanderError, { argv }: Session): number {
  if (exitCode === 0) return 0; // help was asked for
  const [group, verb] = argv;
  return group === "container" && verb === "run" ? 125 : 2;
}

function isAnswer(error: unknown): boolean {
  return isGantryError(error) && error.code !== "cancelled" && error.code !== "engine-unavailable";
}
