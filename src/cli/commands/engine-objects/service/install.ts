/**
 * `gantry engine install | uninstall`: the engine as a service of systemd. Touches the world, unless it is a dry run.
 *
 * The state root's `engine.service` names the unit: from then on `bin/gantry-guard` asks systemd where it would start
 * the engine itself. It is written last and removed first, so that whatever fails in between leaves an engine that
 * commands can start.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { GantryError } from "../../../../base/errors.js";
import type { CliContext, EngineFlags } from "../../../context.js";
import { printUnit } from "./unit-file.js";

const run = promisify(execFile);
const unit = "gantry.service";
const unitPath = `/etc/systemd/system/${unit}`;
/** There while systemd is the host's init, see sd_booted(3). */
const systemdMark = "/run/systemd/system";

interface Step {
  /** As the dry run prints it. */
  readonly what: string;
  do(): Promise<unknown>;
}

/** An engine that runs hands over to the service: containers run on. Throws "not-supported" without systemd. */
export async function engineInstall(context: CliContext, options: EngineFlags & { dryRun?: boolean }): Promise<void> {
  const paths = await context.engine.paths();
  const text = printUnit({ ...paths, flags: absolute(options, context.cwd) });
  const steps: Step[] = [
    { what: `write ${unitPath}:\n\n${text}`, do: () => writeFile(unitPath, text, { mode: 0o644 }) },
    systemctl("daemon-reload"),
    { what: "stop the engine that runs, if one does", do: () => context.engine.stop() },
    systemctl("enable", unit),
    systemctl("restart", unit),
    mark(paths.stateRoot),
  ];
  if (!options.dryRun) await refuseWithoutSystemd(paths.program);
  await carryOut(context, steps, options);
  if (!options.dryRun) context.stdout.write(`The engine runs as ${unit}; its log is ${paths.stateRoot}/engine.log\n`);
}

/** Throws "not-supported" without systemd. Nothing to undo is fine. */
export async function engineUninstall(context: CliContext, options: { dryRun?: boolean }): Promise<void> {
  const paths = await context.engine.paths();
  const marker = join(paths.stateRoot, "engine.service");
  const isThere = options.dryRun || existsSync(unitPath);
  const steps: Step[] = [
    { what: `remove ${marker}`, do: () => rm(marker, { force: true }) },
    ...(isThere ? [systemctl("disable", "--now", unit)] : []),
    { what: `remove ${unitPath}`, do: () => rm(unitPath, { force: true }) },
    systemctl("daemon-reload"),
  ];
  if (!options.dryRun) await refuseWithoutSystemd(paths.program);
  await carryOut(context, steps, options);
  if (!options.dryRun) context.stdout.write("The engine is no service any more; containers run on\n");
}

async function carryOut(context: CliContext, steps: readonly Step[], { dryRun }: { dryRun?: boolean }): Promise<void> {
  for (const step of steps) {
    if (dryRun) context.stdout.write(`${step.what}\n`);
    else await step.do();
  }
}

function systemctl(...words: string[]): Step {
  return {
    what: `systemctl ${words.join(" ")}`,
    do: () =>
      run("systemctl", words).catch((cause: unknown) => {
        throw new GantryError("helper-missing", `systemctl ${words.join(" ")} failed`, {
          hint: `systemctl status ${unit} and journalctl -u ${unit} say why`,
          cause,
        });
      }),
  };
}

function mark(stateRoot: string): Step {
  const path = join(stateRoot, "engine.service");
  return {
    what: `write ${path}: ${unit}`,
    do: async () => {
      await mkdir(stateRoot, { recursive: true, mode: 0o711 });
      await writeFile(path, `${unit}\n`, { mode: 0o644 });
    },
  };
}

async function refuseWithoutSystemd(program: string): Promise<void> {
  if (existsSync(systemdMark)) return;
  throw new GantryError("not-supported", "systemd does not run this host, so that there is no service to make", {
    hint:
      `Commands start the engine when they need it, and it starts again after a crash. To have it at boot, run ` +
      `\`${program} engine start\` from the init system, as with @reboot in root's crontab`,
  });
}

/** The service has another working directory. */
function absolute({ tlsCa, tlsCert, tlsKey, ...flags }: EngineFlags, cwd: string): EngineFlags {
  return {
    ...flags,
    ...(tlsCa === undefined ? {} : { tlsCa: resolve(cwd, tlsCa) }),
    ...(tlsCert === undefined ? {} : { tlsCert: resolve(cwd, tlsCert) }),
    ...(tlsKey === undefined ? {} : { tlsKey: resolve(cwd, tlsKey) }),
  };
}
