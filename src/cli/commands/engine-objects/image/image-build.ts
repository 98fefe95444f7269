/** `gantry image build`: one image of a Dockerfile, with docker build's flags; and the build cache's prune. */
import { basename, isAbsolute, resolve } from "node:path";
import type { BuildRun } from "../../../../apply/build/build-image.js";
import { GantryError, messageOf } from "../../../../base/errors.js";
import type { BuildCall } from "../../../../client/build-calls.js";
import { withAbsolutePath } from "../../../../dockerfile/caches/build-cache.js";
import type { ImageBuild, SecretOrigin } from "../../../../plan/build/image-build.js";
import type { CliContext } from "../../../context.js";
import { parseBytes, parseInteger, parsePairs } from "../../../options.js";
import { failureText } from "../../../views/failure-text.js";
import { styleFor } from "../../../views/style.js";
import { parseArgs } from "../../compose/build/build.js";
import { wantsColor } from "../../compose/output/terminal.js";
import { parseFilters } from "../filters.js";
import { type BuildStdin, readBuildStdin } from "./build-stdin.js";
import { checkDelivery, type Delivery, deliverImage, writesStdout } from "./deliver-image.js";
import { parseOutput } from "./parse-output.js";
import { showBuild } from "./show-build.js";

/** As commander gives them. */
export interface ImageBuildFlags {
  readonly annotation?: readonly string[];
  readonly attest?: readonly string[];
  readonly builder?: string;
  readonly call?: string;
  readonly metadataFile?: string;
  readonly output?: readonly string[];
  readonly provenance?: string | boolean;
  readonly push?: boolean;
  readonly sbom?: string | boolean;
  readonly addHost?: readonly string[];
  readonly allow?: readonly string[];
  readonly buildArg?: readonly string[];
  readonly buildContext?: readonly string[];
  /** False with `--no-cache`. */
  readonly cache: boolean;
  readonly cacheFrom?: readonly string[];
  readonly cacheTo?: readonly string[];
  readonly cgroupParent?: string;
  readonly check?: boolean;
  readonly cpuPeriod?: string;
  readonly cpuQuota?: string;
  readonly cpuShares?: string;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly file?: string;
  readonly iidfile?: string;
  readonly isolation?: string;
  readonly label?: readonly string[];
  readonly memory?: string;
  readonly memorySwap?: string;
  readonly network?: string;
  readonly noCacheFilter?: readonly string[];
  readonly platform?: string;
  readonly progress?: string;
  readonly pull?: boolean;
  readonly quiet?: boolean;
  readonly rm?: boolean | string;
  readonly secret?: readonly string[];
  readonly securityOpt?: readonly string[];
  readonly shmSize?: string;
  readonly squash?: boolean;
  readonly ssh?: readonly string[];
  readonly tag?: readonly string[];
  readonly target?: string;
  readonly ulimit?: readonly string[];
}

/** The exit code is that of the command that failed, 1 for other failures. */
export async function imageBuild(context: CliContext, flags: ImageBuildFlags, [path = ""]: readonly string[]) {
  const { stdout, stderr, signal, env } = context;
  refuseUnknown(flags);
  const delivery = deliveryOf(context, flags);
  const input = await stdinOf(context, flags, path);
  const build = readBuild(context, flags, { path, input });
  const names = [build.image, ...build.tags].filter((name) => name !== "");
  checkDelivery(delivery, names);
  const client = await context.connect();
  const [{ buildImage }, { StepFailure }] = await Promise.all([
    import("../../../../apply/build/build-image.js"),
    import("../../../../apply/steps/step-failure.js"),
  ]);
  const { quiet = false } = flags;
  const progress = isCheck(flags) ? "plain" : flags.progress; // what a check finds is all that there is to show
  const text = writesStdout(delivery) ? stderr : stdout;
  const shown = await showBuild(context, { name: build.image || basename(build.dockerfile), quiet, progress, text });
  const run: BuildRun = {
    ...{ client, signal, environment: env, extra: extrasOf(flags, input), checkOnly: isCheck(flags) },
    sharesFiles: (await context.chooseEngine()).kind === "embedded",
    onText: shown.onText,
    ...(shown.onStep ? { onStep: shown.onStep } : {}),
  };
  try {
    const id = await buildImage(build, run);
    await shown.end();
    if (flags.quiet && id !== "") text.write(`${id}\n`);
    if (id !== "") await deliverImage(context, client, { id, names, delivery });
  } catch (error) {
    if (!(error instanceof StepFailure)) {
      const card = { code: "build-failed", message: messageOf(error), phase: "build", heldBack: [], lastLogLines: [] };
      await shown.end(signal.aborted ? "cancelled" : card);
      throw error;
    }
    const { code, message, exitCode, lines: lastLogLines, hint, source } = error;
    const extra = { ...(hint === undefined ? {} : { hint }), ...(source ? { source } : {}) };
    const exit = exitCode === undefined ? {} : { exitCode };
    const card = { code, message, phase: "build", heldBack: [], lastLogLines, ...exit, ...extra };
    await shown.end(card);
    stderr.write(failureText(card, styleFor(wantsColor(context, stderr))));
    context.finish(exitCode ?? 1);
  }
}

