/**
 * What of a host configuration is refused, by Docker's texts where it has them.
 *
 * Pure. A field that this engine cannot honour on this host is refused by its name, never dropped:
 * `docs/create-fields.md` has the list.
 */
import { GantryError } from "../../../base/errors.js";
import type { HostConfig } from "../../../wire/container.js";
import type { SpecHost } from "../../runtime/spec/spec-input.js";
import { checkWatchdog } from "./check-watchdog.js";
import { isWithin } from "./number-list.js";

/** What the refusals depend on; members that are absent are not looked at. */
export interface RefusalFacts {
  readonly cpus: number;
  readonly runtimes?: readonly string[];
  readonly spec?: Pick<SpecHost, "initPath" | "realtimeCpu" | "onlineCpus" | "onlineNodes">;
}

const leastMemoryBytes = 6 * 1024 ** 2;
const microsOfPeriod = [1000, 1_000_000] as const;
const restartNames = ["", "no", "always", "unless-stopped", "on-failure"];
const sizePattern = /^-?\d+(\.\d+)?\s*([kmgtp]i?)?b?$/i;
const logOptions = [
  ...["max-size", "max-file", "max-buffer-size", "mode", "compress"],
  ...["tag", "labels", "labels-regex", "env", "env-regex"],
];

/** Throws "bad-parameter" or "not-supported". */
export function checkHostConfig(request: HostConfig, facts: RefusalFacts): void {
  checkMemory(request);
  checkCpu(request, facts);
  checkBlockDevices(request);
  checkRestartPolicy(request);
  checkLogConfig(request);
  checkModes(request);
  checkOfThisEngine(request, facts);
  checkWatchdog(request);
  if ((request.ShmSize ?? 0) < 0) refuse("ShmSize: SHM size can not be less than 0");
  if (Math.abs(request.OomScoreAdj ?? 0) > 1000) {
    refuse(`OomScoreAdj: Invalid value ${request.OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  }
  if (request.ConsoleSize?.some((size) => size < 0)) refuse("ConsoleSize: a size cannot be negative");
}

function checkMemory(request: HostConfig): void {
  const { Memory = 0, MemorySwap = 0, MemoryReservation = 0, MemorySwappiness } = request;
  if (Memory > 0 && Memory < leastMemoryBytes) refuse("Minimum memory limit allowed is 6MB");
  if (MemorySwap > 0 && Memory === 0) refuse("You should always set the Memory limit when using Memoryswap limit");
  if (MemorySwap > 0 && MemorySwap < Memory) {
    refuse("Minimum memoryswap limit should be larger than memory limit, see usage");
  }
  if (MemoryReservation > 0 && MemoryReservation < leastMemoryBytes) {
    refuse("Minimum memory reservation allowed is 6MB");
  }
  if (Memory > 0 && MemoryReservation > Memory) {
    refuse("Minimum memory limit can not be less than memory reservation limit, see usage");
  }
  if (typeof MemorySwappiness === "number" && (MemorySwappiness < -1 || MemorySwappiness > 100)) {
    refuse(`Invalid value: ${MemorySwappiness}, valid memory swappiness range is 0-100`);
  }
}

function checkCpu(request: HostConfig, { cpus, spec }: RefusalFacts): void {
  const { NanoCpus = 0, CpuPeriod = 0, CpuQuota = 0, CpuShares = 0, CpusetCpus, CpusetMems } = request;
  const { CpuRealtimePeriod: realtimePeriod = 0, CpuRealtimeRuntime: realtime = 0 } = request;
  if (NanoCpus > 0 && (CpuPeriod > 0 || CpuQuota > 0)) {
    refuse(`Conflicting options: Nano CPUs and CPU ${CpuPeriod > 0 ? "Period" : "Quota"} cannot both be set`);
  }
  if (NanoCpus < 0 || NanoCpus > cpus * 1e9) {
    refuse(`range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`);
  }
  if (CpuPeriod !== 0 && (CpuPeriod < microsOfPeriod[0] || CpuPeriod > microsOfPeriod[1])) {
    refuse("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
  }
  if (CpuQuota > 0 && CpuQuota < microsOfPeriod[0]) refuse("CPU cfs quota can not be less than 1ms (i.e. 1000)");
  if (CpuShares < 0) refuse(`CpuShares: invalid CPU shares (${CpuShares}): value must be a positive integer`);
  checkSet("CPUs", CpusetCpus, spec?.onlineCpus);
  checkSet("memory nodes", CpusetMems, spec?.onlineNodes);
  if ((realtimePeriod !== 0 || realtime !== 0) && spec && !spec.realtimeCpu) {
    refuse(
      "CpuRealtimePeriod and CpuRealtimeRuntime: this kernel does not support the CPU real-time scheduler of groups",
    );
  }
  if (realtimePeriod < 0) refuse("CpuRealtimePeriod cannot be negative");
  if (realtime !== 0 && realtimePeriod !== 0 && realtime > realtimePeriod) {
    refuse("cpu real-time runtime cannot be higher than cpu real-time period");
  }
}

function checkSet(what: string, asked: string | undefined, online: string | undefined): void {
  if (!asked || online === undefined || isWithin(asked, online)) return;
  refuse(`Requested ${what} are not available - requested ${asked}, available: ${online}`);
}

function checkBlockDevices({ BlkioWeight = 0, ...lists }: HostConfig): void {
  const weights = [BlkioWeight, ...(lists.BlkioWeightDevice ?? []).map(({ Weight }) => Weight)];
  for (const weight of weights) {
    if (weight !== 0 && (weight < 10 || weight > 1000)) {
      refuse(`Range of BlkioWeight and BlkioWeightDevice is from 10 to 1000, not ${weight}`);
    }
  }
  const { BlkioDeviceReadBps, BlkioDeviceWriteBps, BlkioDeviceReadIOps, BlkioDeviceWriteIOps } = lists;
  const rates = [BlkioDeviceReadBps, BlkioDeviceWriteBps, BlkioDeviceReadIOps, BlkioDeviceWriteIOps];
  for (const { Path, Rate } of rates.flatMap((list) => list ?? [])) {
    if (Rate < 0) refuse(`invalid rate of ${Path}: ${Rate} cannot be negative`);
  }
}

function checkRestartPolicy({ RestartPolicy: policy, AutoRemove }: HostConfig): void {
  const name = policy?.Name ?? "";
  if (!restartNames.includes(name)) refuse(`invalid restart policy: unknown policy '${name}'`);
  if (AutoRemove && name !== "" && name !== "no") refuse("can't create 'AutoRemove' container with restart policy");
  if ((policy?.MaximumRetryCount ?? 0) < 0) refuse("invalid restart policy: maximum retry count cannot be negative");
  if (name !== "on-failure" && (policy?.MaximumRetryCount ?? 0) > 0) {
    refuse("invalid restart policy: maximum retry count can only be used with 'on-failure'");
  }
}

function checkLogConfig({ LogConfig }: HostConfig): void {
  const driver = LogConfig?.Type || "json-file";
  if (!["json-file", "local", "none"].includes(driver)) {
    refuse(`logger: no log driver named '${driver}' is registered`, "Use json-file, local or none.");
  }
  const options = LogConfig?.Config ?? {};
  for (const key of Object.keys(options)) {
    if (!logOptions.includes(key)) refuse(`unknown log opt '${key}' for ${driver} log driver`);
  }
  for (const key of ["max-size", "max-buffer-size"]) {
    const size = options[key];
    if (size !== undefined && !sizePattern.test(size)) refuse(`LogConfig: invalid size of ${key}: '${size}'`);
  }
  const files = options["max-file"];
  if (files !== undefined && !/^[1-9]\d*$/.test(files)) refuse(`LogConfig: max-file cannot be '${files}'`);
  const mode = options.mode;
  if (mode !== undefined && mode !== "blocking" && mode !== "non-blocking") refuse(`LogConfig: unknown mode '${mode}'`);
}

function checkModes({ IpcMode, PidMode, UTSMode, UsernsMode, CgroupnsMode, Privileged }: HostConfig): void {
  const isContainer = (mode: string) => /^container:./.test(mode);
  const check = (what: string, mode: string | undefined, known: readonly string[], joins = false) => {
    if (!mode || known.includes(mode) || (joins && isContainer(mode))) return;
    refuse(`invalid ${what}: ${mode}`);
  };
  check("IPC mode", IpcMode, ["none", "private", "shareable", "host"], true);
  check("PID mode", PidMode, ["host"], true);
  check("UTS mode", UTSMode, ["host"]);
  check("cgroup namespace mode", CgroupnsMode, ["host", "private"]);
  if (UsernsMode === "" || UsernsMode === undefined || UsernsMode === "host") return;
  refuse(
    `invalid UsernsMode: ${UsernsMode}`,
    Privileged ? undefined : "Containers have the host's user namespace here; only host may be asked for.",
  );
}

/** What Docker Engine has elsewhere, or on hosts with more. */
function checkOfThisEngine(request: HostConfig, { runtimes, spec }: RefusalFacts): void {
  const { Isolation, StorageOpt, VolumeDriver, Runtime, Init, PidMode = "" } = request;
  if (Isolation && Isolation !== "default") {
    refuse(`Invalid isolation: "${Isolation}" - linux only supports 'default'`);
  }
  for (const field of ["CpuCount", "CpuPercent", "IOMaximumIOps", "IOMaximumBandwidth"] as const) {
    if (request[field]) refuse(`${field} is a limit of Windows: linux does not support it`);
  }
  for (const option of Object.keys(StorageOpt ?? {})) {
    if (option !== "size") refuse(`StorageOpt: Unknown option ${option}`);
    refuse(
      "StorageOpt size: --storage-opt is supported only for overlay over xfs with 'pquota' mount option",
      "Leave storage_opt out: the writable layer shares the space of the engine's state root.",
    );
  }
  if (VolumeDriver && VolumeDriver !== "local") {
    refuse(`VolumeDriver: error looking up volume plugin ${VolumeDriver}: plugin "${VolumeDriver}" not found`);
  }
  if (Runtime && runtimes && !runtimes.includes(Runtime)) {
    refuse(`unknown or invalid runtime name: ${Runtime}`, `These work on this host: ${runtimes.join(", ")}.`);
  }
  if (Init && PidMode === "" && spec && spec.initPath === undefined) {
    throw new GantryError("not-supported", "Init: no program for it is installed on this host", {
      hint: "Install tini or catatonit, or leave init out.",
    });
  }
}

function refuse(message: string, hint?: string): never {
  throw new GantryError("bad-parameter", message, hint === undefined ? {} : { hint });
}
