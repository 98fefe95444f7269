/**
 * Turns the text of one Compose file into trees with places, one per YAML document.
 *
 * Touches nothing, but stands in `load/` because it alone needs the `yaml` package. The text is hostile: size, depth
 * and the number of nodes after alias expansion are bounded, and passing a bound is a diagnostic.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parse,
  Scalar,
  type YAMLMap,
} from "yaml";
import type { SourceLocation } from "../../base/diagnostic.js";
import type { DiagnosticCode } from "../diagnostics/titles.js";
import type { Report } from "../report.js";
import { itemPath, type MapEntry, memberPath, type ScalarTree, type Tree } from "../tree.js";
import { explainSyntax, type Opened } from "./syntax-messages.js";
import { maxDepth, maxDocuments, maxSyntaxErrors, readYamlDocuments } from "./yaml-documents.js";

/** Files written by people have kilobytes; this leaves room for generated ones with contents of configs inline. */
export const maxFileBytes = 16 * 1024 * 1024;
/** Compose's own bound on visits, which also ends alias bombs. */
const maxNodes = 100_000;
/** What YAML allows in a text; the rest must be written as an escape in double quotes. */
const unprintable = /[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** The documents of a file. Problems go to `report`; a document that is not a mapping is left out. */
export function parseYaml(text: string, file: string, report: Report): Tree[] {
  const start = { path: "", at: [{ file, line: 1, column: 1 }] };
  if (text.length > maxFileBytes) {
    report.error(start, "file-too-large", `${file} is larger than ${maxFileBytes / 1024 / 1024} MiB`);
    return [];
  }
  const lines = new LineCounter();
  if (reportUnprintable(text, file, report)) return [];
  const read = readYamlDocuments(text, lines);
  if (read.kind !== "documents") {
    const { line, col } = lines.linePos(read.offset);
    const [code, message] = boundMessages[read.kind];
    report.error({ path: "", at: [{ file, line: Math.max(1, line), column: Math.max(1, col) }] }, code, message);
    return [];
  }
  return read.documents.flatMap((document) => {
    const reader = new Reader(file, lines, report);
    reader.takeErrors(document, read);
    return document.errors.length > 0 ? [] : (reader.read(document) ?? []);
  });
}

const boundMessages = {
  "too-deep": ["nesting-too-deep", `Nested deeper than ${maxDepth} levels`],
  "too-many-tokens": ["too-many-nodes", `More than ${maxNodes} values`],
  "too-many-documents": ["too-many-nodes", `More than ${maxDocuments} documents in one file`],
} as const;

/** Reports the first character that YAML forbids; also what a binary file has soon. */
function reportUnprintable(text: string, file: string, report: Report): boolean {
  const found = unprintable.exec(text);
  if (!found) return false;
  const before = text.slice(0, found.index).split(/\r?\n/);
  const place = { path: "", at: [{ file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }] };
  const name = `U+${(found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
  report.error(place, "bad-encoding", `The control character ${name} cannot stand in a YAML file`, {
    expected: "a text in UTF-8",
    hint:
      name === "U+0000"
        ? "Save the file as UTF-8: it looks like UTF-16 or no text at all"
        : `Remove it, or write it as "\\${escapeOf(found[0])}" in double quotes`,
  });
  return true;
}

function escapeOf(character: string): string {
  return `x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, "0")}`;
}

/** Reads one document's nodes; anchors are kept by name in document order, as YAML resolves them. */
class Reader {
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<Node>();
  #nodes = 0;
  #stopped = false;
  private readonly file: string;
  private readonly lines: LineCounter;
  private readonly report: Report;

  constructor(file: string, lines: LineCounter, report: Report) {
    this.file = file;
    this.lines = lines;
    this.report = report;
  }

  takeErrors(document: Document.Parsed, opened: Opened): void {
    // The library reports its own exhausted stack as an error of the text, and then what it left unread.
    const exhausted = document.errors.find(({ message }) => message.includes("call stack"));
    if (exhausted) {
      const place = { path: "", at: [this.locate(exhausted.pos[0])] };
      this.report.error(place, "nesting-too-deep", `Nested deeper than ${maxDepth} levels`);
      return;
    }
    const lines = new Set<number>();
    for (const { code, message, pos } of document.errors.slice(0, maxSyntaxErrors)) {
      const { text, hint, begin } = explainSyntax(code, message, opened);
      const at = this.locate(begin ?? pos[0]);
      if (lines.has(at.line)) continue; // the second problem of a line is the first one's echo
      lines.add(at.line);
      this.report.error({ path: "", at: [at] }, "yaml-syntax", text, { hint });
    }
  }

  read(document: Document.Parsed): Tree | undefined {
    if (!document.contents) return undefined;
    const at = this.placeOf(document.contents);
    const tree = this.convert(document.contents, "", at, 0);
    return this.#stopped || (tree.kind === "scalar" && tree.value === null) ? undefined : tree;
  }

  private convert(node: Node | null, path: string, at: SourceLocation, depth: number): Tree {
    this.#nodes += 1;
    if (this.#nodes > maxNodes) this.stop(at, path, "too-many-nodes", `More than ${maxNodes} values after expansion`);
    if (depth > maxDepth) this.stop(at, path, "nesting-too-deep", `Nested deeper than ${maxDepth} levels`);
    if (!node || this.#stopped) return { kind: "scalar", value: null, text: "", path, at: [at] };
    if (isAlias(node)) return this.convertAlias(node.source, path, at, depth);
    if ("anchor" in node && typeof node.anchor === "string") this.#anchors.set(node.anchor, node);
    if (isScalar(node)) {
      this.checkEscapes(node, path, at);
      return scalarTree(node, path, at);
    }
    const common = { path, at: [at], ...tagOf(node) };
    this.#open.add(node);
    try {
      if (isSeq(node)) {
        const items = node.items.map((item, index) => {
          const value = item as Node | null; // a sequence parsed from text holds nodes only
          return this.convert(value, itemPath(path, index), this.placeOf(value, at), depth + 1);
        });
        return { kind: "list", items, ...common };
      }
      return isMap(node)
        ? { kind: "map", entries: this.entriesOf(node, path, depth), ...common }
        : { kind: "scalar", value: null, text: "", ...common };
    } finally {
      this.#open.delete(node);
    }
  }

  private convertAlias(anchor: string, path: string, at: SourceLocation, depth: number): Tree {
    const target = this.#anchors.get(anchor);
    if (target && !this.#open.has(target)) return this.convert(target, path, at, depth);
    this.stop(at, path, "yaml-syntax", target ? `Alias *${anchor} contains itself` : `Alias *${anchor} has no anchor`);
    return { kind: "scalar", value: null, text: "", path, at: [at] };
  }

  /** A mapping's members. `<<` gives those that the mapping does not write itself; the first merged one wins. */
  private entriesOf(node: YAMLMap, path: string, depth: number): Map<string, MapEntry> {
    const merged = new Map<string, MapEntry>();
    const own = new Map<string, MapEntry>();
    for (const pair of node.items as Pair<Node | null, Node | null>[]) {
      if (this.#stopped) break;
      const keyAt = this.placeOf(pair.key);
      const key = this.keyOf(pair.key, path, keyAt);
      if (key === undefined) continue;
      if (key === "<<" && isScalar(pair.key) && pair.key.type === "PLAIN") {
        for (const [name, entry] of this.mergedEntries(pair.value, path, keyAt, depth)) {
          if (!merged.has(name)) merged.set(name, entry);
        }
        continue;
      }
      const first = own.get(key);
      if (first) {
        const message = `"${key}" stands twice in the same mapping, first in line ${first.keyAt.line}`;
        const place = { path: memberPath(path, key), at: [keyAt] };
        this.report.error(place, "duplicate-key", message, { hint: "Keep one of the two" });
      }
      const value = this.convert(pair.value, memberPath(path, key), this.valuePlace(pair.value, keyAt), depth + 1);
      own.set(key, { keyAt, value });
    }
    for (const [key, entry] of own) merged.set(key, entry);
    return merged;
  }

  private mergedEntries(node: Node | null, path: string, at: SourceLocation, depth: number): Array<[string, MapEntry]> {
    const tree = this.convert(node, path, at, depth + 1);
    if (tree.kind === "map") return [...tree.entries];
    if (tree.kind !== "list") return [];
    return tree.items.flatMap((item, index) => {
      if (item.kind !== "map") return [];
      // An item of `<<: [*a, *b]` was read at `path[0]`; its members belong to `path` itself.
      const strip = itemPath(path, index).length;
      return [...item.entries].map(([key, entry]): [string, MapEntry] => [
        key,
        { ...entry, value: repath(entry.value, strip, path) },
      ]);
    });
  }

  /** Half of a character of two escapes is none: no text in UTF-8 can hold it. */
  private checkEscapes(node: Scalar, path: string, at: SourceLocation): void {
    const half = node.type === Scalar.QUOTE_DOUBLE ? /\p{Surrogate}/u.exec(String(node.value))?.[0] : undefined;
    if (half === undefined) return;
    const name = `\\u${half.charCodeAt(0).toString(16)}`;
    this.report.error({ path, at: [at] }, "yaml-syntax", `The escape ${name} stands for no character`, {
      expected: "both halves, such as \\ud83d\\ude00, or the whole: \\U0001f600",
    });
  }

  private keyOf(node: Node | null, path: string, at: SourceLocation): string | undefined {
    if (isScalar(node)) this.checkEscapes(node, path, at);
    if (isScalar(node) && (typeof node.value === "string" || node.source === "<<"))
      return node.source ?? String(node.value);
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      if (isScalar(target)) return String(target.value);
    }
    const hint = isScalar(node) && node.source ? `Write it in quotes: "${node.source}"` : undefined;
    this.report.error({ path, at: [at] }, "wrong-type", "A key must be a string", { hint });
    return undefined;
  }

  private stop(at: SourceLocation, path: string, code: DiagnosticCode, message: string): void {
    if (!this.#stopped) this.report.error({ path, at: [at] }, code, message);
    this.#stopped = true;
  }

  private placeOf(node: Node | null, otherwise?: SourceLocation): SourceLocation {
    return node?.range ? this.locate(node.range[0]) : (otherwise ?? { file: this.file, line: 1, column: 1 });
  }

  /** Scalars and flow collections are where they begin; a block or an empty value is shown at its key. */
  private valuePlace(node: Node | null, keyAt: SourceLocation): SourceLocation {
    if (!node || (isScalar(node) && node.value === null && !node.source)) return keyAt;
    return (isMap(node) || isSeq(node)) && !node.flow ? keyAt : this.placeOf(node, keyAt);
  }

  private locate(offset: number): SourceLocation {
    const { line, col } = this.lines.linePos(offset);
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col) };
  }
}

function repath(node: Tree, strip: number, path: string): Tree {
  const moved = { ...node, path: path + node.path.slice(strip) };
  if (moved.kind === "list") return { ...moved, items: moved.items.map((item) => repath(item, strip, path)) };
  if (moved.kind === "scalar") return moved;
  const entries = [...moved.entries].map(([key, entry]): [string, MapEntry] => [
    key,
    { ...entry, value: repath(entry.value, strip, path) },
  ]);
  return { ...moved, entries: new Map(entries) };
}

function scalarTree(node: Scalar, path: string, at: SourceLocation): ScalarTree {
  const tag = tagOf(node);
  const text = node.source ?? String(node.value ?? "");
  // A tag of its own makes the library read any scalar as a string.
  const value = tag.tag && node.type === Scalar.PLAIN ? parse(text) : node.value;
  const number = typeof value === "string" && node.type === Scalar.PLAIN ? yaml11Number(text) : undefined;
  return { kind: "scalar", value: number ?? plainValue(value, text), text, path, at: [at], ...tag };
}

function tagOf({ tag }: { tag?: string | undefined }): Pick<Tree, "tag"> {
  return tag === "!reset" ? { tag: "reset" } : tag === "!override" ? { tag: "override" } : {};
}

/** Compose reads `0440` as octal, as YAML 1.1 did; this library follows YAML 1.2 and would read 440. */
function plainValue(value: unknown, text: string): ScalarTree["value"] {
  if (typeof value === "number" && /^[-+]?0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "string") return value;
  return value === null || value === undefined ? null : String(value);
}

/** Numbers that only YAML 1.1 writes, as Compose reads them: `1_000`, `0b11`, `0X1F`. */
function yaml11Number(text: string): number | undefined {
  if (!/^[-+]?\d/.test(text) || !/_|^[-+]?0[bBOX]/.test(text)) return undefined;
  const [, sign = "", bare = ""] = /^([-+]?)(.*)$/.exec(text.replaceAll("_", "").toLowerCase()) ?? [];
  const isNumber = /^(0b[01]+|0o?[0-7]+|0x[\da-f]+|[1-9]\d*|0)$/.test(bare) || /^\d+\.\d*(e[-+]?\d+)?$/.test(bare);
  if (!isNumber) return undefined;
  const value = Number(/^0[0-7]+$/.test(bare) ? `0o${bare.slice(1)}` : bare);
  return sign === "-" ? -value : value;
}