function isCheck({ check, call }: ImageBuildFlags): boolean {
  return check === true || call === "check" || call === "check,lint" || call === "lint";
}

function deliveryOf({ cwd }: CliContext, { output = [], push, iidfile, metadataFile }: ImageBuildFlags): Delivery {
  return {
    outputs: output.map((word) => parseOutput(word, (path) => resolve(cwd, path))),
    push: push === true,
    ...(iidfile === undefined ? {} : { iidfile }),
    ...(metadataFile === undefined ? {} : { metadataFile }),
  };
}

/** What images of this engine do not have. */
function refuseUnknown(flags: ImageBuildFlags): void {
  const { call, builder } = flags;
  const isAsked = (value: string | boolean | undefined) => value !== undefined && value !== "false" && value !== false;
  for (const name of ["provenance", "sbom"] as const) {
    if (isAsked(flags[name])) throw unsupported(`--${name}`, "images are built without attestations");
  }
  if (flags.platform?.includes(",")) {
    throw unsupported(`--platform ${flags.platform}`, "an image is built for one platform at a time");
  }
  if ((flags.attest ?? []).length > 0) throw unsupported("--attest", "images are built without attestations");
  if ((flags.annotation ?? []).length > 0) throw unsupported("--annotation", "use --label, which every tool shows");
  if (call !== undefined && call !== "build" && !isCheck(flags))
    throw unsupported(`--call ${call}`, "use --call check");
  if (builder !== undefined && builder !== "default") {
    throw unsupported(`--builder ${builder}`, "the engine builds by itself; choose another one with --engine");
  }
}

function unsupported(flag: string, why: string): GantryError {
  return new GantryError("not-supported", `${flag} is not supported: ${why}`);
}

export interface PruneFlags {
  readonly all?: boolean;
  readonly force?: boolean;
  readonly filter?: readonly string[];
  readonly keepStorage?: string;
  readonly reservedSpace?: string;
  readonly maxUsedSpace?: string;
}

/** What `gantry builder prune` removes: layers that no image has, or with `all` everything. */
export async function builderPrune(context: CliContext, flags: PruneFlags): Promise<void> {
  const what = flags.all ? "all build cache" : "build cache that no image uses";
  if (!flags.force) {
    const { confirmed } = await import("../system.js");
    if (!(await confirmed(context, `WARNING! This will remove ${what}.`))) return;
  }
  const client = await context.connect();
  const filters = parseFilters(flags.filter);
  const space = flags.keepStorage ?? flags.reservedSpace ?? flags.maxUsedSpace;
  const keep = space === undefined ? {} : { keepBytes: parseBytes(space, "--keep-storage") };
  const { removed, reclaimedBytes } = await client.builds.prune(
    { all: flags.all === true, filters, ...keep },
    { signal: context.signal },
  );
  const { printSize } = await import("../../../views/table.js");
  const told = removed.length > 0 ? `Deleted build cache objects:\n${removed.join("\n")}\n\n` : "";
  context.stdout.write(`${told}Total reclaimed space: ${printSize(reclaimedBytes)}\n`);
}

function readBuild(
  context: CliContext,
  flags: ImageBuildFlags,
  { path, input }: { path: string; input: BuildStdin | undefined },
): ImageBuild {
  const { cwd, env } = context;
  const isAddress = /^(?:[a-z]+:\/\/|git@|github\.com\/)/.test(path);
  const outputs = (flags.output ?? []).flatMap((word) => parseOutput(word, (one) => one).names);
  const [image = "", ...tags] = [...(flags.tag ?? []), ...outputs];
  const { target, platform, network, isolation } = flags;
  return {
    image,
    tags,
    context: path === "-" ? "" : isAddress ? path : resolve(cwd, path),
    dockerfile:
      flags.file === undefined || flags.file === "-"
        ? "Dockerfile"
        : dockerfilePath(flags.file, cwd, isAddress || path === "-"),
    ...(input?.kind === "dockerfile" ? { dockerfileText: input.text } : {}),
    args: parseArgs(flags.buildArg ?? [], env),
    labels: parsePairs(flags.label),
    ...(target ? { target } : {}),
    ...(platform ? { platform } : {}),
    ...(network ? { network } : {}),
    ...(isolation ? { isolation } : {}),
    noCache: !flags.cache,
    noCacheFilter: (flags.noCacheFilter ?? []).flatMap((words) => words.split(",")),
    cacheFrom: (flags.cacheFrom ?? []).map((word) => withAbsolutePath(word, (one) => resolve(cwd, one))),
    cacheTo: (flags.cacheTo ?? []).map((word) => withAbsolutePath(word, (one) => resolve(cwd, one))),
    pull: flags.pull === true,
    ...(flags.shmSize === undefined ? {} : { shmSizeBytes: parseBytes(flags.shmSize, "--shm-size") }),
    ...(flags.memory === undefined ? {} : { memoryBytes: parseBytes(flags.memory, "--memory") }),
    ulimits: (flags.ulimit ?? []).map(parseUlimit),
    extraHosts: (flags.addHost ?? []).map((host) => host.replace("=", ":")),
    contexts: Object.fromEntries((flags.buildContext ?? []).map((word) => namedContext(word, cwd))),
    secrets: (flags.secret ?? []).map((word) => parseSecret(word, cwd)),
    ssh: flags.ssh ?? [],
    allow: flags.allow ?? [],
  };
}

