/**
 * Tells what builds read now, and what the images that are here were built from.
 *
 * Touches this host: reads contexts and Dockerfiles, and the tool's own records. Arguments of builds are digested with
 * the user's key, as they may be secrets.
 */
import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import { isGantryError } from "../../base/errors.js";
import type { Project, Service } from "../../compose/project.js";
import { planMoved } from "../../plan/bound/moved.js";
import {
  type BuildSources,
  changedSources,
  digestSection,
  directoriesOf,
  type SourceTree,
  sectionOf,
} from "../../plan/build/build-sources.js";
import { type ImageBuild, imageBuildOf } from "../../plan/build/image-build.js";
import type { ObservedBuild, ObservedState } from "../../plan/observed.js";
import { imageNameOf } from "../../plan/service/names.js";
import { readSecretKey } from "../secret-key.js";
import { BuildRecords } from "./build-records.js";
import { TreeReader } from "./tree-reader.js";

const digestChars = 32;
/** The id of an image that a build takes files from. */
const imageField = /^additional_contexts\..*\.image$/;

export interface BuildLook {
  readonly nowMs: number;
  readonly signal?: AbortSignal;
  /** Files, by their absolute paths, that count as not there: a plan file that stands in the context it is bound to. */
  readonly without?: readonly string[];
  /** Where the tool keeps what it knows. */
  readonly directory: string;
  readonly secretKey?: () => Promise<Buffer | undefined>;
}

/**
 * By service. Without `all`, only of those of which is known what their image was built from. Compose files count as
 * not there: a plan reads them by itself, and a change of them should cost no more than what it says.
 */
export async function observeBuilds(
  project: Project,
  images: ObservedState["images"],
  look: BuildLook & { readonly all?: boolean },
): Promise<ReadonlyMap<string, ObservedBuild>> {
  const builds = [...project.services.values()].flatMap((service) => {
    const build = buildOf(project, service);
    return build ? [{ service: service.name, build }] : [];
  });
  if (builds.length === 0) return new Map();
  const without = [...(look.without ?? []), ...composeFilesOf(project)];
  const reader = await SourceReader.open({ ...look, without }, async (name) => images.get(name)?.Id);
  const found = await Promise.all(
    builds.map(async ({ service, build }): Promise<Array<[string, ObservedBuild]>> => {
      const { image: name } = build;
      const id = images.get(name)?.Id;
      const known = id === undefined ? undefined : recordsOf(look).find({ image: name, id });
      const before = known && withoutFiles(known, build, without);
      if (!before && !look.all) return [];
      const now = await reader?.read(build);
      return [[service, { ...(before ? { before } : {}), ...(now ? { now } : {}) }]];
    }),
  );
  await reader?.save();
  return new Map(found.flat());
}

/**
 * Called before a build; what it returns is called with the id of the image that came out. Throws "plan-moved" when the
 * build would read something else than `bound` says, which somebody has looked at.
 */
export async function rememberBuild(
  build: ImageBuild,
  { bound, ...look }: BuildLook & { readonly bound?: BoundBuilds },
  imageId: (name: string) => Promise<string | undefined>,
): Promise<(id: string) => Promise<void>> {
  const reader = await SourceReader.open(look, imageId);
  // Read before the build: what changes while it runs is a change for the next plan.
  const sources = await reader?.read(build);
  await reader?.save();
  const expected = bound?.get(build.image);
  if (expected && sources) {
    const now = withoutFiles(sources, build, expected.without);
    // Images that it takes files from are built before it, and foreseen to be others.
    const changes = changedSources(withoutImages(expected.sources), withoutImages(now));
    if (changes.length > 0)
      throw planMoved(`What ${build.image} is built from has changed since the plan was looked at`, changes);
  }
  return async (id) => {
    if (sources) await recordsOf(look).keep({ image: build.image, id }, sources);
  };
}

/** By the name of the image, what its build was seen to read, and which files were left out then. */
export type BoundBuilds = ReadonlyMap<string, { readonly sources: BuildSources; readonly without: readonly string[] }>;

/** So that builds read what `observed` has seen. `without` is what was left out when that was taken. */
export function boundBuildsOf(
  project: Project,
  { builds }: Pick<ObservedState, "builds">,
  without: readonly string[],
): BoundBuilds {
  const entries = [...(builds ?? [])].flatMap(([name, { now }]) => {
    const service = project.services.get(name);
    const left = [...without, ...composeFilesOf(project)];
    return service && now ? [[imageNameOf(project.name, service), { sources: now, without: left }] as const] : [];
  });
  return new Map(entries);
}

