import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { OciSpec } from "../../oci/runtime-spec.js";
import { SeccompCache } from "./seccomp-cache.js";

const name = "run.oci.seccomp_bpf_data";
const filter = Buffer.alloc(16, 7);
let stateDir: string;
let cache: SeccompCache;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "gantry-seccomp-"));
  writeFileSync(join(stateDir, "seccomp.bpf"), filter);
  cache = new SeccompCache();
});
afterEach(() => rmSync(stateDir, { recursive: true }));

it("gives the next container of the same profile what was compiled for the first, and no other", () => {
  const [first, other] = [withProfile("SCMP_ACT_ERRNO"), withProfile("SCMP_ACT_KILL")];
  expect(cache.prepare(first)).toBe(first);
  cache.learn(first, stateDir);
  const again = { ...withProfile("SCMP_ACT_ERRNO"), annotations: { mine: "1" } };
  expect(cache.prepare(again)).toEqual({ ...again, annotations: { mine: "1", [name]: filter.toString("base64") } });
  expect(cache.prepare(other)).toBe(other);
});

it("stays out where there is no profile, and where crun was told more about it", () => {
  const told = { ...withProfile("SCMP_ACT_ERRNO"), annotations: { "run.oci.seccomp.receiver": "/run/x" } };
  const unconfined = withProfile(undefined);
  for (const spec of [told, unconfined]) {
    cache.learn(withProfile("SCMP_ACT_ERRNO"), stateDir);
    cache.learn(spec, stateDir);
    expect(cache.prepare(spec)).toBe(spec);
  }
});

it("takes no filter that is missing, empty or cut off", () => {
  const spec = withProfile("SCMP_ACT_ERRNO");
  cache.learn(spec, join(stateDir, "nowhere"));
  for (const length of [0, 7, 4097 * 8]) {
    writeFileSync(join(stateDir, "seccomp.bpf"), Buffer.alloc(length));
    cache.learn(spec, stateDir);
  }
  expect(cache.prepare(spec)).toBe(spec);
});

function withProfile(defaultAction: string | undefined): OciSpec {
  const seccomp = defaultAction === undefined ? {} : { seccomp: { defaultAction, architectures: [], syscalls: [] } };
  return { linux: seccomp } as unknown as OciSpec; // the rest of a configuration plays no part
}
