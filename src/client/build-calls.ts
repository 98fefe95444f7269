/**
 * Builds by an engine's classic route, and its build cache.
 *
 * @see Docker Engine API, "ImageBuild", "BuildPrune"
 */
import { GantryError } from "../base/errors.js";
import { isRecord } from "../base/json.js";
import type { BuildInputs, FailedBuildStep } from "../wire/build.js";
import type { Ulimit } from "../wire/container.js";
import type { Filters } from "../wire/filters.js";
import type { ProgressMessage } from "../wire/image.js";
import type { CallOptions } from "./engine-client.js";
import type { EngineIdentity } from "./engines/engine-identity.js";
import { filterQuery } from "./filter-query.js";
import { streamError } from "./reply-errors.js";
import type { Transport } from "./transport.js";
import type { Pruned } from "./upkeep-calls.js";

/** `context` is a tar, or an address that the engine fetches; `inputs` are for an engine of our own alone. */
export interface BuildCall {
  readonly context: { readonly tar: AsyncIterable<Uint8Array> } | { readonly remote: string } | "inputs";
  readonly inputs?: BuildInputs;
  /** Path in the context. */
  readonly dockerfile: string;
  readonly tags: readonly string[];
  readonly args: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly platform?: string;
  readonly noCache: boolean;
  readonly pull: boolean;
  /** Keep the containers of the steps. */
  readonly keepContainers?: boolean;
  readonly network?: string;
  readonly shmSizeBytes?: number;
  readonly memoryBytes?: number;
  readonly memorySwapBytes?: number;
  readonly cpuShares?: number;
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly cgroupParent?: string;
  readonly isolation?: string;
  readonly ulimits: readonly Ulimit[];
  readonly extraHosts: readonly string[];
  readonly securityOpt?: readonly string[];
  /** Images whose layers may be used. */
  readonly cacheFrom?: readonly string[];
  readonly squash?: boolean;
  /** `X-Registry-Config`. */
  readonly auths?: string;
  /** No registry and no other host is asked for anything, by engines of our own. */
  readonly isOffline?: boolean;
}

/** A build that failed in one of its steps; `step` is there for engines of our own. */
export class BuildFailure extends GantryError {
  readonly exitCode: number | undefined;
  readonly step: FailedBuildStep | undefined;

  constructor(
    error: GantryError,
    { exitCode, step }: { exitCode?: number | undefined; step?: FailedBuildStep | undefined },
  ) {
    super(error.code, error.message, error.hint === undefined ? {} : { hint: error.hint });
    this.exitCode = exitCode;
    this.step = step;
  }
}

export interface BuildCalls {
  /** Messages until the image has its names. Throws `BuildFailure`, "bad-parameter", "not-supported". */
  build(build: BuildCall, call?: CallOptions): AsyncIterable<ProgressMessage>;
  /** Removes what the build cache holds. */
  prune(options: { all: boolean; keepBytes?: number; filters: Filters }, call?: CallOptions): Promise<Pruned>;
}

/** `engine` decides what can be asked for. */
export function buildCalls(transport: Transport, engine: EngineIdentity): BuildCalls {
  return {
    build: async function* (build, call) {
      const inputs = await announce(transport, engine, build, call);
      const query = { ...queryOf(build), gantryinputs: inputs };
      const headers = {
        "Content-Type": "application/x-tar",
        ...(build.auths === undefined ? {} : { "X-Registry-Config": build.auths }),
        ...(build.isOffline ? { "X-Gantry-Offline": "1" } : {}),
      };
      const { context } = build;
      const stream = typeof context === "object" && "tar" in context ? { stream: context.tar } : {};
      const request = { method: "POST", path: "/build", query, headers, ...stream, ...call } as const;
      for await (const message of transport.lines<ProgressMessage>(request)) {
        if (message.error || message.errorDetail) throw failure({ ...message });
        yield message;
      }
    },
    prune: async ({ all, keepBytes, filters }, call) => {
      const query = { all, "keep-storage": keepBytes, "reserved-space": keepBytes, ...filterQuery(filters) };
      const path = "/build/prune";
      const reply = await transport.json<Record<string, unknown>>({ method: "POST", path, query, ...call });
      const removed = Array.isArray(reply.CachesDeleted) ? reply.CachesDeleted.map(String) : [];
      return { removed, reclaimedBytes: typeof reply.SpaceReclaimed === "number" ? reply.SpaceReclaimed : 0 };
    },
  };
}

