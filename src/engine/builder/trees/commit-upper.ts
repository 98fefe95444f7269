/** Turns a writable layer into the archive of a layer, and makes its tree equal to it. Touches the world. */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { setTimes, syncFileSystem } from "../../kernel/mount.js";
import { endOfArchive } from "../../layers/trees/tar-encode.js";
import { packDiff, planDiff, type UpperEntry } from "../../layers/trees/upper-changes.js";
import type { CommitJob, CommitResult } from "./build-job.js";

/** Headers and small files are written together. */
const batchBytes = 512 * 1024;

/** The archive and the tree are on disk when it returns; without changes neither matters. */
export function commitUpper({ upper, lower, archive, epochSeconds, stubs }: CommitJob): CommitResult {
  for (const stub of stubs) removeStub(upper, lower, stub);
  const base = Buffer.from(upper).toString("latin1");
  const bytes = lower.map((path) => Buffer.from(path).toString("latin1"));
  const plan = planDiff(base, bytes);
  if (epochSeconds !== undefined) clampTimes(base, plan, epochSeconds);
  removeOthers(base, "", new Set(plan.map(({ path }) => path)));
  const packed = writeArchive(archive, packDiff(plan, base));
  syncTree(upper);
  const sizeBytes = plan.reduce(
    (sum, { kind, stat }) => sum + (kind !== "deleted" && stat.isFile() ? Number(stat.size) : 0),
    0,
  );
  return { isEmpty: plan.length === 0, ...packed, sizeBytes };
}

/** What was made to mount on it goes when nobody has put anything there, and the directory copied up for it too. */
function removeStub(upper: string, lower: readonly string[], stub: string): void {
  const path = `${upper}/${stub}`;
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  if (!stat || lower.some((tree) => fs.lstatSync(`${tree}/${stub}`, { throwIfNoEntry: false }))) return;
  if (stat.isDirectory() ? fs.readdirSync(path).length > 0 : stat.size > 0) return;
  fs.rmSync(path, { recursive: true });
  const parent = stub.includes("/") ? stub.slice(0, stub.lastIndexOf("/")) : "";
  if (parent === "") return;
  const above = fs.lstatSync(`${upper}/${parent}`);
  const below = lower.map((tree) => fs.lstatSync(`${tree}/${parent}`, { throwIfNoEntry: false })).find(Boolean);
  const isCopy =
    below?.isDirectory() && below.mode === above.mode && below.uid === above.uid && below.gid === above.gid;
  if (isCopy && fs.readdirSync(`${upper}/${parent}`).length === 0) fs.rmdirSync(`${upper}/${parent}`);
}

/** Mount points of the runtime are in the tree and not in the archive. */
function removeOthers(upper: string, path: string, kept: ReadonlySet<string>): void {
  for (const name of fs.readdirSync(raw(`${upper}${path === "" ? "" : `/${path}`}`), { encoding: "latin1" })) {
    const inner = path === "" ? name : `${path}/${name}`;
    const place = raw(`${upper}/${inner}`);
    const isDirectory = fs.lstatSync(place).isDirectory();
    if (!kept.has(inner)) fs.rmSync(place, { recursive: true });
    else if (isDirectory) removeOthers(upper, inner, kept);
  }
}

function clampTimes(upper: string, plan: readonly UpperEntry[], epochSeconds: number): void {
  const latest = BigInt(epochSeconds) * 1_000_000_000n;
  for (const [at, entry] of plan.entries()) {
    if (entry.kind === "deleted" || entry.stat.mtimeNs <= latest) continue;
    const place = raw(`${upper}/${entry.path}`);
    setTimes(place, latest, latest);
    (plan as UpperEntry[])[at] = { ...entry, stat: fs.lstatSync(place, { bigint: true }) };
  }
}

function writeArchive(
  path: string,
  pieces: Iterable<Buffer>,
): { diffId: CommitResult["diffId"]; archiveBytes: number } {
  const hash = createHash("sha256");
  const fd = fs.openSync(path, "wx", 0o600);
  let archiveBytes = 0;
  let batch: Buffer[] = [];
  let batched = 0;
  const flush = () => {
    const bytes = Buffer.concat(batch);
    hash.update(bytes);
    for (let at = 0; at < bytes.length; ) at += fs.writeSync(fd, bytes, at);
    archiveBytes += bytes.length;
    batch = [];
    batched = 0;
  };
  try {
    for (const piece of pieces) {
      batch.push(piece);
      batched += piece.length;
      if (batched >= batchBytes) flush();
    }
    batch.push(endOfArchive);
    flush();
  } finally {
    fs.closeSync(fd);
  }
  return { diffId: `sha256:${hash.digest("hex")}`, archiveBytes };
}

/** A layer's record must never outlive its content. */
function syncTree(path: string): void {
  const fd = fs.openSync(path, "r");
  try {
    syncFileSystem(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function raw(path: string): Buffer {
  return Buffer.from(path, "latin1");
}
