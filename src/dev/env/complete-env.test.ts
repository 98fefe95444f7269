import { expect, it } from "vitest";
import { parseEnvFile } from "../../compose/interpolate/env-file.js";
import { completeEnv, makeSecret, missingVariables } from "./complete-env.js";
import { readExample } from "./read-example.js";

const example = "# Ours.\nDB_PASSWORD=change-me\nPORT=8080 # of the page\n\nAPI_KEY=\n";
const filled = (current: string | undefined, environment: Record<string, string> = {}) => {
  const missing = missingVariables(readExample(example), current, environment);
  const values = new Map(missing.variables.map(({ name }) => [name, name === "PORT" ? "8080" : `its ${name}`]));
  return completeEnv({ example, current }, missing, values);
};

it("a new file is the example with what was missing, comments and order kept", () => {
  expect(filled(undefined)).toBe(
    "# Ours.\nDB_PASSWORD='its DB_PASSWORD'\nPORT=8080 # of the page\n\nAPI_KEY='its API_KEY'\n",
  );
});

it("a file that is there keeps every byte, and gets what it lacks at its end", () => {
  expect(filled("API_KEY=mine # x")).toBe("API_KEY=mine # x\nDB_PASSWORD='its DB_PASSWORD'\nPORT=8080\n");
  const complete = "API_KEY=\nDB_PASSWORD=a\nPORT=1";
  expect(filled(complete)).toBe(complete);
});

it("what the environment has is neither asked for nor written down", () => {
  expect(filled(undefined, { API_KEY: "from outside", PORT: "1" })).toBe(
    "# Ours.\nDB_PASSWORD='its DB_PASSWORD'\nPORT=8080 # of the page\n\n# API_KEY came from the environment\n",
  );
});

it.each(["plain", "two words", "a'b", 'a"b\\c', "a#b", "$HOME ${X}", "", "line\nbreak", "ends\\"])(
  "%j is read back as it was given",
  (value) => {
    const missing = missingVariables(readExample("KEY="), "", {});
    const text = completeEnv({ example: "KEY=", current: "" }, missing, new Map([["KEY", value]]));
    expect(parseEnvFile(text, () => undefined).values.get("KEY")).toBe(value);
  },
);

it("a secret is letters and digits, as long as asked, and every byte of chance counts alike", () => {
  let next = 0;
  const secret = makeSecret(300, (bytes) => Uint8Array.from({ length: bytes }, () => next++ % 256));
  expect(secret).toMatch(/^[A-Za-z0-9]{300}$/);
  const counts = Map.groupBy(secret.slice(0, 248), (letter) => letter);
  expect(new Set([...counts.values()].map(({ length }) => length))).toEqual(new Set([4]));
});

it.each([
  ['"', "one\ntwo # no comment\nthree"],
  ["'", "one\ntwo"],
])("a value of several lines in %s is replaced whole, by an answer or by what the environment has", (quote, value) => {
  const several = `# gantry: ask\nKEY=${quote}${value}${quote}\nPORT=1\n`;
  const variables = readExample(several);
  const complete = (environment: Record<string, string>) => {
    const missing = missingVariables(variables, undefined, environment);
    return completeEnv({ example: several, current: undefined }, missing, new Map([["KEY", "mine"]]));
  };
  expect(complete({})).toBe("# gantry: ask\nKEY=mine\nPORT=1\n");
  expect(complete({ KEY: "theirs" })).toBe("# gantry: ask\n# KEY came from the environment\nPORT=1\n");
});
