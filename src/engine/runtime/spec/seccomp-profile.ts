/**
 * A seccomp profile that came with the request, in Docker's format: the entries that apply to a container's
 * capabilities, the architecture and the kernel. Pure.
 */
import { GantryError } from "../../../base/errors.js";
import { isRecord } from "../../../base/json.js";
import type { OciSeccomp } from "../../../oci/runtime-spec.js";
import { defaultSeccomp } from "./seccomp.js";
import type { SpecHost } from "./spec-input.js";

/** What conditions of an entry are held against. */
interface Circumstances {
  readonly capabilities: readonly string[];
  /** In the words of the format: `amd64`. */
  readonly arch: string;
  readonly kernel: readonly [number, number] | undefined;
}

/** Throws "bad-parameter" for what is no profile. */
export function parseSeccompProfile(text: string, host: SpecHost, capabilities: readonly string[]): OciSeccomp {
  const profile = parseProfile(text);
  const arch = host.arch === "x64" ? "amd64" : host.arch;
  const circumstances = { capabilities, arch, kernel: host.kernel };
  const rules = records(profile.syscalls).filter((rule) => applies(rule, circumstances));
  const architectures = architecturesOf(profile) ?? defaultSeccomp(host.arch, [])?.architectures;
  const flags = Array.isArray(profile.flags) ? profile.flags.map(String) : [];
  return {
    ...(architectures ? { architectures } : {}),
    defaultAction: String(profile.defaultAction),
    ...(typeof profile.defaultErrnoRet === "number" ? { defaultErrnoRet: profile.defaultErrnoRet } : {}),
    ...(flags.length > 0 ? { flags } : {}),
    syscalls: rules.map(seccompRule),
  };
}

function parseProfile(text: string): Record<string, unknown> {
  let profile: unknown;
  try {
    profile = JSON.parse(text);
  } catch (cause) {
    throw new GantryError("bad-parameter", "Decoding seccomp profile failed", { cause });
  }
  if (isRecord(profile) && typeof profile.defaultAction === "string") return profile;
  throw new GantryError("bad-parameter", "Decoding seccomp profile failed: no defaultAction");
}

/** A list, or a map from the native architecture to the ones it can run; undefined where neither says any. */
function architecturesOf(profile: Record<string, unknown>): string[] | undefined {
  const listed = Array.isArray(profile.architectures) ? profile.architectures.map(String) : [];
  const mapped = records(profile.archMap);
  if (listed.length > 0 && mapped.length > 0) {
    throw new GantryError(
      "bad-parameter",
      "'architectures' and 'archMap' were specified in the seccomp profile, use either 'architectures' or 'archMap'",
    );
  }
  return listed.length > 0 ? listed : undefined; // of the map only the native one counts, and that is the default's
}

/** Docker's rule: every condition of `includes` must hold, none of `excludes` may. */
function applies({ includes, excludes }: Record<string, unknown>, circumstances: Circumstances): boolean {
  const { capabilities, arch, kernel } = circumstances;
  const barred = conditions(excludes);
  if (barred.arches.includes(arch) || barred.caps.some((name) => capabilities.includes(name))) return false;
  if (barred.minKernel && isAtLeast(kernel, barred.minKernel)) return false;
  const needed = conditions(includes);
  if (needed.arches.length > 0 && !needed.arches.includes(arch)) return false;
  if (!needed.caps.every((name) => capabilities.includes(name))) return false;
  return !needed.minKernel || isAtLeast(kernel, needed.minKernel);
}

function conditions(value: unknown): { caps: string[]; arches: string[]; minKernel: string | undefined } {
  const { caps, arches, minKernel } = isRecord(value) ? value : {};
  return {
    caps: Array.isArray(caps) ? caps.map(String) : [],
    arches: Array.isArray(arches) ? arches.map(String) : [],
    minKernel: typeof minKernel === "string" ? minKernel : undefined,
  };
}

function isAtLeast(kernel: Circumstances["kernel"], wanted: string): boolean {
  const [major = 0, minor = 0] = wanted.split(".").map(Number);
  if (!kernel) return true;
  return kernel[0] > major || (kernel[0] === major && kernel[1] >= minor);
}

function seccompRule(rule: Record<string, unknown>): OciSeccomp["syscalls"][number] {
  const names = Array.isArray(rule.names) ? rule.names.map(String) : typeof rule.name === "string" ? [rule.name] : [];
  const args = records(rule.args).map((arg) => ({
    index: Number(arg.index),
    value: Number(arg.value),
    valueTwo: Number(arg.valueTwo ?? 0),
    op: String(arg.op),
  }));
  return {
    names,
    action: String(rule.action),
    ...(typeof rule.errnoRet === "number" ? { errnoRet: rule.errnoRet } : {}),
    ...(args.length > 0 ? { args } : {}),
  };
}

function records(value: unknown): Array<Record<string, unknown>> {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
