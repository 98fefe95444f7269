/**
 * Builds one stage: its base, then its instructions one after the other, each from the cache where it can be.
 *
 * Touches the world through the rooms.
 */
import { arch } from "node:os";
import { didYouMean } from "../../base/did-you-mean.js";
import { GantryError, isGantryError, messageOf } from "../../base/errors.js";
import {
  applyMetadata,
  type Draft,
  type Metadata,
  mergeEnv,
  shellOf,
  variablesOf,
  workingDirectory,
} from "../../dockerfile/apply-metadata.js";
import { predefinedArgs, stageArg } from "../../dockerfile/build-args.js";
import { isChecked } from "../../dockerfile/checks/check.js";
import type { Instruction } from "../../dockerfile/dockerfile.js";
import { expandInstruction } from "../../dockerfile/expand-instruction.js";
import { parseTrigger } from "../../dockerfile/parse-dockerfile.js";
import type { PlannedStage } from "../../dockerfile/stage-graph.js";
import { type ChainId, digestOf } from "../../oci/digest.js";
import { parsePlatform, platformOfMachine } from "../../oci/platform.js";
import { shortId } from "../../oci/short-id.js";
import type { HistoryEntry, ImageParts, LayerPart } from "../images/images.js";
import { configText } from "../images/portable/build-image.js";
import { BuildError } from "./build-error.js";
import type { StageOutput } from "./build-output.js";
import type { BuildSession } from "./build-session.js";
import { type PlannedStep, performStep, type StepRequest, stampStep } from "./perform-step.js";
import type { CachedStep } from "./step-cache.js";
import { planCopy } from "./steps/copy-step.js";
import { planRun } from "./steps/run-step.js";
import type { StepPlace } from "./steps/step-place.js";
import { planWorkdir } from "./steps/workdir-step.js";

/** Numbers its steps among all of the build's. */
export interface StageRun {
  readonly output: StageOutput;
  /** Of its FROM, from 1. */
  readonly firstStep: number;
  readonly totalSteps: number;
  /** Added after the last instruction of the target. */
  readonly labels: Readonly<Record<string, string>>;
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export class StageBuilder {
  readonly #session: BuildSession;
  readonly #stage: PlannedStage;
  readonly #run: StageRun;
  #draft: Draft = { config: {}, commandIsOwn: false };
  #layers: readonly LayerPart[] = [];
  #history: readonly HistoryEntry[] = [];
  #created = "";
  #platform: { os: string; architecture: string; variant?: string } = platformOfMachine(arch());
  /** Declared arguments that have a value. */
  readonly #args = new Map<string, string>();
  #number: number;

  constructor(session: BuildSession, stage: PlannedStage, run: StageRun) {
    this.#session = session;
    this.#stage = stage;
    this.#run = run;
    this.#number = run.firstStep;
  }

  /** Throws `BuildError` with the step that failed. */
  async build(): Promise<ImageParts> {
    const { from, steps } = this.#stage;
    await this.#told(from, () => this.#begin());
    for (const step of steps) await this.#told(step, () => this.#perform(step));
    const labels = Object.entries(this.#run.labels).sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [key, value] of labels) {
      const step = {
        kind: "label" as const,
        pairs: [{ key, value }],
        text: `LABEL ${key}=${value}`,
        place: from.place,
      };
      await this.#told(step, async () => this.#metadata(step));
    }
    return this.#parts();
  }

  /** Numbers the step, and says which one it was when it fails. */
  async #told(step: Instruction, work: () => Promise<void>): Promise<void> {
    this.#session.signal.throwIfAborted();
    const { output, totalSteps: total } = this.#run;
    output.begin({ number: this.#number, total, text: step.text, line: step.place.line });
    this.#number += 1;
    try {
      await work();
    } catch (error) {
      output.failed();
      this.#session.signal.throwIfAborted();
      if (error instanceof BuildError) throw error;
      if (!isGantryError(error) && !(error instanceof Error)) throw error;
      const { dockerfile: file } = this.#session.request;
      const name = step.kind === "copy" || step.kind === "add" ? `${step.kind.toUpperCase()} failed: ` : "";
      const failed = { file, line: step.place.line, command: step.text, output: [] };
      throw new BuildError(`${name}${messageOf(error)}`, failed, error);
    }
    output.done(this.#id());
  }

  async #begin(): Promise<void> {
    const { platform, base } = this.#stage;
    const parts = await this.#base();
    if (parts) {
      const { config, layers, history, os, architecture, variant, author, created } = parts;
      const { OnBuild, ...rest } = config;
      this.#draft = { config: rest, commandIsOwn: false, ...(author ? { author } : {}) };
      this.#layers = layers;
      this.#history = history;
      this.#created = created;
      this.#platform = { os, architecture, ...(variant ? { variant } : {}) };
      this.#addPath();
      await this.#trigger(OnBuild ?? []);
    } else {
      const asked = platform ?? this.#session.request.platform;
      if (asked) this.#platform = parsePlatform(asked, platformOfMachine(arch()));
      this.#created = this.#session.epochSeconds === undefined ? new Date(0).toISOString() : this.#session.now();
      this.#addPath();
      if (base.kind === "named") await this.#copyWhole(base.name);
    }
  }

  /** A directory as the base: its files are the first layer. */
  async #copyWhole(name: string): Promise<void> {
    const { place, text } = this.#stage.from;
    const flags = { link: false, parents: false, exclude: [], heredocs: [] };
    return this.#perform({ kind: "copy", from: name, sources: ["."], to: "/", ...flags, place, text });
  }

  async #base(): Promise<ImageParts | undefined> {
    const { base, platform } = this.#stage;
    const tell = this.#run.output.tell;
    switch (base.kind) {
      case "scratch":
        return undefined;
      case "stage":
        return this.#session.stage(base.index);
      case "named":
        return this.#session.namedBase(base.name, platform, tell);
      case "image":
        return this.#session.image(base.image, platform, tell);
    }
  }

