/**
 * A property of any project: each leaf of what `config` prints is explained, and the last link of its chain gives its
 * value; or the explanation says of what it is a default or from what it follows.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { aModel } from "../canonical/any-model.fixture.js";
import { projectToConfig } from "../canonical/project-to-config.js";
import { type LoadRequest, loadProject } from "../load/load-project.js";
import { printYaml } from "../load/print-yaml.js";
import { parseBytes, parseDuration } from "../normalize/units.js";
import type { Project } from "../project.js";
import { type Explanation, explain } from "./explain.js";
import { type Key, printKeys } from "./find-keys.js";
import { explanationToJson, printExplanation } from "./print-explanation.js";

vi.setConfig({ testTimeout: 60_000 });
let root: string;
beforeEach(() => {
  root = join(mkdtempSync(join(tmpdir(), "gantry-explain-")), "demo");
  mkdirSync(root);
});
afterEach(() => rmSync(dirname(root), { recursive: true, force: true }));

async function load(files: Record<string, string>, request: Partial<LoadRequest> = {}): Promise<Project> {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  const plain = { cwd: root, files: [], envFiles: [], profiles: [], env: {}, keepsTexts: true };
  const { project, diagnostics } = await loadProject({ ...plain, leaveOut: { files: true }, ...request });
  if (!project) throw new Error(JSON.stringify(diagnostics));
  return project;
}

/** What is wrong with the explanations of the leaves; empty for a project that explains itself. */
function unexplained(project: Project, { checksTexts = true } = {}): string[] {
  const config = projectToConfig(project, { rawDollars: true });
  return leavesOf(config).flatMap(([keys, leaf]) => {
    const path = printKeys(keys);
    const found = explain(project, path, config);
    const problem = found ? problemOf(found, keys, leaf, checksTexts) : "is not explained";
    return problem ? [`${path} (${JSON.stringify(leaf)}) ${problem}: ${JSON.stringify(found)}`] : [];
  });
}

function problemOf(found: Explanation, keys: readonly Key[], leaf: unknown, checksTexts: boolean): string | undefined {
  if (JSON.stringify(found.value) !== JSON.stringify(leaf)) return "has another value";
  const { kind, note = "" } = found.origin;
  const last = found.writings.at(-1);
  if (kind === "default") return note.startsWith("default of the specification") ? undefined : "names no default";
  if (kind === "derived") return note.startsWith("derived from the values around") ? "was not written" : undefined;
  if (!last) return "has no place";
  if (kind === "environment") return last.variables.length > 0 ? undefined : "names no variable";
  const lines = readFileSync(last.source.file, "utf8").split("\n");
  if (lines[last.source.line - 1] === undefined) return "stands where no line is";
  // An empty collection stands at its key.
  if (!checksTexts || (typeof leaf === "object" && leaf !== null)) return undefined;
  if (leaf === null)
    return /^(null|~|)$/.test(last.text ?? "") || last.text === keys.at(-1) ? undefined : "is not null";
  const isGiven = gives(last.text ?? "", leaf, keys) || (kind === "short-form" && contains(last.text ?? "", leaf));
  return isGiven ? undefined : "is not what stands there";
}

/** True when the text becomes the leaf by a rule of the specification: a unit, a path, an item, a word of it. */
function gives(text: string, leaf: unknown, keys: readonly Key[]): boolean {
  const want = String(leaf ?? "");
  const flags: Record<string, string> = { true: "true|yes|on|1|ro", false: "false|no|off|0|rw" };
  const value = text.startsWith(`${keys.at(-1)}=`) ? text.slice(String(keys.at(-1)).length + 1) : text;
  if (value === want || text === want || (want === "" && text === keys.at(-1))) return true;
  if (typeof leaf === "boolean") return new RegExp(`\\b(${flags[want]})\\b`).test(text);
  if (parseBytes(text)?.toString() === want) return true;
  if (/\ds$/.test(want) && parseDuration(text) === parseDuration(want)) return true;
  if (/^0[0-7]+$/.test(want)) return Number.parseInt(want, 8) === Number.parseInt(text.replace("0o", ""), 8);
  if (keys.at(-1) === "mode" && Number.parseInt(text, 8) === leaf) return true;
  if (Number(text) === Number(want) || (text === "all" && leaf === -1)) return true;
  if (want.startsWith("/")) return want.endsWith(text.replace(/^\.?\/|\/$/g, "")) || (text === "." && want === root);
  // Extra hosts: an address of a mapping, or `HOST:ADDRESS`.
  return want.endsWith(`=${text}`) || want === text.replace(":", "=") || inRanges(text, want);
}

