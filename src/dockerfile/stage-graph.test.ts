import { expect, it } from "vitest";
import { globalScope, stageArg, unusedArgs } from "./build-args.js";
import { parseDockerfile } from "./parse-dockerfile.js";
import { planStages } from "./stage-graph.js";

const platforms = { build: "linux/amd64", target: "linux/arm64/v8", targetStage: "default" };

function plan(
  text: string,
  { target, args = {}, named = [] }: { target?: string; args?: object; named?: string[] } = {},
) {
  const dockerfile = parseDockerfile(text, "Dockerfile");
  expect(dockerfile.problems.filter(({ severity }) => severity === "error")).toEqual([]);
  const globals = globalScope(dockerfile, new Map(Object.entries(args)), platforms);
  return planStages({ dockerfile, globals, named: new Set(named), file: "Dockerfile", ...(target ? { target } : {}) });
}

it("leaves out the stages that the target does not need", () => {
  const graph = plan(
    "FROM a AS x\nFROM b AS unused\nFROM c AS y\nFROM x\nCOPY --from=y /f /f\nRUN --mount=from=0,target=/m ls",
  );
  expect(graph.needed.map(({ index, needs }) => [index, needs])).toEqual([
    [0, []],
    [2, []],
    [3, [0, 2]],
  ]);
});

it("finds the target by name in any case, and by number", () => {
  expect(plan("FROM a AS Build\nFROM b", { target: "BUILD" }).target.index).toBe(0);
  expect(plan("FROM a AS x\nFROM b", { target: "0" }).target.index).toBe(0);
  expect(() => plan("FROM a AS build\nFROM b", { target: "biuld" })).toThrow('target stage "biuld" could not be found');
});

it("tells stages, scratch, named contexts and images apart", () => {
  const graph = plan(
    "FROM scratch AS s\nFROM ctx AS c\nFROM s AS d\nFROM img\nCOPY --from=s / /\nCOPY --from=c / /\nCOPY --from=d / /",
    {
      named: ["ctx"],
    },
  );
  expect(graph.needed.map(({ base }) => base)).toEqual([
    { kind: "scratch" },
    { kind: "named", name: "ctx" },
    { kind: "stage", index: 0 },
    { kind: "image", image: "img" },
  ]);
});

it("replaces global arguments in FROM; those given go before the defaults", () => {
  const text = "ARG V=1\nARG I=deb:${V}\nFROM --platform=$TARGETPLATFORM ${I}";
  expect(plan(text).target).toMatchObject({ base: { image: "deb:1" }, platform: "linux/arm64/v8" });
  expect(plan(text, { args: { V: "2" } }).target.base).toEqual({ kind: "image", image: "deb:2" });
  expect(() => plan("ARG X\nFROM $X")).toThrow("base name ($X) should not be blank");
});

it("refuses a stage that comes later, and variables in --from", () => {
  expect(() => plan("FROM a\nCOPY --from=later /x /x\nFROM b AS later\nFROM b\nCOPY --from=0 / /")).toThrow(
    'stage "later" is used before it is defined',
  );
  expect(() => plan("FROM a\nCOPY --from=$x / /")).toThrow("variable expansion is not supported for --from");
});

it("refuses a mount that cannot be, at its line", () => {
  expect(() => plan("FROM a\nRUN --mount=type=cash,target=/x true")).toThrow('unsupported mount type "cash"');
});

it("gives a stage's ARG what was asked, else its default, else the global value", () => {
  const known = {
    asked: new Map([["a", "asked"]]),
    global: new Map([["g", "global"]]),
    scope: new Map([["s", "1"]]),
    escapeToken: "\\",
  };
  expect(stageArg({ key: "a", value: "d" }, known)).toBe("asked");
  expect(stageArg({ key: "b", value: "${s}2" }, known)).toBe("12");
  expect(stageArg({ key: "g" }, known)).toBe("global");
  expect(stageArg({ key: "n" }, known)).toBeUndefined();
});

it("tells arguments that nothing declares", () => {
  const dockerfile = parseDockerfile("ARG a\nFROM x\nARG b", "D");
  const asked = new Map([
    ["a", ""],
    ["b", ""],
    ["c", ""],
    ["HTTP_PROXY", ""],
    ["BUILDKIT_X", ""],
  ]);
  expect(unusedArgs(dockerfile, asked)).toEqual(["c"]);
});
