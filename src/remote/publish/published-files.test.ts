import { expect, it } from "vitest";
import { projectOf } from "../../compose/compose.fixture.js";
import { publishQuestions } from "./publish-checks.js";
import { publishedFiles } from "./published-files.js";

const publish = (files: Record<string, string>, withEnv = false) =>
  publishedFiles({ files: ["/p/compose.yaml"], withEnv, version: "1", read: (path) => files[path] });

it("publishes files as they are written, variables and comments and all", () => {
  const text = "# mine\nservices:\n  web: { image: 'x:${TAG}' }   # here\n";
  expect(publish({ "/p/compose.yaml": text })).toEqual([
    {
      mediaType: "application/vnd.docker.compose.file+yaml",
      annotations: { "com.docker.compose.version": "1", "com.docker.compose.file": "compose.yaml" },
      text,
    },
  ]);
});

it("takes files that others extend along, and those that these extend, under names that tell nothing", () => {
  const files = publish({
    "/p/compose.yaml": "services: { a: { extends: { service: b, file: ../up/b.yaml } } }\n",
    "/up/b.yaml": "services: { b: { extends: { service: c, file: c.yaml } } }\n",
    "/up/c.yaml": "services: { c: { image: x } }\n",
  });
  const names = files.map(({ annotations }) => annotations["com.docker.compose.file"] ?? "");
  expect([names[0], names.length]).toEqual(["compose.yaml", 3]);
  expect(names[1]).toMatch(/^[0-9a-f]{64}\.yaml$/);
  expect(files[0]?.text).toContain(names[1]);
  expect(files[1]?.text).toContain(names[2]);
  expect(files.map(({ annotations }) => annotations["com.docker.compose.extends"])).toEqual([
    undefined,
    "true",
    "true",
  ]);
});

it("takes env files along only where asked, and never their paths", () => {
  const files = {
    "/p/compose.yaml":
      "services:\n  a: { env_file: secret/dir.env }\n  b: { env_file: [{ path: no.env, required: false }] }\n",
    "/p/secret/dir.env": "A=1\n",
  };
  const [alone, ...none] = publish(files);
  expect([none, alone?.text.includes("secret"), alone?.text.includes("no.env")]).toEqual([[], false, false]);
  const [, env] = publish(files, true);
  expect([env?.text, env?.mediaType]).toEqual(["A=1\n", "application/vnd.docker.compose.envfile"]);
  expect(alone?.text).toContain(env?.annotations["com.docker.compose.envfile"]);
});

it("refuses to include files of this machine, and lets remote ones be", () => {
  expect(() => publish({ "/p/compose.yaml": "include: [b.yaml]\n" })).toThrow(
    "includes b.yaml, a file of this machine",
  );
  expect(publish({ "/p/compose.yaml": "include: ['oci://r/x', { path: 'git@h:x' }]\n" })).toHaveLength(1);
});

function questions(text: string, more: Record<string, string> = {}, withEnv = false): Array<[string, ...string[]]> {
  const files = publish({ "/p/compose.yaml": text, ...more }, withEnv);
  const asked = publishQuestions(projectOf(text).project, files, { withEnv });
  return asked.map(({ about, lines }) => [about.split(" ").slice(0, 4).join(" "), ...lines]);
}

it("asks before it publishes mounts of the host, secrets as written, and contents of configs", () => {
  expect(
    questions(`services:
  a: { image: x, volumes: ["/home:/h"], environment: { DB_PASSWORD: hunter2, API_TOKEN: "$T", KEY_FILE: /x } }
  b: { image: x, environment: ["MY_SECRET=s"] }
configs: { c: { content: text } }
`),
  ).toEqual([
    ["The files say which", "a: /home at /h"],
    ["The files hold what", "DB_PASSWORD in compose.yaml", "MY_SECRET in compose.yaml"],
    ["The contents of these", "c"],
  ]);
});

it("knows secrets by their form, in env files that are sent too, and never shows one", () => {
  const key = `AKIA${"A".repeat(16)}`;
  const text = "services: { a: { image: x, env_file: e.env } }\n";
  expect(questions(text, { "/p/e.env": `X=${key}\n` })).toEqual([["Services read env files,", "compose.yaml"]]);
  const [[, line = ""] = []] = questions(text, { "/p/e.env": `X=${key}\n` }, true);
  expect(line).toMatch(/^an AWS access key in [0-9a-f]{64}\.env$/);
  expect(questions("services: { a: { image: x } }\n")).toEqual([]);
});
