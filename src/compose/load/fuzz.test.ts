/**
 * Mutates real files and loads them: nothing is thrown, nothing takes long, and every error has a place.
 *
 * The default run is short and always the same. `GANTRY_FUZZ_RUNS` makes it longer, `GANTRY_FUZZ_SEED` another one; a
 * failure tells the seed of its mutant.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { detectProject } from "../init/detect-project.js";
import { startingFile } from "../init/starting-file.js";
import { renderDiagnostics } from "../render-diagnostics.js";
import { loadProject } from "./load-project.js";

const runs = Number(process.env.GANTRY_FUZZ_RUNS ?? 1000);
const firstSeed = Number(process.env.GANTRY_FUZZ_SEED ?? 1);
/** The default run ends then, however slow the machine is. */
const budgetMs = process.env.GANTRY_FUZZ_RUNS === undefined ? 8000 : Number.POSITIVE_INFINITY;
const hangMs = 2000;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-fuzz-"));
  writeFileSync(
    join(folder, "other.yaml"),
    "services: { base: { image: b, extends: { file: compose.yaml, service: web } } }\n",
  );
  writeFileSync(join(folder, "web.env"), "A=1\nB=$A\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("mutants of real files end in a project or in errors with places", { timeout: 24 * 3600 * 1000 }, async () => {
  const sources = realFiles();
  const begin = performance.now();
  for (let seed = firstSeed; seed < firstSeed + runs && performance.now() - begin < budgetMs; seed++) {
    const random = randomOf(seed);
    let text = pick(sources, random);
    for (let times = 1 + Math.floor(random() * 4); times > 0; times--) text = pick(mutations, random)(text, random);
    await check(text, `seed ${seed}`);
  }
});

async function check(text: string, name: string): Promise<void> {
  const file = join(folder, "compose.yaml");
  writeFileSync(file, text);
  const begin = performance.now();
  const load = loadProject({ cwd: folder, files: [file], envFiles: [], profiles: [], env: { HOME: "/h", TAG: "1" } });
  const { project, diagnostics } = await load.catch((error: unknown) => {
    throw new Error(`${name} was thrown`, { cause: error });
  });
  const tookMs = performance.now() - begin;
  expect(tookMs, `${name} took ${tookMs} ms`).toBeLessThan(hangMs);
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  expect(errors.length > 0, `${name}: errors exactly when there is no project`).toBe(project === undefined);
  const placeless = errors.filter(({ source }) => !(source && source.line >= 1 && source.column >= 1));
  expect(placeless, `${name}: an error without a place`).toEqual([]);
  const shown = renderDiagnostics(diagnostics, () => text, { color: false, cwd: folder });
  expect(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/.test(shown), `${name}: a control character is shown`).toBe(false);
}

/** Files of this repository, and one with much of the language. */
function realFiles(): string[] {
  const samples = ["quickstart", "shop"].map((name) =>
    readFileSync(fileURLToPath(new URL(`../../../samples/${name}/compose.yaml`, import.meta.url)), "utf8"),
  );
  const manifest = '{"dependencies":{"pg":"1","mysql2":"1","redis":"1","mongoose":"1","amqplib":"1"}}';
  return [...samples, startingFile(detectProject(new Map([["package.json", manifest]]))), broad];
}

const broad = [
  "name: demo",
  "include: [{ path: other.yaml, project_directory: . }]",
  "x-base: &base { restart: on-failure:3, labels: [a=b], logging: { driver: json-file, options: { max-size: 10m } } }",
  "services:",
  "  web:",
  "    <<: *base",
  "    image: app:${TAG:-${OTHER:?no tag}}",
  "    extends: { file: other.yaml, service: base }",
  '    ports: ["8080-8090:80-90/udp", "127.0.0.1::443", { target: 9, published: "9", mode: host }]',
  "    environment: { A: 1, B: ~, C: $$x }",
  "    env_file: [web.env, { path: no.env, required: false }]",
  "    volumes: [./a:/a:ro, data:/data, { type: tmpfs, target: /t, tmpfs: { size: 1g, mode: 01777 } }]",
  "    networks: { front: { aliases: [x], ipv4_address: 10.9.0.7 }, default: }",
  "    depends_on: { db: { condition: service_healthy, restart: true } }",
  "    healthcheck: { test: [CMD, true], interval: 1m30s, retries: 3 }",
  "    deploy: { replicas: 2, resources: { limits: { cpus: '0.5', memory: 1g } } }",
  "    build: { context: ., args: [A=1], target: x }",
  "    ulimits: { nofile: { soft: 1, hard: 2 }, nproc: 5 }",
  "    develop: { watch: [{ path: ., action: sync, target: /x }] }",
  "    command: sh -c 'echo \"hi\"'",
  "  db: { image: pg, profiles: [], secrets: [{ source: token, mode: 0440 }], configs: [site], stop_grace_period: 5s }",
  "networks: { front: { ipam: { config: [{ subnet: 10.9.0.0/16 }] } } }",
  "volumes: { data: { driver_opts: { type: none } } }",
  "secrets: { token: { environment: HOME } }",
  'configs: { site: { content: "a ${TAG}" } }',
  "",
].join("\n");