/** With all that they include and extend. */
function composeFilesOf({ configFiles, sources }: Project): string[] {
  const places = [...sources.values()].flat().map(({ file }) => file);
  return [...new Set([...configFiles, ...places.filter((file) => /\.ya?ml$/.test(file))])];
}

function withoutFiles(sources: BuildSources, build: ImageBuild, paths: readonly string[]): BuildSources {
  const directories = directoriesOf(build);
  const trees = Object.entries(sources.trees).map(([name, tree]): [string, SourceTree] => {
    const left = new Set(paths.map((path) => relative(directories[name] ?? "/", path)));
    if (![...left].some((path) => path in tree.files)) return [name, tree];
    return [
      name,
      { ...tree, files: Object.fromEntries(Object.entries(tree.files).filter(([path]) => !left.has(path))) },
    ];
  });
  return { ...sources, trees: Object.fromEntries(trees) };
}

function withoutImages({ fields, trees }: BuildSources): BuildSources {
  return { fields: Object.fromEntries(Object.entries(fields).filter(([name]) => !imageField.test(name))), trees };
}

function recordsOf({ directory }: BuildLook): BuildRecords {
  return new BuildRecords(directory);
}

/** Undefined of a build that is refused: its plan says why. */
function buildOf(project: Project, service: Service): ImageBuild | undefined {
  try {
    return service.build ? imageBuildOf(project, service, { version: "" }) : undefined;
  } catch (error) {
    if (isGantryError(error)) return undefined;
    throw error;
  }
}

class SourceReader {
  readonly #key: Buffer;
  readonly #trees: TreeReader;
  readonly #imageId: (name: string) => Promise<string | undefined>;

  private constructor(key: Buffer, trees: TreeReader, imageId: (name: string) => Promise<string | undefined>) {
    this.#key = key;
    this.#trees = trees;
    this.#imageId = imageId;
  }

  /** Undefined without a key, by which arguments are digested. */
  static async open(
    { directory, nowMs, signal, without, secretKey = readSecretKey }: BuildLook,
    imageId: (name: string) => Promise<string | undefined>,
  ): Promise<SourceReader | undefined> {
    const key = await secretKey();
    const more = { ...(signal ? { signal } : {}), ...(without === undefined ? {} : { without }) };
    const trees = new TreeReader({ stateDirectory: directory, nowMs, ...more });
    return key && new SourceReader(key, trees, imageId);
  }

  /** Undefined where something of it cannot be read, or is too big to be looked through before each plan. */
  async read(build: ImageBuild): Promise<BuildSources | undefined> {
    const dockerfile = await dockerfileOf(build);
    if (!dockerfile) return undefined;
    const trees: Record<string, SourceTree> = {};
    for (const [name, directory] of Object.entries(directoriesOf(build))) {
      const tree = await this.#trees.tree(directory, name === "context" ? dockerfile.path : "Dockerfile");
      if (!tree) return undefined;
      trees[name] = tree;
    }
    const section = { ...sectionOf(build), ...dockerfile.section, ...(await this.#imagesOf(build)) };
    return { fields: digestSection(section, (text) => this.#digest(text)), trees };
  }

  save(): Promise<void> {
    return this.#trees.save();
  }

  /** Which images the build takes files from: another one of the name is something else. */
  async #imagesOf({ contexts }: ImageBuild): Promise<Record<string, string | undefined>> {
    const entries = await Promise.all(
      Object.entries(contexts).map(async ([name, place]) => {
        const [, image] = /^docker-image:\/\/(.*)$/.exec(place) ?? [];
        return [`additional_contexts.${name}.image`, image === undefined ? undefined : await this.#imageId(image)];
      }),
    );
    return Object.fromEntries(entries);
  }

  #digest(text: string): string {
    return createHmac("sha256", this.#key).update(text).digest("hex").slice(0, digestChars);
  }
}

/**
 * One in the context is a file of it; any other counts by its text. Undefined where it cannot be read. `path` is where
 * an ignore file of its own would be.
 */
async function dockerfileOf(
  build: ImageBuild,
): Promise<{ readonly section: Readonly<Record<string, string>>; readonly path: string } | undefined> {
  const { context, dockerfile, dockerfileText } = build;
  if (dockerfileText !== undefined) return { section: { dockerfile_inline: dockerfileText }, path: "Dockerfile" };
  if (!isAbsolute(context)) return { section: { dockerfile }, path: dockerfile };
  const inside = relative(context, isAbsolute(dockerfile) ? dockerfile : join(context, dockerfile));
  if (!inside.startsWith("..")) return { section: { dockerfile: inside }, path: inside };
  const text = await readFile(join(context, inside), "utf8").catch(() => undefined);
  return text === undefined ? undefined : { section: { Dockerfile: text }, path: ".dockerfile.outside" };
}
