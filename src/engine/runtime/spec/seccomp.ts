/** Docker's default seccomp profile for a container's capabilities and the host's architecture. Pure. */
import type { OciSeccomp } from "../../../oci/runtime-spec.js";
import { allowedByArch, allowedByCapability, alwaysAllowed, seccompArches } from "./seccomp-table.js";

const allow = "SCMP_ACT_ALLOW";
const refuse = "SCMP_ACT_ERRNO";
const operationNotPermitted = 1;
/** glibc falls back from clone3 to clone on this answer only. */
const noSuchCall = 38;
/** Every CLONE_NEW* flag that clone(2) takes: user, pid, net, ipc, uts, cgroup and mount namespaces. */
const namespaceFlags = 0x7e020000;
/** Linux, Linux without randomised addresses' neighbours: PER_LINUX, PER_LINUX32, both with UNAME26, and "only ask". */
const personalities = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];
/** Kernel crypto and VM sockets reach beyond the network namespace. */
const cryptoFamily = 38;
const vmFamily = 40;

/** Undefined where the architecture is unknown to the table: no filter is better than one that kills everything. */
export function defaultSeccomp(arch: string, capabilities: readonly string[]): OciSeccomp | undefined {
  const architectures = seccompArches[arch];
  if (!architectures) return undefined;
  const byCapability = capabilities.flatMap((capability) => allowedByCapability[capability] ?? []);
  const names = [...alwaysAllowed, ...byCapability, ...(allowedByArch[arch] ?? [])];
  const isAdmin = capabilities.includes("CAP_SYS_ADMIN");
  return {
    defaultAction: refuse,
    defaultErrnoRet: operationNotPermitted,
    architectures: [...architectures],
    syscalls: [
      { names: [...new Set(names)].sort(), action: allow },
      ...personalities.map((value) => whenEqual("personality", value)),
      ...socketRules(),
      ...(isAdmin ? [] : cloneRules(arch)),
    ],
  };
}

type Rule = OciSeccomp["syscalls"][number];

function whenEqual(name: string, value: number): Rule {
  return { names: [name], action: allow, args: [{ index: 0, value, op: "SCMP_CMP_EQ" }] };
}

/** Three ranges around the two families: several rules on one call are alternatives, so "neither" needs ranges. */
function socketRules(): Rule[] {
  const rule = (op: string, value: number): Rule => ({
    names: ["socket"],
    action: allow,
    args: [{ index: 0, value, op }],
  });
  return [rule("SCMP_CMP_LT", cryptoFamily), rule("SCMP_CMP_EQ", cryptoFamily + 1), rule("SCMP_CMP_GT", vmFamily)];
}

function cloneRules(arch: string): Rule[] {
  const index = arch === "s390x" ? 1 : 0; // s390 has clone's first two arguments the other way round
  return [
    {
      names: ["clone"],
      action: allow,
      args: [{ index, value: namespaceFlags, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }],
    },
    { names: ["clone3"], action: refuse, errnoRet: noSuchCall },
  ];
}
