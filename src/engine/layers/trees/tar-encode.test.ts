import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import type { TarEntry } from "../archive/tar-header.js";
import { TarReader } from "../archive/tar-reader.js";
import { encodeEntry, endOfArchive, paddingOf } from "./tar-encode.js";

const plain: TarEntry = {
  ...{ type: "file", name: "a", linkName: "", mode: 0o644, uid: 0, gid: 0, sizeBytes: 0, modifiedNanos: 0n },
  device: { major: 0, minor: 0 },
  xattrs: new Map(),
};

it("writes what the reader reads: long names, large ids, attributes, devices, links", () => {
  const entries: TarEntry[] = [
    { ...plain, type: "directory", name: "d/", mode: 0o1777, modifiedNanos: 1_700_000_000_000_000_000n },
    { ...plain, name: `${"x".repeat(60)}/${"y".repeat(90)}`, uid: 2 ** 31, gid: 5 },
    { ...plain, name: "z".repeat(300), xattrs: new Map([["security.capability", Buffer.from([1, 0, 255])]]) },
    { ...plain, type: "symlink", name: "l", linkName: "t".repeat(200) },
    { ...plain, type: "character", name: "null", device: { major: 1, minor: 3 } },
    { ...plain, name: "old", modifiedNanos: -5_000_000_000n },
  ];
  const read: TarEntry[] = [];
  const reader = new TarReader({ entry: (entry) => read.push(entry), data: () => {}, entryEnd: () => {} });
  for (const entry of entries) reader.push(encodeEntry(entry));
  reader.push(endOfArchive);
  reader.end();
  expect(read).toEqual(entries);
});

it("writes archives that tar lists", () => {
  const content = Buffer.from("hello");
  const entry = { ...plain, name: "n".repeat(150), sizeBytes: content.length };
  const archive = Buffer.concat([encodeEntry(entry), content, paddingOf(content.length), endOfArchive]);
  expect(execFileSync("tar", ["-t"], { input: archive, encoding: "utf8" })).toBe(`${entry.name}\n`);
});
