import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { explain } from "../explain/explain.js";
import { printExplanation } from "../explain/print-explanation.js";
import { type LoadRequest, loadProject } from "./load-project.js";
import { loadRaw } from "./load-raw.js";

let root: string;
beforeEach(() => {
  root = join(mkdtempSync(join(tmpdir(), "gantry-load-")), "demo");
  mkdirSync(root);
});
afterEach(() => rmSync(dirname(root), { recursive: true, force: true }));

function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

async function load(request: Partial<LoadRequest> = {}) {
  const { project, diagnostics } = await loadProject({
    cwd: root,
    files: [],
    envFiles: [],
    profiles: [],
    env: {},
    ...request,
  });
  const problems = diagnostics.map(({ code, message, source }) => {
    const place = source ? `${source.file.replace(`${root}/`, "")}:${source.line}:${source.column} ` : "";
    return `${place}${code} ${message.replaceAll(`${root}/`, "")}`;
  });
  return { project, problems, web: project?.services.get("web"), diagnostics };
}
const image = (text: string) => `services: { web: { image: "${text}" } }\n`;

describe("files are found as Compose finds them", () => {
  it.each<[string, Record<string, string>, Partial<LoadRequest>, string]>([
    ["compose.yaml first", { "compose.yaml": image("a"), "compose.yml": image("b") }, {}, "a"],
    [
      "docker-compose.yml before .yaml",
      { "docker-compose.yaml": image("b"), "docker-compose.yml": image("a") },
      {},
      "a",
    ],
    ["an override on top", { "compose.yaml": image("a"), "docker-compose.override.yml": image("b") }, {}, "b"],
    ["the files given, in order", { "x.yaml": image("a"), "y.yaml": image("b") }, { files: ["x.yaml", "y.yaml"] }, "b"],
    [
      "no override beside given files",
      { "compose.yaml": image("a"), "compose.override.yml": image("b") },
      { files: ["compose.yaml"] },
      "a",
    ],
    ["COMPOSE_FILE", { "x.yaml": image("a"), "y.yaml": image("b") }, { env: { COMPOSE_FILE: "x.yaml:y.yaml" } }, "b"],
    ["COMPOSE_FILE in .env", { "x.yaml": image("a"), ".env": "COMPOSE_FILE=x.yaml" }, {}, "a"],
    [
      "another separator",
      { "x.yaml": image("a"), "y.yaml": image("b") },
      { env: { COMPOSE_FILE: "y.yaml;x.yaml", COMPOSE_PATH_SEPARATOR: ";" } },
      "a",
    ],
    ["standard input", {}, { files: ["-"], readStdin: async () => image("in") }, "in"],
    ["the project directory", { "sub/compose.yaml": image("s") }, { projectDirectory: "sub" }, "s"],
  ])("%s", async (_, files, request, expected) => {
    write(files);
    expect((await load(request)).web?.image).toBe(expected);
  });

  it("the nearest directory above that has one", async () => {
    write({ "compose.yaml": image("a"), "deep/er/x": "" });
    const { project } = await load({ cwd: join(root, "deep/er") });
    expect(project).toMatchObject({ workingDir: root, name: "demo", configFiles: [join(root, "compose.yaml")] });
  });

  it("none is an error that says what was looked for", async () => {
    expect((await load({ files: ["gone.yaml"] })).problems).toEqual([
      "file-not-found Compose file gone.yaml does not exist",
    ]);
  });

  it("several in one directory are a warning", async () => {
    write({ "compose.yaml": image("a"), "docker-compose.yml": image("b") });
    expect((await load()).problems[0]).toContain("several-files");
  });
});

