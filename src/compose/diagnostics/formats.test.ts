import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../../base/diagnostic.js";
import { diagnosticsToGithub, diagnosticsToJson, diagnosticsToSarif } from "./formats.js";

const options = { cwd: "/demo", version: "1.2.3" };
const problems: Diagnostic[] = [
  {
    severity: "error",
    code: "bad-port",
    message: '"a,b:c" is 100% no port',
    path: "services.web.ports[0]",
    source: { file: "/demo/sub dir/compose,1.yaml", line: 4, column: 9 },
    expected: "a number",
    hint: "Write 80",
  },
  { severity: "warning", code: "several-files", message: "Several files" },
];

describe("GitHub workflow commands", () => {
  it("name the place, and escape what would end the command or a property", () => {
    expect(diagnosticsToGithub(problems, options)).toBe(
      "::error file=sub dir/compose%2C1.yaml,line=4,col=9,title=bad-port::" +
        '"a,b:c" is 100%25 no port%0AExpected: a number%0AWrite 80\n' +
        "::warning title=several-files::Several files\n",
    );
  });

  it("are none when there is no problem", () => expect(diagnosticsToGithub([], options)).toBe(""));
});

describe("JSON", () => {
  const schema = JSON.parse(readFileSync(new URL("../../../schemas/diagnostics.json", import.meta.url), "utf8"));
  const validate = new Ajv({ strict: true }).compile(schema);

  it.each([[[]], [problems]])("follows its schema %#", (diagnostics) => {
    const text = diagnosticsToJson(diagnostics, options);
    expect([validate(JSON.parse(text)), validate.errors]).toEqual([true, null]);
  });

  it("tells the verdict, the counts, and each problem with the way to its explanation", () => {
    const { diagnostics, ...verdict } = JSON.parse(diagnosticsToJson(problems, options));
    expect(verdict).toEqual({ version: 1, valid: false, errors: 1, warnings: 1 });
    expect(diagnostics[0]).toEqual({
      ...problems[0],
      source: { file: "sub dir/compose,1.yaml", line: 4, column: 9 },
      docs: "docs/diagnostics.md#bad-port",
    });
  });
});

describe("SARIF", () => {
  it("has what the standard requires: version, tool, rules, and results with message, level and region", () => {
    const log = JSON.parse(diagnosticsToSarif(problems, options));
    expect(log.version).toBe("2.1.0");
    const [run] = log.runs;
    expect(run.tool.driver).toMatchObject({ name: "Gantry", version: "1.2.3" });
    expect(run.tool.driver.rules.map((rule: { id: string }) => rule.id)).toEqual(["bad-port", "several-files"]);
    for (const result of run.results) {
      expect(run.tool.driver.rules[result.ruleIndex].id).toBe(result.ruleId);
      expect(["error", "warning"]).toContain(result.level);
      expect(result.message.text).toEqual(expect.any(String));
    }
    expect(run.results[0].locations[0].physicalLocation).toEqual({
      artifactLocation: { uri: "sub%20dir/compose%2C1.yaml", uriBaseId: "%SRCROOT%" },
      region: { startLine: 4, startColumn: 9 },
    });
    expect(run.results[1].locations).toBeUndefined();
  });

  it("has everything that the standard's schema requires, and nothing that it does not know", () => {
    const schema = JSON.parse(readFileSync(new URL("sarif.fixture.json", import.meta.url), "utf8"));
    const validate = new Ajv({ strict: true }).compile(schema);
    for (const diagnostics of [problems, []]) {
      expect([validate(JSON.parse(diagnosticsToSarif(diagnostics, options))), validate.errors]).toEqual([true, null]);
    }
  });

  it.each([
    ["/demo", "/demo/a.yaml", "file:///demo/", { uri: "a.yaml", uriBaseId: "%SRCROOT%" }],
    ["/demo/src/deep", "/demo/a.yaml", "file:///demo/", { uri: "a.yaml", uriBaseId: "%SRCROOT%" }],
    ["/demo", "/other/a b.yaml", "file:///demo/", { uri: "file:///other/a%20b.yaml" }],
    ["/demo", "-", "file:///demo/", { uri: "stdin", description: { text: "Standard input" } }],
    ["/", "/a.yaml", "file:///", { uri: "a.yaml", uriBaseId: "%SRCROOT%" }],
  ])("in %s, the file %s stands below %s where it can", (cwd, file, root, location) => {
    const source = { file, line: 1, column: 2 };
    const problem: Diagnostic = { severity: "error", code: "bad-port", message: "no", source };
    const [run] = JSON.parse(diagnosticsToSarif([problem], { ...options, cwd })).runs;
    expect(run.originalUriBaseIds).toEqual({ "%SRCROOT%": { uri: root } });
    expect(run.results[0].locations[0].physicalLocation.artifactLocation).toEqual(location);
  });

  it("is a run without results when there is no problem", () => {
    expect(JSON.parse(diagnosticsToSarif([], options)).runs[0].results).toEqual([]);
  });
});