/** A member of a short form is one of its parts. */
function contains(text: string, leaf: unknown): boolean {
  const parts = text.split(/[:=/,\s]+/).map((part) => part.replace(/^\.\/?/, ""));
  const words = String(leaf).split("/");
  return text.includes(String(leaf)) || inRanges(text, String(leaf)) || parts.includes(words.at(-1) ?? "");
}

/** A port of a range, such as 81 of `80-82`. */
function inRanges(text: string, want: string): boolean {
  if (!/^\d+(\/\w+)?$/.test(want)) return false;
  return [...text.matchAll(/(\d+)-(\d+)/g)].some(([, from, to]) => {
    const port = Number.parseInt(want, 10);
    return port >= Number(from) && port <= Number(to);
  });
}

function leavesOf(value: unknown, keys: readonly Key[] = []): Array<readonly [keys: readonly Key[], leaf: unknown]> {
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0) return [[keys, value]];
  if (Array.isArray(value)) return value.flatMap((item, at) => leavesOf(item, [...keys, at]));
  return Object.entries(value).flatMap(([key, member]) => leavesOf(member, [...keys, key]));
}

describe("every leaf is explained, and its chain ends in its value", () => {
  it("for models drawn by chance, alone and merged with each other", async () => {
    let loaded = 0;
    for (let seed = 1; seed <= 60; seed += 1) {
      const files = { "a.yaml": printYaml(aModel(seed)), "b.yaml": printYaml(aModel(seed + 1000)) };
      for (const names of [["a.yaml"], ["a.yaml", "b.yaml"]]) {
        const project = await load(files, { files: names, profiles: ["*"] }).catch(() => undefined);
        if (project) loaded += 1;
        expect(project ? unexplained(project) : [], `seed ${seed}: ${names}`).toEqual([]);
      }
    }
    expect(loaded).toBeGreaterThan(60); // two models may not fit together
  });

  it("for override files, anchors, merge keys, defaults, env files and bare variables", async () => {
    const project = await load(
      {
        "compose.yaml": `x-common: &common
  restart: unless-stopped
  environment: &env { LEVEL: "\${LEVEL:-info}", BOTH: base }
services:
  web:
    <<: *common
    image: "\${IMAGE:-nginx}:\${TAG}"
    command: run --port \${PORT:-80}
    ports: ["80-81:80-81", { target: 90, published: "91" }, "53:53/udp", "127.0.0.1:\${PORT:-8080}:70"]
    expose: ["4000-4002", "3000"]
    env_file: [web.env]
    environment: { <<: *env, OWN: "1", BARE: , HOST: }
    volumes: ["data:/data", "./src:/src:ro", "/anonymous"]
    depends_on: [db]
    links: ["cache:c"]
    healthcheck: { test: curl localhost, interval: 90s }
    extra_hosts: { z: 1.2.3.4, a: [1.1.1.1, 2.2.2.2] }
    labels: ["a.b=1", "x[0]=2"]
    build: .
    deploy: { resources: { limits: { memory: 64m, cpus: "0.5" } } }
    devices: ["/dev/null", "/dev/zero:/dev/z:r"]
    configs: [conf]
    secrets: [{ source: token, mode: "0400" }]
    tmpfs: /run
    mem_limit: 64mb
  db: { image: db, <<: [{ init: true }, *common], networks: [back], shm_size: 1g, gpus: all }
  cache: { image: cache, volumes_from: [db] }
  debug: { image: debug, profiles: [debug], network_mode: "service:web" }
  off: { image: off, profiles: [off] }
networks: { back: { ipam: { config: [{ subnet: 10.0.0.0/8 }] } } }
volumes: { data: , other: { external: true } }
configs: { conf: { content: "a $\${b}" } }
secrets: { token: { environment: TOKEN } }
`,
        "compose.override.yaml": `services:
  web:
    environment: ["OWN=2", "BOTH=over"]
    depends_on: { cache: { condition: service_started, required: false } }
    ports: !override ["90:80"]
    labels: { c: 3 }
    volumes: ["data:/other"]
  db: { restart: !reset null }
`,
        ".env": "TAG=1.2\nBARE=from-env\n",
        "web.env": "# first\nFILED=yes\nBOTH=file\n",
      },
      { profiles: ["debug"], env: { HOST: "me", TOKEN: "t" } },
    );
    expect(unexplained(project)).toEqual([]);
  });

  it("for includes with their own variables and services extended from this file and others", async () => {
    const project = await load({
      "compose.yaml": `name: "\${NAME:-shop}"
include:
  - path: [sub/compose.yaml, sub/more.yaml]
    env_file: sub/own.env
services:
  base: { image: base, environment: { A: base, B: base }, volumes: ["./v:/v"] }
  web: { extends: base, environment: ["B=web"] }
  api: { extends: { file: other/compose.yaml, service: api }, command: ["a", "b"], depends_on: [inner] }
`,
      "sub/compose.yaml":
        "services: { inner: { image: 'i:${WHICH}', environment: [WHICH, HOW=1], env_file: e.env, build: ./b } }",
      "sub/more.yaml": "services: { inner: { ports: [80], environment: { HOW: 2 } } }",
      "sub/own.env": "WHICH=own\n",
      "sub/e.env": "E=1\n",
      "other/compose.yaml":
        "services: { api: { extends: root, volumes: ['./o:/o'] }, root: { image: 'r:${T:-0}', env_file: o.env } }",
      "other/o.env": "O=1\n",
    });
    expect(unexplained(project)).toEqual([]);
  });
});