describe("the environment comes from the process, then from .env", () => {
  it.each<[string, Record<string, string>, Partial<LoadRequest>, string]>([
    [".env", { ".env": "TAG=1" }, {}, "app:1"],
    ["the process wins", { ".env": "TAG=1" }, { env: { TAG: "2" } }, "app:2"],
    ["--env-file in place of .env", { ".env": "TAG=1", "e.env": "TAG=3" }, { envFiles: ["e.env"] }, "app:3"],
    ["the last --env-file", { "a.env": "TAG=1", "b.env": "TAG=2" }, { envFiles: ["a.env", "b.env"] }, "app:2"],
    ["COMPOSE_ENV_FILES", { "a.env": "TAG=4" }, { env: { COMPOSE_ENV_FILES: "a.env" } }, "app:4"],
    ["no .env when switched off", { ".env": "TAG=1" }, { env: { COMPOSE_DISABLE_ENV_FILE: "1" } }, "app:none"],
    ["COMPOSE_PROJECT_NAME is the final name", { ".env": "TAG=${COMPOSE_PROJECT_NAME:-x}" }, {}, "app:x"],
  ])("%s", async (_, files, request, expected) => {
    write({ "compose.yaml": image("app:${TAG:-none}"), ...files });
    expect((await load(request)).web?.image).toBe(expected);
  });

  it("a missing --env-file is an error", async () => {
    write({ "compose.yaml": image("a") });
    expect((await load({ envFiles: ["no.env"] })).problems).toEqual([
      "env-file-not-found Env file no.env does not exist",
    ]);
  });

  it("an unset variable is one warning, a required one an error, each at its place", async () => {
    write({ "compose.yaml": 'services:\n  web:\n    image: "a${A}${A}"\n    user: "${B:?set B}"\n    hostname: $A\n' });
    expect((await load()).problems).toEqual([
      "compose.yaml:3:12 unset-variable Variable A is not set, an empty text is used",
      "compose.yaml:4:11 missing-variable Required variable B is missing a value: set B",
    ]);
  });
});

describe("the project's name", () => {
  it.each<[string, string, Partial<LoadRequest>, string]>([
    ["the directory's", image("a"), {}, "demo"],
    ["-p", image("a"), { projectName: "p" }, "p"],
    ["the environment's", `name: n\n${image("a")}`, { env: { COMPOSE_PROJECT_NAME: "e" } }, "e"],
    ["the file's, interpolated", `name: "n-\${X}"\n${image("a")}`, { env: { X: "x" } }, "n-x"],
  ])("%s", async (_, text, request, expected) => {
    write({ "compose.yaml": text });
    expect((await load(request)).project?.name).toBe(expected);
  });

  it("can be used in the file", async () => {
    write({ "compose.yaml": image("${COMPOSE_PROJECT_NAME}/a") });
    expect((await load()).web?.image).toBe("demo/a");
  });
});

describe("env files of a service", () => {
  it("lie under environment, a later file over an earlier one", async () => {
    write({
      "compose.yaml":
        "services: { web: { image: a, environment: { C: own }, " +
        "env_file: [a.env, { path: no.env, required: false }, { path: r.env, format: raw }] } }",
      "a.env": "A=1\nB=$X\nC=3\nD=1",
      "r.env": "D='2'",
    });
    expect((await load({ env: { X: "x" } })).web?.environment).toEqual({ A: "1", B: "x", C: "own", D: "'2'" });
  });

  it("that are missing or malformed are named, of selected services only", async () => {
    write({
      "compose.yaml": `services:
  web: { image: a, env_file: bd.env }
  off: { image: a, env_file: no.env, profiles: [p] }
  bad: { image: a, env_file: bad.env }
`,
      "bad.env": "A=1\n=2",
    });
    const { problems, diagnostics } = await load();
    expect(problems).toEqual([
      'bad.env:2:1 bad-env-file Unexpected "=" in a variable name',
      "compose.yaml:2:30 env-file-not-found Env file bd.env does not exist",
    ]);
    expect(diagnostics[1]?.hint).toBe('Did you mean "bad.env"?');
  });
});

it("the files and variables of configs and secrets in use must be there", async () => {
  write({
    "compose.yaml": `services: { web: { image: a, configs: [c, d], secrets: [s] } }
configs: { c: { file: ./c.txt }, d: { file: d.txt }, unused: { file: nope } }
secrets: { s: { environment: S } }
`,
    "d.txt": "",
  });
  expect((await load()).problems).toEqual([
    'compose.yaml:2:23 config-file-not-found The file c.txt of config "c" does not exist',
    'compose.yaml:3:30 missing-variable Variable S of secret "s" is not set',
  ]);
});

