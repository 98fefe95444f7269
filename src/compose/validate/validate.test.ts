import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compileComposeValidator } from "../../../scripts/compile-schemas.mjs";
import { lines, problemsOf, projectOf } from "../compose.fixture.js";

describe("a shape that does not fit gives one message, with what was expected", () => {
  it.each([
    ["prots: [80]", '4:5 unknown-key "prots" is not known in services.web'],
    ["command: { a: b }", "4:14 wrong-type services.web.command must be a string or a list of strings"],
    ["ports: 80", "4:12 wrong-type services.web.ports must be a list of ports"],
    [
      "ports: [[80]]",
      "4:13 wrong-type services.web.ports[0] must be HOST:CONTAINER, a number or a mapping with target",
    ],
    ["ports: [{ published: 80 }]", '4:13 missing-key services.web.ports[0] has no "target"'],
    ["ports: [{ target: 80, tagret: 1 }]", '4:27 unknown-key "tagret" is not known in services.web.ports[0]'],
    ["environment: 5", "4:18 wrong-type services.web.environment must be a mapping or a list of KEY=VALUE"],
    [
      "environment: { A: [1] }",
      "4:23 wrong-type services.web.environment.A must be a string, number, true, false or nothing",
    ],
    ["privileged: [yes]", "4:17 wrong-type services.web.privileged must be true or false"],
    ["healthcheck: curl", "4:18 wrong-type services.web.healthcheck must be a mapping with test"],
    ["ulimits: { nofile: { soft: 1 } }", '4:24 missing-key services.web.ulimits.nofile has no "hard"'],
    ["user: [a]", "4:11 wrong-type services.web.user must be a string"],
    [
      "deploy: { resources: { limit: { cpus: 1 } } }",
      '4:28 unknown-key "limit" is not known in services.web.deploy.resources',
    ],
  ])("%s", (body, problem) => expect(problemsOf(body)).toEqual([problem]));
});

it("says what was expected, what was found and what was probably meant", () => {
  const { diagnostics } = projectOf("services: { web: { image: a, enviroment: [A=1], restart: 5 } }");
  expect(diagnostics).toEqual([
    {
      severity: "error",
      code: "unknown-key",
      message: '"enviroment" is not known in services.web',
      path: "services.web.enviroment",
      source: { file: "a.yaml", line: 1, column: 30 },
      hint: 'Did you mean "environment"?',
    },
    {
      severity: "error",
      code: "wrong-type",
      message: "services.web.restart must be a string",
      path: "services.web.restart",
      source: { file: "a.yaml", line: 1, column: 58 },
      expected: "a string, got the number 5",
    },
  ]);
});

describe("a condition, a top-level key, a name", () => {
  it.each([
    [
      "services: { a: { image: a, depends_on: { b: { condition: service_healty } } }, b: { image: b } }",
      '1:58 bad-value services.a.depends_on.b.condition cannot be "service_healty"',
    ],
    ["service: { }", '1:1 unknown-key "service" is not known in a Compose file'],
    ['services: { "a b": { image: a } }', '1:13 bad-name "a b" cannot be a name here'],
    ["services: { a: }", "1:13 wrong-type services.a must be a mapping with the service's attributes"],
    ["services: [a]", "1:11 wrong-type services must be a mapping of service names to services"],
    ["services: { a: { } }", '1:16 missing-image Service "a" has neither an image nor a build'],
  ])("%s", (text, problem) => expect(lines(projectOf(text).diagnostics)).toEqual([problem]));
});

describe("what refers to nothing is named at its place", () => {
  it.each([
    ["depends_on: [dbb]", '4:18 undefined-service Service "dbb" is not defined'],
    ["depends_on: { dbb: { condition: service_started } }", '4:24 undefined-service Service "dbb" is not defined'],
    ["networks: [fornt]", '4:16 undefined-network Network "fornt" is not defined'],
    ["networks: { fornt: }", '4:17 undefined-network Network "fornt" is not defined'],
    ["volumes: ['date:/d']", '4:15 undefined-volume Volume "date" is not defined'],
    ["configs: [cfgs]", '4:15 undefined-config Config "cfgs" is not defined'],
    ["secrets: [{ source: s }]", '4:15 undefined-secret Secret "s" is not defined'],
    ["secrets: [ext]", '4:15 not-supported External secret "ext" is not supported: nothing keeps it'],
  ])("%s", (body, problem) => {
    const rest = "  db: { image: d }\nnetworks: { front: }\nvolumes: { data: }\nconfigs: { cfg: { content: x } }";
    expect(problemsOf(body, `${rest}\nsecrets: { ext: { external: true } }`)).toEqual([problem]);
  });
});

it("reports a cycle once, with the way round", () => {
  const text =
    "services:\n" +
    ["a b", "b c", "c a", "d d", "e a"]
      .map((pair) => {
        const [name, needs] = pair.split(" ");
        return `  ${name}: { image: x, depends_on: [${needs}] }\n`;
      })
      .join("");
  expect(lines(projectOf(text).diagnostics)).toEqual([
    "2:31 dependency-cycle Services depend on each other: a → b → c → a",
    "5:31 dependency-cycle Services depend on each other: d → d",
  ]);
});

it("two services cannot name one container", () => {
  const text = "services:\n  a: { image: a, container_name: x1 }\n  b: { image: b, container_name: x1 }\n";
  expect(lines(projectOf(text).diagnostics)).toEqual(['3:34 duplicate-name Services "a" and "b" both name "x1"']);
});

describe("a top-level resource", () => {
  it.each([
    [
      "volumes: { d: { external: true, driver: x } }",
      '2:41 conflicting-keys External volume "d" cannot have driver: it exists already',
    ],
    ["secrets: { s: { } }", "2:15 missing-key secrets.s has no source"],
    ["configs: { c: { file: a, content: b } }", "2:15 conflicting-keys configs.c has more than one source"],
    ["networks: { n: { ipam: { config: [{ subnet: ten }] } } }", '2:45 bad-address "ten" is not an address range'],
    ["networks: { n: { drivr: x } }", '2:18 unknown-key "drivr" is not known in networks.n'],
  ])("%s", (text, problem) => {
    expect(lines(projectOf(`services: { a: { image: a } }\n${text}`).diagnostics)).toEqual([problem]);
  });
});

it("the checked-in validator is the one that the schema gives", () => {
  const path = new URL("../generated/compose-validator.js", import.meta.url);
  // To bring it up to date: node scripts/compile-schemas.mjs
  expect(readFileSync(path, "utf8") === compileComposeValidator()).toBe(true);
});