it("every leaf of the specification's clauses is explained", async () => {
  const folder = new URL("../../../test/compose-spec/clauses/", import.meta.url);
  let loaded = 0;
  for (const name of readdirSync(folder)) {
    const clauses: unknown[] = parse(readFileSync(new URL(name, folder), "utf8"));
    for (const clause of clauses as Array<{ name: string; files?: Record<string, string> }>) {
      rmSync(root, { recursive: true, force: true });
      mkdirSync(root);
      const project = await load(clause.files ?? {}, { profiles: ["*"] }).catch(() => undefined);
      if (project) loaded += 1;
      expect(project ? unexplained(project, { checksTexts: false }) : [], clause.name).toEqual([]);
    }
  }
  expect(loaded).toBeGreaterThan(150);
});

it("one env file that two services read in different ways has a text for each", async () => {
  const project = await load({
    "compose.yaml": `services:
  a: { image: i, env_file: e, environment: { V: 1 } }
  b: { image: i, env_file: e, environment: { V: 2 } }
`,
    e: "W=${V}x\n",
  });
  expect(unexplained(project)).toEqual([]);
});

describe("an explanation", () => {
  const files = {
    "compose.yaml": "services: { web.a: { image: i, ports: ['80'], labels: { a.b: 1, 'x[0]': 2 }, env_file: e } }",
    e: "\nKEY=v\n",
  };

  it.each([
    ["services.web.a.labels.a.b", 'services["web.a"].labels["a.b"]', "1"],
    ['services["web.a"].labels["x[0]"]', 'services["web.a"].labels["x[0]"]', "2"],
    ["services.web.a.labels.x[0]", 'services["web.a"].labels["x[0]"]', "2"],
  ])("finds %s although its names have dots or brackets", async (asked, path, value) => {
    expect(explain(await load(files), asked)).toMatchObject({ path, value, origin: { kind: "written" } });
  });

  it("names the env file, the default and the short form; also for programs", async () => {
    const project = await load(files);
    const show = (file: string) => file.replace(`${root}/`, "");
    const text = (path: string) => {
      const found = explain(project, path);
      return found && printExplanation(found, show);
    };
    expect(text("services.web.a.environment.KEY")).toEqual([
      'services["web.a"].environment.KEY: "v"',
      '  e:2:1  used: "v"',
    ]);
    expect(text("services.web.a.ports[0].protocol")).toEqual([
      'services["web.a"].ports[0].protocol: "tcp"',
      '  compose.yaml:1:40  around it: "80"',
      "  default of the specification: tcp",
    ]);
    expect(text("networks.default.name")).toEqual([
      'networks.default.name: "demo_default"',
      "  derived from the project's name and the key, or the key alone when it is external",
    ]);
    const found = explain(project, "services.web.a.ports[0].target");
    expect(found && explanationToJson(found, show)).toEqual({
      path: 'services["web.a"].ports[0].target',
      value: 80,
      origin: { kind: "short-form" },
      chain: [{ file: "compose.yaml", line: 1, column: 40, text: "80", variables: [] }],
    });
  });
});