describe("extends", () => {
  it("takes over from a service of this file and of another, with that file's paths", async () => {
    write({
      "compose.yaml": `services:
  web: { extends: base, image: w, environment: { B: 2 } }
  base: { extends: { file: lib/common.yaml, service: common }, environment: { A: 1 } }
`,
      "lib/common.yaml":
        "services: { common: { image: c, volumes: ['./data:/data'], env_file: c.env, environment: { A: 0, C: 0 } } }",
      "lib/c.env": "F=1",
    });
    const { project, web, problems } = await load();
    expect(problems).toEqual([]);
    expect(web).toMatchObject({ image: "w", environment: { A: "1", B: "2", C: "0", F: "1" } });
    expect(web?.volumes[0]?.source).toBe(join(root, "lib/data"));
    expect(project?.sources.get("services.web.environment.A")?.map(({ file }) => file)).toEqual([
      join(root, "lib/common.yaml"),
      join(root, "compose.yaml"),
    ]);
  });

  it("names what is not there and what goes round", async () => {
    write({
      "compose.yaml": `services:
  a: { image: x, extends: bb }
  b: { image: x, extends: c }
  c: { image: x, extends: b }
  d: { image: x, extends: { file: no.yaml, service: x } }
`,
    });
    expect((await load()).problems.map((line) => line.replace(/:.*? (?=[a-z]+-)/, " "))).toEqual([
      'compose.yaml undefined-service Service "bb" to extend is not defined',
      expect.stringContaining("extends-cycle Services extend each other"),
      "compose.yaml file-not-found Compose file no.yaml does not exist",
    ]);
  });
});

describe("include", () => {
  it("brings in services with their own paths and environment, below the including file", async () => {
    write({
      "compose.yaml":
        "include: [sub/compose.yaml]\nservices: { web: { image: a, depends_on: [db] }, db: { user: me } }",
      "sub/compose.yaml":
        "name: other\nservices: { db: { image: 'db:${V}', volumes: ['./d:/d', 'data:/x'] } }\nvolumes: { data: }\n",
      "sub/.env": "V=7",
    });
    const { project, problems } = await load();
    expect(problems).toEqual([]);
    expect(project?.name).toBe("demo");
    expect(project?.services.get("db")).toMatchObject({ image: "db:7", user: "me" });
    expect(project?.services.get("db")?.volumes[0]?.source).toBe(join(root, "sub/d"));
  });

  it("of oneself is an error", async () => {
    write({ "compose.yaml": "include: [b.yaml]\nservices: {}", "b.yaml": "include: [{ path: compose.yaml }]\n" });
    expect((await load()).problems[0]).toContain("include-cycle");
  });
});

describe("steps can be left out, to see the files as they are", () => {
  const files = {
    "compose.yaml":
      "services: { web: { build: ./x, env_file: e.env, volumes: ['./a:/b'], links: [db] }, db: { image: a } }\n",
    "e.env": "A=1\n",
  };
  it("paths stay as written", async () => {
    write(files);
    const { web } = await load({ leaveOut: { paths: true } });
    expect([web?.build?.context, web?.volumes[0]?.source]).toEqual(["./x", "./a"]);
  });
  it("env files stay an attribute", async () => {
    write(files);
    const { web } = await load({ leaveOut: { envFiles: true } });
    expect(web?.environment).toEqual({});
    expect(web?.untyped?.env_file).toEqual([{ path: join(root, "e.env") }]);
  });
  it("nothing is added: no default network, no implied dependency", async () => {
    write(files);
    const { web, project } = await load({ leaveOut: { normalization: true } });
    expect([web?.networks.size, web?.depends_on.size, project?.networks.size]).toEqual([0, 0, 0]);
  });
  it("references are not followed", async () => {
    write({ "compose.yaml": "services: { web: { image: a, networks: [nope], secrets: [nope] } }" });
    expect((await load({ leaveOut: { consistency: true } })).problems).toEqual([]);
  });
});