  /** A shell without PATH finds nothing. */
  #addPath(): void {
    const { config } = this.#draft;
    const env = config.Env ?? [];
    if (env.some((entry) => entry.startsWith("PATH="))) return;
    this.#draft = { ...this.#draft, config: { ...config, Env: mergeEnv(env, [{ key: "PATH", value: defaultPath }]) } };
  }

  async #trigger(triggers: readonly string[]): Promise<void> {
    if (triggers.length === 0) return;
    this.#run.output.words(`# Executing ${triggers.length} build trigger${triggers.length > 1 ? "s" : ""}\n`);
    for (const text of triggers) {
      for (const step of parseTrigger(text, this.#stage.from.place)) await this.#perform(step);
    }
  }

  async #perform(written: Instruction): Promise<void> {
    const escapeToken = this.#session.dockerfile.escapeToken;
    const variables = this.#variables();
    const onUnset = (name: string) => this.#warnOfUnset(name, written, variables);
    const step = expandInstruction(written, { escapeToken, variables, onUnset });
    const tell = this.#run.output.tell;
    switch (step.kind) {
      case "from":
        throw new GantryError("bad-parameter", "FROM isn't allowed here");
      case "arg":
        return this.#declare(step);
      case "workdir": {
        const path = workingDirectory(this.#draft.config.WorkingDir, step.path);
        const planned = planWorkdir(this.#place(), path);
        await this.#files({ ...planned, description: `${this.#shell()} #(nop) ${planned.description}` });
        this.#draft = { ...this.#draft, config: { ...this.#draft.config, WorkingDir: path } };
        return;
      }
      case "copy":
      case "add": {
        const planned = await planCopy(this.#place(), step, tell);
        return this.#files({ ...planned, description: `${this.#shell()} #(nop) ${planned.description}` });
      }
      case "run": {
        const proxies = [...this.#session.request.args].filter(([key]) => predefinedArgs.includes(key));
        const args = { declared: this.#args, proxies: new Map(proxies.filter(([key]) => !this.#args.has(key))) };
        return this.#files(await planRun(this.#place(), step, { args, tell, escapeToken }));
      }
      default:
        return this.#metadata(step);
    }
  }

  /** What a variable is may be up to the base image, so that this check has to wait until here. */
  #warnOfUnset(name: string, { place }: Instruction, variables: ReadonlyMap<string, string>): void {
    const { dockerfile, request, globals } = this.#session;
    const rule = "UndefinedVar";
    const isAutomatic = globals.has(name) || predefinedArgs.includes(name);
    if (!isChecked(rule, dockerfile.checks) || isAutomatic) return;
    const hint = didYouMean(name, [...variables.keys()]);
    const message = `${rule}: Usage of undefined variable '$${name}'${hint ? ` (${hint})` : ""}`;
    this.#say(`[Warning] ${request.dockerfile}:${place.line}:${place.column}: ${message}\n`);
  }

  #declare(step: Extract<Instruction, { kind: "arg" }>): void {
    const { escapeToken } = this.#session.dockerfile;
    for (const arg of step.args) {
      const known = { asked: this.#session.request.args, global: this.#session.globals, scope: this.#variables() };
      const value = stageArg(arg, { ...known, escapeToken });
      if (value === undefined) this.#args.delete(arg.key);
      else this.#args.set(arg.key, value);
    }
    const shown = step.args.map(({ key, value }) => (value === undefined ? key : `${key}=${value}`));
    this.#note(`ARG ${shown.join(" ")}`);
  }

  #metadata(step: Metadata): void {
    const { draft, comment } = applyMetadata(this.#draft, step);
    this.#draft = draft;
    this.#note(comment);
  }

  /** A step without files: the history has it, with the time at which it was first made. */
  #note(comment: string): void {
    const description = `${this.#shell()} #(nop)  ${comment}`;
    const inputs = { kind: "note", before: configText(this.#parts()), description };
    const { step, wasCached } = stampStep(this.#session.rooms, { inputs, description, ...this.#timing() });
    if (wasCached) this.#run.output.cached();
    this.#used(step, undefined);
    this.#record(step, description);
  }

  async #files(planned: PlannedStep): Promise<void> {
    const { description } = planned;
    const { output } = this.#run;
    const { step, wasCached } = await performStep(
      this.#session.rooms,
      { ...planned, ...this.#timing(), track: (work) => this.#session.outlive(work) },
      { tell: output.tell, signal: this.#session.signal },
    );
    if (wasCached) this.#run.output.cached();
    // Made without looking at what lies below: put above it now.
    const below = this.#layers.at(-1)?.chainId;
    this.#used(step, step.layer && step.layer.chainId !== step.layer.diffId ? below : undefined);
    const layer = step.layer && (await this.#session.rooms.snapshots.above(step.layer, below));
    if (layer) this.#layers = [...this.#layers, layer];
    this.#record(step, description);
  }

  #used(step: CachedStep, parent: ChainId | undefined): void {
    const { usedSteps } = this.#session;
    const { index } = this.#stage;
    usedSteps.set(index, [...(usedSteps.get(index) ?? []), { step, ...(parent ? { parent } : {}) }]);
  }

  #record(step: CachedStep, description: string): void {
    const created = this.#session.epochSeconds === undefined ? step.createdAt : this.#session.now();
    const { author } = this.#draft;
    const entry = { created, ...(author ? { author } : {}), created_by: description };
    this.#history = [...this.#history, step.layer ? entry : { ...entry, empty_layer: true }];
    this.#created = created;
  }

  #timing(): Pick<StepRequest, "afresh" | "createdAt"> {
    const { request, id } = this.#session;
    const { name, index } = this.#stage;
    const isFiltered = request.noCacheFilter.some((one) => one.toLowerCase() === name || one === String(index));
    return { afresh: request.noCache || isFiltered ? id : undefined, createdAt: () => this.#session.now() };
  }

  /** Arguments, and over them what the image sets. */
  #variables(): Map<string, string> {
    return new Map([...this.#args, ...variablesOf(this.#draft.config.Env)]);
  }

  #place(): StepPlace {
    const { os, architecture } = this.#platform;
    const { config } = this.#draft;
    return { session: this.#session, stage: this.#stage.index, config, layers: this.#layers, os, architecture };
  }

  #parts(): ImageParts {
    const { author, config } = this.#draft;
    return {
      ...this.#platform,
      ...(author ? { author } : {}),
      ...{ config, created: this.#created, history: this.#history, layers: this.#layers },
    };
  }

  /** Of the image as it would be if the stage ended here. */
  #id(): string {
    return shortId(digestOf(configText(this.#parts())));
  }

  #shell(): string {
    return shellOf(this.#draft.config).join(" ");
  }

  #say(text: string): void {
    this.#run.output.text(text);
  }
}