/** A path from the working directory, as docker build takes it. */
function dockerfilePath(file: string, cwd: string, isAddress: boolean): string {
  return isAddress || isAbsolute(file) ? file : resolve(cwd, file);
}

/** What `-` stands for. Throws "bad-usage" where it cannot be both. */
async function stdinOf({ stdin }: CliContext, { file }: ImageBuildFlags, path: string) {
  if (path !== "-" && file !== "-") return undefined;
  if (path === "-" && file === "-") {
    throw new GantryError("bad-usage", "invalid argument: can't use stdin for both build context and dockerfile");
  }
  const read = await readBuildStdin(stdin);
  if (read.kind === "archive" && path !== "-") {
    throw new GantryError("bad-usage", "Standard input is an archive, no Dockerfile", {
      hint: "Name - in place of the directory",
    });
  }
  if (read.kind === "dockerfile" && path === "-" && file !== undefined) {
    throw new GantryError("bad-usage", "The context from standard input has no files to take --file from");
  }
  return read;
}

function extrasOf(flags: ImageBuildFlags, input: BuildStdin | undefined): Partial<BuildCall> {
  const count = (text: string | undefined, flag: string) => (text === undefined ? undefined : parseInteger(text, flag));
  const extras = {
    context: input?.kind === "archive" ? { tar: input.tar } : undefined,
    cgroupParent: flags.cgroupParent,
    cpuPeriod: count(flags.cpuPeriod, "--cpu-period"),
    cpuQuota: count(flags.cpuQuota, "--cpu-quota"),
    cpuShares: count(flags.cpuShares, "--cpu-shares"),
    cpusetCpus: flags.cpusetCpus,
    cpusetMems: flags.cpusetMems,
    memorySwapBytes: flags.memorySwap === undefined ? undefined : swapBytes(flags.memorySwap),
    securityOpt: flags.securityOpt,
    squash: flags.squash === true ? true : undefined,
    keepContainers: flags.rm === false || flags.rm === "false" ? true : undefined,
  };
  return Object.fromEntries(Object.entries(extras).filter(([, value]) => value !== undefined));
}

function swapBytes(text: string): number {
  return text === "-1" ? -1 : parseBytes(text, "--memory-swap");
}

/** `nofile=1024:2048`. */
function parseUlimit(word: string): ImageBuild["ulimits"][number] {
  const match = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(word);
  if (!match) throw new GantryError("bad-usage", `--ulimit: ${word} is no limit; write nofile=1024:2048`);
  return { Name: match[1] ?? "", Soft: Number(match[2]), Hard: Number(match[3] ?? match[2]) };
}

const layout = "oci-layout://";

/** `NAME=PATH`; addresses and images stay as they are. */
function namedContext(word: string, cwd: string): [string, string] {
  const at = word.indexOf("=");
  if (at < 1) throw new GantryError("bad-usage", `--build-context: ${word} is not NAME=PATH`);
  const value = word.slice(at + 1);
  if (value.startsWith(layout)) return [word.slice(0, at), `${layout}${resolve(cwd, value.slice(layout.length))}`];
  return [word.slice(0, at), /^[a-z-]+:\/\//.test(value) ? value : resolve(cwd, value)];
}

/** `id=NAME,src=FILE`, `id=NAME,env=VARIABLE`; without either, the variable of that name. */
function parseSecret(word: string, cwd: string): SecretOrigin {
  const fields = new Map(
    word.split(",").map((field) => [field.split("=")[0] ?? "", field.slice(field.indexOf("=") + 1)]),
  );
  const file = fields.get("src") ?? fields.get("source");
  const id = fields.get("id") ?? (file === undefined ? undefined : basename(file));
  if (!id) throw new GantryError("bad-usage", `--secret: ${word} has no id; write id=NAME,src=FILE`);
  if (file !== undefined) return { id, kind: "file", path: resolve(cwd, file) };
  return { id, kind: "environment", variable: fields.get("env") ?? id };
}