it("services are named by patterns too, with what they need", async () => {
  write({
    "compose.yaml": `services:
  web: { image: a }
  web2: { image: a, depends_on: [db] }
  db: { image: a, networks: [n] }
  x: { image: a }
networks: { n: , m: }
`,
  });
  const { project } = await load({ services: ["web*"] });
  expect([...(project?.services.keys() ?? [])]).toEqual(["db", "web", "web2"]);
  expect([...(project?.networks.keys() ?? [])]).toEqual(["default", "n"]);
  expect((await load({ services: ["wab*"] })).problems).toEqual(["undefined-service no such service: wab*"]);
});

it("bare variables of an included service are those of its own project", async () => {
  write({
    "compose.yaml": "include: [{ path: sub/c.yaml, env_file: sub/e.env }]",
    "sub/c.yaml": "services: { web: { image: a, environment: [T, U] }, b: { image: a, environment: { U: } } }",
    "sub/e.env": "T=sub\nU=sub",
    ".env": "T=root",
  });
  const { project, web } = await load();
  expect([web?.environment, project?.services.get("b")?.environment]).toEqual([{ T: "root", U: "sub" }, { U: "sub" }]);
});

it("an env file sees the project's variables, then the service's, then its own", async () => {
  write({
    "compose.yaml": "services: { web: { image: a, env_file: e.env, environment: { A: own, B: own } } }",
    ".env": "B=project",
    "e.env": "A=file\nC=file\nX=$A-$B-$C\n",
  });
  expect((await load()).web?.environment).toEqual({ A: "own", B: "own", C: "file", X: "own-project-file" });
});

it("a value's chain of places and variables is explained", async () => {
  write({
    "a.yaml": "services:\n  web:\n    image: x\n    environment:\n      URL: http://$HOST\n",
    "b.yaml": "services:\n  web:\n    environment: ['URL=http://$HOST:${PORT:-80}$USER']\n",
    ".env": "# the host\nHOST=h\n",
  });
  const { project } = await load({ files: ["a.yaml", "b.yaml"], env: { USER: "me" }, keepsTexts: true });
  const found = project && explain(project, "services.web.environment.URL");
  expect(found && printExplanation(found, (file) => file.replace(`${root}/`, ""))).toEqual([
    'services.web.environment.URL: "http://h:80me"',
    '  a.yaml:5:12  overridden: "http://h"',
    "    HOST from .env:2:1",
    '  b.yaml:3:19  used: "URL=http://h:80me"',
    "    HOST from .env:2:1",
    "    PORT is not set: its default, or nothing",
    "    USER from the process environment",
  ]);
  expect(project && explain(project, "nothing.here")).toBeUndefined();
});

it("without interpolation the model is merged as written, and its variables are listed", async () => {
  write({
    "compose.yaml":
      "name: n\nservices: { web: { image: 'a:${TAG:-1}', volumes: ['./x:/x'], ports: ['${P:?port}:80'] } }",
  });
  const { model, variables } = await loadRaw({ cwd: root, files: [], envFiles: [], profiles: [], env: {} });
  const volumes = [`${root}/x:/x`];
  expect(model).toEqual({ name: "n", services: { web: { image: "a:${TAG:-1}", volumes, ports: ["${P:?port}:80"] } } });
  expect(variables).toEqual([
    { name: "P", required: true, defaultValue: "", alternateValue: "" },
    { name: "TAG", required: false, defaultValue: "1", alternateValue: "" },
  ]);
});

it("five mistakes in one file are five diagnostics, each with its place", async () => {
  write({
    "compose.yaml": `services:
  web:
    image: nginx
    prots: ["80:80"]
    ports: ["99999:80"]
    depends_on: [dbb]
    networks: [bakend]
  db:
    restart: always
networks: { backend: }
`,
  });
  const { project, problems } = await load();
  expect(project).toBeUndefined();
  expect(problems).toEqual([
    'compose.yaml:4:5 unknown-key "prots" is not known in services.web',
    'compose.yaml:5:13 bad-port "99999" is not a host port in "99999:80"',
    'compose.yaml:6:18 undefined-service Service "dbb" is not defined',
    'compose.yaml:7:16 undefined-network Network "bakend" is not defined',
    'compose.yaml:8:3 missing-image Service "db" has neither an image nor a build',
  ]);
});
