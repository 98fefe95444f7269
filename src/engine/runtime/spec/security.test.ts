import { describe, expect, it } from "vitest";
import type { HostConfig } from "../../../wire/container.js";
import { buildSpec } from "./build-spec.js";
import { parseSecurityOptions } from "./security-options.js";
import { anInput } from "./spec.fixture.js";

describe("security options", () => {
  it("are read in both spellings, and refused when they are none", () => {
    const options = parseSecurityOptions(["no-new-privileges:true", "seccomp=unconfined", "systempaths=unconfined"]);
    expect(options).toMatchObject({ noNewPrivileges: true, seccomp: "unconfined", unconfinedPaths: true });
    expect(parseSecurityOptions(["no-new-privileges=false"]).noNewPrivileges).toBe(false);
    expect(() => parseSecurityOptions(["foo"])).toThrow('invalid --security-opt 1: "foo"');
    for (const option of ["foo=bar", "no-new-privileges=maybe", "systempaths=all"]) {
      expect(() => parseSecurityOptions([option])).toThrow(`invalid --security-opt 2: "${option}"`);
    }
  });

  it("set labels and profiles only where the host has what they are of", () => {
    const SecurityOpt = ["label=type:my_t", "apparmor=mine"];
    const processOn = (host: object) => buildSpec(anInput({ SecurityOpt }, {}, { host })).process;
    expect(processOn({})).not.toHaveProperty("selinuxLabel");
    expect(processOn({})).not.toHaveProperty("apparmorProfile");
    expect(processOn({ seLinux: true, appArmor: true })).toMatchObject({
      selinuxLabel: "system_u:system_r:my_t:s0",
      apparmorProfile: "mine",
    });
  });
});

describe("a seccomp profile of the request", () => {
  const profile = (rules: object[], more: object = {}) =>
    JSON.stringify({ defaultAction: "SCMP_ACT_ERRNO", ...more, syscalls: rules });
  const allowed = (text: string, hostConfig: HostConfig = {}) =>
    buildSpec(
      anInput({ ...hostConfig, SecurityOpt: [`seccomp=${text}`] }, {}, { host: { kernel: [5, 10] } }),
    ).linux.seccomp?.syscalls.flatMap(({ names }) => names);
  const rule = (name: string, conditions: object) => ({ names: [name], action: "SCMP_ACT_ALLOW", ...conditions });

  it("has the entries whose conditions hold: capabilities, architecture, kernel", () => {
    const text = profile([
      rule("always", {}),
      rule("admins", { includes: { caps: ["CAP_SYS_ADMIN"] } }),
      rule("others", { excludes: { caps: ["CAP_SYS_ADMIN"] } }),
      rule("here", { includes: { arches: ["amd64"] } }),
      rule("elsewhere", { includes: { arches: ["s390x"] } }),
      rule("since", { includes: { minKernel: "4.8" } }),
      rule("later", { includes: { minKernel: "5.11" } }),
    ]);
    expect(allowed(text)).toEqual(["always", "others", "here", "since"]);
    expect(allowed(text, { CapAdd: ["SYS_ADMIN"] })).toEqual(["always", "admins", "here", "since"]);
  });

  it("keeps its flags, and is refused when it is none", () => {
    const flags = ["SECCOMP_FILTER_FLAG_LOG"];
    const input = anInput({ SecurityOpt: [`seccomp=${profile([], { flags })}`] });
    expect(buildSpec(input).linux.seccomp).toMatchObject({ flags, defaultAction: "SCMP_ACT_ERRNO" });
    for (const text of ["{", "{}", "/etc/profile.json"]) {
      expect(() => allowed(text)).toThrow("Decoding seccomp profile failed");
    }
    const both = { architectures: ["SCMP_ARCH_X86"], archMap: [{ architecture: "SCMP_ARCH_X86_64" }] };
    expect(() => allowed(profile([], both))).toThrow("use either 'architectures' or 'archMap'");
  });
});

it("what confines a container by default is gone with systempaths=unconfined, and never with less", () => {
  const linux = (SecurityOpt: string[]) => buildSpec(anInput({ SecurityOpt })).linux;
  expect(linux([]).maskedPaths).toContain("/proc/kcore");
  expect(linux(["systempaths=unconfined"])).toMatchObject({ maskedPaths: [], readonlyPaths: [] });
});
