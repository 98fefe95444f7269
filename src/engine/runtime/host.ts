/**
 * Looks at the host: is all there that the engine needs, and what is to be done where it is not.
 *
 * Touches the world, changes nothing but the cache of runtimes that were tried out.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { hasAppArmor } from "./app-armor.js";
import { cgroupControllers, cgroupLayout } from "./cgroups.js";
import { type InstallCommand, installCommand } from "./install-command.js";
import { call, findProgram, probeRuntimes } from "./runtime-probe.js";
import { readSpecHost } from "./spec-host.js";

export { readSpecHost };

/**
 * One finding. `found` says what is there, `neededFor` what does not work without, `fix` the exact command where one
 * helps. `state` and `detail` are the same for display: "warning" where the engine runs without it.
 */
export interface HostCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly state: "ok" | "warning" | "missing";
  readonly found: string;
  readonly neededFor: string;
  readonly detail: string;
  readonly fix?: string;
}

/** All checks in a fixed order. `stateRoot` keeps the runtimes' answers; without it they are tried anew each time. */
export async function checkHost(options: { stateRoot?: string } = {}): Promise<HostCheck[]> {
  const install = installCommand(readText("/etc/os-release"));
  const programs = [
    { name: "conmon", program: "conmon", args: ["--version"], neededFor: "holding containers' output and exit codes" },
    { name: "nftables", program: "nft", args: ["--version"], neededFor: "published ports and network isolation" },
    { name: "iproute2", program: "ip", args: ["-V"], neededFor: "set-up of networks, as a fallback" },
  ] as const;
  return [
    checkRoot(),
    await checkRuntime(options.stateRoot, install),
    ...(await Promise.all(programs.map((each) => checkProgram(each, install)))),
    checkCgroups(),
    checkOverlay(),
    checkSeccomp(),
    checkAppArmor(install),
    checkInit(install),
  ];
}

function checkRoot(): HostCheck {
  const ok = process.geteuid?.() === 0;
  const fix = ok ? undefined : "Run it as root, for instance with sudo";
  return check("root", { ok, found: ok ? "yes" : "no", neededFor: "namespaces, mounts and networks", fix });
}

async function checkRuntime(stateRoot: string | undefined, install: InstallCommand): Promise<HostCheck> {
  const neededFor = "running containers";
  if (process.geteuid?.() !== 0) {
    const present = ["crun", "runc"].filter(findProgram).join(", ");
    const found = present ? `${present} (only root can try them out)` : "none";
    return check("runtime", { ok: present !== "", found, neededFor, fix: present ? undefined : install(["runc"]) });
  }
  // A directory that others could have prepared must not name the program that root runs.
  const folder = stateRoot ?? mkdtempSync(join(tmpdir(), "gantry-check-"));
  const works = await probeRuntimes({
    cacheFile: join(folder, "runtimes.json"),
    wrapperDir: join(folder, "runtime-wrappers"),
  }).catch(() => []);
  if (stateRoot === undefined) rmSync(folder, { recursive: true, force: true });
  const found = works.map(({ name, version }) => `${name} ${version}`).join(", ");
  return check("runtime", {
    ok: works.length > 0,
    found: found || "none that works",
    neededFor,
    fix: install(["runc"]),
  });
}

async function checkProgram(
  { name, program, args, neededFor }: { name: string; program: string; args: readonly string[]; neededFor: string },
  install: InstallCommand,
): Promise<HostCheck> {
  const path = findProgram(program);
  const version = path ? ((await call(path, args)).output.split("\n")[0] ?? "").trim() : "";
  return check(name, {
    ok: path !== undefined,
    found: path ? `${path} (${version})` : "none",
    neededFor,
    fix: install([name]),
  });
}

function checkCgroups(): HostCheck {
  const controllers = cgroupControllers();
  const missing = ["memory", "pids", "cpu"].filter((name) => !controllers.includes(name));
  const found = `${cgroupLayout()}, controllers ${controllers.join(" ") || "none"}`;
  const fix = `Enable the cgroup controllers ${missing.join(", ")} on the kernel's command line`;
  return check("cgroups", {
    ok: missing.length === 0,
    found,
    neededFor: "limits and clean-up",
    fix,
    optional: controllers.length > 0,
  });
}

function checkOverlay(): HostCheck {
  const loaded = /\boverlay$/m.test(readText("/proc/filesystems"));
  // The kernel loads it by itself with the first mount.
  const there = loaded || readText(`/lib/modules/${release()}/modules.dep`).includes("/overlay.ko");
  return check("overlay", {
    ok: there,
    found: loaded ? "yes" : there ? "yes, loaded when needed" : "no",
    neededFor: "sharing of image layers",
    fix: "Run a kernel with CONFIG_OVERLAY_FS",
    optional: true,
  });
}

function checkSeccomp(): HostCheck {
  const ok = /^Seccomp:/m.test(readText("/proc/self/status"));
  return check("seccomp", { ok, found: ok ? "yes" : "no", neededFor: "filtering of system calls", optional: true });
}

function checkAppArmor(install: InstallCommand): HostCheck {
  const on = hasAppArmor();
  const parser = findProgram("apparmor_parser");
  return check("apparmor", {
    ok: !on || parser !== undefined,
    found: on ? (parser ?? "on, without apparmor_parser") : "off",
    neededFor: "a second fence around containers, where the host has it",
    fix: install(["apparmor"]),
    optional: true,
  });
}

function checkInit(install: InstallCommand): HostCheck {
  const path = readSpecHost().initPath;
  const neededFor = "`init: true`";
  return check("init", {
    ok: path !== undefined,
    found: path ?? "none",
    neededFor,
    fix: install(["tini"]),
    optional: true,
  });
}

function check(
  name: string,
  what: { ok: boolean; found: string; neededFor: string; fix?: string | undefined; optional?: boolean },
): HostCheck {
  const { ok, found, neededFor, fix, optional = false } = what;
  const state = ok ? "ok" : optional ? "warning" : "missing";
  const detail = ok ? found : `${found}; needed for ${neededFor}`;
  return { name, ok, state, found, neededFor, detail, ...(ok || fix === undefined ? {} : { fix }) };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
