/**
 * Remembers what crun made of a seccomp profile, because making it takes longer than all else that crun does: 10 ms for
 * Docker's default profile.
 *
 * crun leaves the compiled filter of each container in its own state, and takes one by annotation. The bytes come from
 * this very crun, through directories that are root's alone, and are forgotten with the engine. The profile itself
 * stays in the configuration, for whoever reads that.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { OciSpec } from "../../oci/runtime-spec.js";

const annotation = "run.oci.seccomp_bpf_data";
/** More profiles than that at a time are somebody's test; 12 kB each. */
const profilesKept = 32;
/** The kernel takes 4096 instructions of eight bytes. */
const instructionBytes = 8;
const filterBytes = 4096 * instructionBytes;

export class SeccompCache {
  readonly #filters = new Map<string, string>();

  /** The configuration for crun, with the compiled filter where it is known. One that names its own is left alone. */
  prepare(spec: OciSpec): OciSpec {
    const filter = this.#filters.get(keyOf(spec) ?? "");
    if (filter === undefined) return spec;
    return { ...spec, annotations: { ...spec.annotations, [annotation]: filter } };
  }

  /** Takes what crun has just made for the container of `spec`, whose state lies in `stateDir`. */
  learn(spec: OciSpec, stateDir: string): void {
    const key = keyOf(spec);
    if (key === undefined || this.#filters.has(key)) return;
    const filter = readFilter(join(stateDir, "seccomp.bpf"));
    if (!filter) return;
    const [oldest] = this.#filters.keys();
    if (this.#filters.size >= profilesKept && oldest !== undefined) this.#filters.delete(oldest);
    this.#filters.set(key, filter.toString("base64"));
  }
}

/** Undefined where there is nothing to compile, or where crun was told more than the profile. */
function keyOf({ linux, annotations }: OciSpec): string | undefined {
  const isTold = Object.keys(annotations ?? {}).some((name) => name.startsWith("run.oci.seccomp"));
  return linux.seccomp && !isTold ? JSON.stringify(linux.seccomp) : undefined;
}

function readFilter(path: string): Buffer | undefined {
  try {
    const filter = readFileSync(path);
    const isWhole = filter.length > 0 && filter.length <= filterBytes && filter.length % instructionBytes === 0;
    return isWhole ? filter : undefined;
  } catch {
    return undefined;
  }
}