/** What the inputs are called in Compose files and, with dashes, on the command line; others are called the same. */
const composeNames: Readonly<Record<string, string>> = {
  allow: "entitlements (--allow)",
  cacheFrom: "cache_from",
  cacheTo: "cache_to",
  checkOnly: "checks alone (--check)",
  contexts: "additional_contexts (--build-context)",
  noCacheFilter: "no_cache_filter",
};

/** What Docker's classic route has no place for goes ahead of it; another engine cannot have it. */
async function announce(
  transport: Transport,
  { kind }: EngineIdentity,
  { inputs }: BuildCall,
  call: CallOptions | undefined,
): Promise<string | undefined> {
  if (!inputs) return undefined;
  if (kind !== "gantry") {
    const names = Object.keys(inputs)
      .map((name) => composeNames[name] ?? name)
      .join(", ");
    throw new GantryError("not-supported", `This engine's classic builder has no ${names}`, {
      hint: "Build on the embedded engine: --engine embedded",
    });
  }
  const path = "/gantry/build/inputs";
  return (await transport.json<{ Id: string }>({ method: "POST", path, body: inputs, ...call })).Id;
}

function queryOf(build: BuildCall): Record<string, string | number | boolean | readonly string[] | undefined> {
  const filled = (value: object) => (Object.keys(value).length > 0 ? JSON.stringify(value) : undefined);
  const { context } = build;
  return {
    remote: typeof context === "object" && "remote" in context ? context.remote : undefined,
    dockerfile: build.dockerfile,
    t: build.tags,
    buildargs: filled(build.args),
    labels: filled(build.labels),
    target: build.target,
    platform: build.platform,
    nocache: build.noCache ? "1" : undefined,
    pull: build.pull ? "1" : undefined,
    rm: build.keepContainers ? "0" : "1",
    forcerm: build.keepContainers ? undefined : "1",
    networkmode: build.network,
    shmsize: build.shmSizeBytes,
    memory: build.memoryBytes,
    memswap: build.memorySwapBytes,
    cpushares: build.cpuShares,
    cpuperiod: build.cpuPeriod,
    cpuquota: build.cpuQuota,
    cpusetcpus: build.cpusetCpus,
    cpusetmems: build.cpusetMems,
    cgroupparent: build.cgroupParent,
    isolation: build.isolation,
    ulimits: build.ulimits.length > 0 ? JSON.stringify(build.ulimits) : undefined,
    extrahosts: build.extraHosts,
    cachefrom: build.cacheFrom && build.cacheFrom.length > 0 ? JSON.stringify(build.cacheFrom) : undefined,
    securityopt: build.securityOpt && build.securityOpt.length > 0 ? JSON.stringify(build.securityOpt) : undefined,
    squash: build.squash ? "1" : undefined,
  };
}

function failure(line: Record<string, unknown>): BuildFailure {
  const detail = isRecord(line.errorDetail) ? line.errorDetail : {};
  const exitCode = typeof detail.code === "number" ? detail.code : undefined;
  const step = isStep(line.step) ? line.step : undefined;
  return new BuildFailure(streamError(line, "build-failed"), { exitCode, step });
}

function isStep(value: unknown): value is FailedBuildStep {
  if (!isRecord(value) || typeof value.file !== "string" || typeof value.line !== "number") return false;
  return (
    typeof value.command === "string" && Array.isArray(value.output) && value.output.every((x) => typeof x === "string")
  );
}
