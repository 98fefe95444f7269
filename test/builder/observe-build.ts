/**
 * Builds a case on an engine and tells what came out as text: configuration, history, and how the tree differs from
 * the base's. Times and names of layers are left out, so that two engines can be compared.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { extract, pack } from "tar-stream";
import type { EngineClient } from "../../src/client/engine-client.js";
import type { BuildCase, CaseFile } from "./cases.js";

/** Path → what is there. */
export type Tree = ReadonlyMap<string, string>;

/** The image `busybox`, which cases are based on. */
export interface Base {
  readonly tree: Tree;
  readonly steps: number;
  readonly layer: string | undefined;
}

export async function observeBase(client: EngineClient): Promise<Base> {
  const steps = (await client.upkeep.imageHistory("busybox")).length;
  const [layer] = (await client.images.inspect("busybox")).RootFS.Layers;
  return { tree: await treeOf(client, "busybox"), steps, layer };
}

/** `base` is of the same engine. */
export async function observeBuild(client: EngineClient, one: BuildCase, base: Base): Promise<string> {
  const tag = `case-${createHash("sha256").update(one.name).digest("hex").slice(0, 16)}`;
  const context = { tar: Readable.from([await contextOf(one)]) };
  const { args = {}, labels = {}, target } = one;
  const plain = { noCache: false, pull: false, ulimits: [], extraHosts: [], dockerfile: "Dockerfile" };
  try {
    const asked = { ...plain, context, tags: [tag], args, labels, ...(target ? { target } : {}) };
    for await (const _message of client.builds.build(asked)) {
    }
  } catch {
    return "fails\n";
  }
  const { Config, RootFS, Author } = await client.images.inspect(tag);
  const history = await client.upkeep.imageHistory(tag);
  const isOnBase = RootFS.Layers[0] === base.layer;
  const own = history.slice(0, isOnBase ? history.length - base.steps : undefined).reverse();
  const before = isOnBase ? base.tree : new Map<string, string>();
  const after = await treeOf(client, tag);
  await client.images.remove(tag, { force: true });
  const lines = [
    ...configLines({ ...Config, Author }),
    `layers ${RootFS.Layers.length}`,
    ...own.map(({ CreatedBy }) => `history ${JSON.stringify(CreatedBy.replace(/:[0-9a-f]{64}\b/g, ":HASH"))}`),
    ...differences(before, after),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** Everything in the image, as a container of it would export it. */
async function treeOf(client: EngineClient, image: string): Promise<Tree> {
  const { Id } = await client.containers.create(undefined, { Image: image, Cmd: ["x"], Entrypoint: [] });
  try {
    const tree = new Map<string, string>();
    const tar = extract();
    tar.on("entry", (header, stream, next) => {
      const hash = createHash("sha256");
      stream.on("data", (chunk) => hash.update(chunk as Buffer));
      stream.on("end", () => {
        const { name, type, mode = 0, uid, gid, size = 0, linkname, pax } = header;
        const content = type === "file" ? ` ${size} ${hash.digest("hex").slice(0, 12)}` : "";
        const link = linkname ? ` -> ${linkname}` : "";
        const attributes = Object.keys(pax ?? {}).filter((key) => key.startsWith("SCHILY.xattr."));
        const words = [type, (mode & 0o7777).toString(8), `${uid}:${gid}`, ...attributes].join(" ");
        tree.set(name.replace(/^\.?\//, "").replace(/\/$/, ""), `${words}${link}${content}`);
        next();
      });
    });
    const done = once(tar, "finish");
    Readable.from(await client.upkeep.exportContainer(Id)).pipe(tar);
    await done;
    return new Map([...tree].filter(([path, entry]) => !isEngines(path) && !isMountHome(path, entry)));
  } finally {
    await client.containers.remove(Id, { force: true, volumes: true });
  }
}

/** What engines make in every container. */
function isEngines(path: string): boolean {
  return /^(|dev(\/.*)?|proc|sys|\.dockerenv|etc\/(hosts|hostname|resolv\.conf|mtab))$/.test(path);
}

/** Where an engine puts its own files when an image has no such directory. */
function isMountHome(path: string, entry: string): boolean {
  return path === "etc" && entry === "directory 755 0:0";
}

function configLines(config: object): string[] {
  const fields = ["Author", "Cmd", "Entrypoint", "Env", "ExposedPorts", "Healthcheck", "Labels", "OnBuild"];
  const all: Record<string, unknown> = { ...config };
  return [...fields, "Shell", "StopSignal", "User", "Volumes", "WorkingDir"].flatMap((name) => {
    const value = all[name];
    const isEmpty = value === undefined || value === null || value === "" || JSON.stringify(value).length === 2;
    return isEmpty ? [] : [`${name} ${JSON.stringify(sorted(value))}`];
  });
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function differences(before: Tree, after: Tree): string[] {
  const changed = [...after].filter(([path, entry]) => before.get(path) !== entry);
  const gone = [...before.keys()].filter((path) => !after.has(path));
  return [...changed.map(([path, entry]) => `/${path} ${entry}`), ...gone.map((path) => `/${path} gone`)].sort();
}

/** The Dockerfile and the files, as a client sends them. */
async function contextOf({ dockerfile, files = {} }: BuildCase): Promise<Buffer> {
  const ignored = typeof files[".dockerignore"] === "string" ? files[".dockerignore"].split("\n") : [];
  const tar = pack();
  const mtime = new Date("2024-01-02T03:04:05Z");
  tar.entry({ name: "Dockerfile", mtime }, dockerfile);
  for (const [path, written] of Object.entries(files)) {
    if (ignored.some((line) => line !== "" && (path.startsWith(line) || (line === "*.md" && path.endsWith(".md")))))
      continue;
    const file: CaseFile = typeof written === "string" ? { content: written } : written;
    const { mode, link, content = "" } = file;
    if (path.endsWith("/")) tar.entry({ name: path, type: "directory", mode: mode ?? 0o755, mtime });
    else if (link !== undefined) tar.entry({ name: path, type: "symlink", linkname: link, mtime });
    else tar.entry({ name: path, mode: mode ?? 0o644, mtime }, await special(content));
  }
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Archives among the files of a case. */
async function special(content: string): Promise<string | Buffer> {
  if (content === "GZ") return gzipSync("no archive");
  if (content !== "TAR" && content !== "TGZ") return content;
  const tar = pack();
  const mtime = new Date("2024-01-02T03:04:05Z");
  tar.entry({ name: "in/", type: "directory", mode: 0o711, mtime });
  tar.entry({ name: "in/file", mode: 0o604, uid: 11, gid: 12, mtime }, "packed\n");
  tar.entry({ name: "in/link", type: "symlink", linkname: "file", mtime });
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return content === "TGZ" ? gzipSync(Buffer.concat(chunks)) : Buffer.concat(chunks);
}
