import { describe, expect, it } from "vitest";
import { lines, projectOf } from "../compose.fixture.js";
import { detectProject } from "./detect-project.js";
import { startingFile, variablesOf } from "./starting-file.js";

const kinds: Record<string, Record<string, string>> = {
  "node with pg and ioredis": {
    "package.json": '{ "scripts": { "dev": "x" }, "dependencies": { "pg": "8", "ioredis": "5" } }',
  },
  "node with mysql2": { "package.json": '{ "dependencies": { "mysql2": "3" } }' },
  "node with two databases": { "package.json": '{ "dependencies": { "mysql2": "3", "pg": "8", "mongoose": "8" } }' },
  "python, django": { "manage.py": "", "requirements.txt": "Django==5.1\npsycopg[binary]>=3\ncelery[redis]\n" },
  "python, fastapi": { "pyproject.toml": '[project]\ndependencies = ["fastapi>=0.1", "pymongo~=4.0"]\n' },
  "python, flask": { Pipfile: "[packages]\nflask = '*'\npika = '*'\n" },
  go: { "go.mod": "module x\nrequire (\n\tgithub.com/jackc/pgx/v5 v5.7.0\n)\n" },
  "ruby on rails": { Gemfile: 'gem "rails"\ngem "pg"\ngem "sidekiq"\n', "package.json": "{}" },
  php: { "composer.json": '{ "require": { "ext-pdo_mysql": "*", "predis/predis": "^2" } }' },
  "java, maven": { "pom.xml": "<artifactId>postgresql</artifactId>" },
  "java, gradle": { "build.gradle.kts": 'runtimeOnly("org.postgresql:postgresql")' },
  rust: { "Cargo.toml": '[dependencies]\ntokio-postgres = "0.7"\nredis = "0.27"\n' },
  static: { "index.html": "" },
  "only a Dockerfile": { Dockerfile: "FROM x\nEXPOSE 9000\n" },
  "node with a Dockerfile": {
    Dockerfile: "FROM node\nEXPOSE 4000/tcp\n",
    "package.json": '{"dependencies":{"pg":"1"}}',
  },
  nothing: {},
  "a broken manifest": { "package.json": "{" },
};
const detect = (files: Record<string, string>) => detectProject(new Map(Object.entries(files)));

describe("the file loads without a diagnostic, once its secrets are set", () => {
  it.each(Object.entries(kinds))("%s", (_, files) => {
    const project = detect(files);
    const environment = Object.fromEntries(variablesOf(project).map((name) => [name, "p"]));
    const loaded = projectOf(startingFile(project), { environment });
    expect(lines(loaded.diagnostics)).toEqual([]);
    expect([...loaded.project.services.keys()]).toEqual(
      ["app", ...project.needs.map(({ backing }) => backing.name)].sort(),
    );
    for (const { backing } of project.needs) {
      const service = loaded.project.services.get(backing.name);
      expect(service?.healthcheck?.test?.[0]).toBe("CMD-SHELL");
      expect(service?.volumes.map(({ type }) => type)).toEqual(["volume"]);
      expect(loaded.project.services.get("app")?.depends_on.get(backing.name)?.condition).toBe("service_healthy");
    }
  });
});

it("refuses to load without its secrets, and says where they go", () => {
  const { diagnostics } = projectOf(startingFile(detect(kinds.go ?? {})));
  expect(new Set(diagnostics.map(({ code, message }) => `${code} ${message}`))).toEqual(
    new Set(["missing-variable Required variable POSTGRES_PASSWORD is missing a value: set it in .env"]),
  );
});

it("finds each kind, its port and the servers that it needs", () => {
  const found = Object.entries(kinds).map(([name, files]) => {
    const { kind, port, needs } = detect(files);
    return [name, `${kind} ${port} ${needs.map(({ backing }) => backing.name).join(" ")}`.trim()];
  });
  expect(Object.fromEntries(found)).toEqual({
    "node with pg and ioredis": "node 3000 postgres redis",
    "node with mysql2": "node 3000 mysql",
    "node with two databases": "node 3000 postgres mysql mongo",
    "python, django": "python 8000 postgres redis",
    "python, fastapi": "python 8000 mongo",
    "python, flask": "python 5000 rabbitmq",
    go: "go 8080 postgres",
    "ruby on rails": "ruby 3000 postgres redis",
    php: "php 80 mysql redis",
    "java, maven": "java 8080 postgres",
    "java, gradle": "java 8080 postgres",
    rust: "rust 8080 postgres redis",
    static: "static 80",
    "only a Dockerfile": "other 9000",
    "node with a Dockerfile": "node 4000 postgres",
    nothing: "other 8080",
    "a broken manifest": "node 3000",
  });
});

it("builds from a Dockerfile, and else runs the sources in the kind's image", () => {
  expect(startingFile(detect(kinds["node with a Dockerfile"] ?? {}))).toContain("build: .\n");
  expect(startingFile(detect(kinds["node with pg and ioredis"] ?? {}))).toContain(
    'command: ["sh", "-c", "npm install && npm run dev"]',
  );
});