type Random = () => number;
type Mutation = (text: string, random: Random) => string;

const fragments = [
  ...[
    "\u0000",
    "\ufeff",
    "\t",
    "\r",
    "\u0085",
    "\u001b[2J",
    "\ud800",
    "💥",
    "\u2028",
    "!reset ",
    "!override ",
    "!!binary ",
  ],
  ...[
    "&a ",
    "*a",
    "<<: *base",
    "<<: [*base, *base]",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "? ",
    ": ",
    "- ",
    "| ",
    ">-\n",
    "# ",
  ],
  ...[
    "9".repeat(400),
    "-1",
    "1e999",
    ".nan",
    ".inf",
    "0x7fffffffffffffff",
    "0o777",
    "99999999999999999999",
    "~",
    "true",
    "''",
  ],
  ...[
    "${",
    "${A",
    "${A:-",
    "${A:-${A:-${A}}}",
    "$",
    "$$",
    "}",
    "]",
    "{",
    "[",
    "[[[[",
    "{{{{",
    '"',
    "'",
    "\\",
    "__proto__: 1",
    "null: 1",
  ],
  ...[
    "services",
    "extends",
    "include: [compose.yaml]",
    "include: compose.yaml",
    "/".repeat(300),
    "..",
    "a:b:c:d:e",
    "1-65535",
  ],
];

const mutations: readonly Mutation[] = [
  (text, random) => splice(text, random, 0, pick(fragments, random)),
  (text, random) => splice(text, random, 1, pick(fragments, random)),
  (text, random) => splice(text, random, Math.floor(random() * 40), ""),
  (text, random) => splice(text, random, 1, String.fromCharCode(Math.floor(random() * 256))),
  (text, random) => changeLine(text, random, () => []),
  (text, random) => changeLine(text, random, (line) => [line, line]),
  (text, random) => changeLine(text, random, (line) => [` ${line}`]),
  (text, random) => changeLine(text, random, (line) => [line.replace(/^ {1,2}/, "")]),
  (text, random) => changeLine(text, random, (line) => [line.replace(/^ +/, "\t")]),
  (text, random) => changeLine(text, random, (line) => [line.replace(/:.*/, `: ${pick(fragments, random)}`)]),
  (text, random) => changeLine(text, random, (line) => [line.replace(/[a-z_]+(?=:)/, pick(keysOf(text), random))]),
  (text, random) => changeLine(text, random, (line) => [line.replace(/[\w./-]+$/, pick(wordsOf(text), random))]),
  (text, random) => changeLine(text, random, (line) => [line, pick(text.split("\n"), random)]),
  (text, random) =>
    splice(text, random, 0, pick(["[", "{a: ", "- ", "&x ", "!a "], random).repeat(Math.floor(random() * 300))),
  (text, random) => text.slice(0, Math.floor(random() * text.length)),
  (text, random) => text + text.slice(Math.floor(random() * text.length)),
  (text) => text.replaceAll("\n", "\r\n"),
];

function splice(text: string, random: Random, remove: number, insert: string): string {
  const at = Math.floor(random() * (text.length + 1));
  return text.slice(0, at) + insert + text.slice(at + remove);
}

function changeLine(text: string, random: Random, change: (line: string) => readonly string[]): string {
  const lines = text.split("\n");
  const at = Math.floor(random() * lines.length);
  return lines.flatMap((line, index) => (index === at ? change(line) : [line])).join("\n");
}

function keysOf(text: string): readonly string[] {
  return text.match(/[a-z_]+(?=:)/g) ?? ["a"];
}

function wordsOf(text: string): readonly string[] {
  return text.match(/[\w./-]+/g) ?? ["a"];
}

function pick<T>(from: readonly T[], random: Random): T {
  const found = from[Math.floor(random() * from.length)];
  if (found === undefined) throw new Error("Nothing to pick from");
  return found;
}

/** Mulberry32: small, even enough, and the same everywhere. */
function randomOf(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
