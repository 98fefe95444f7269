import { expect, it } from "vitest";
import { parseDockerfile } from "../parse-dockerfile.js";
import { checkIgnoredSources } from "./check-context.js";

/** `LINE RULE`, as the file has them. */
function found(...lines: string[]): string[] {
  return parseDockerfile(lines.join("\n"), "D").problems.map(({ source, code }) => `${source?.line} ${code}`);
}

it("finds nothing in a file as it should be", () => {
  const lines = ["ARG V=1", "FROM --platform=$BUILDPLATFORM debian:$V AS build", "WORKDIR /a", "WORKDIR b", "ENV A=1"];
  expect(found(...lines, "FROM scratch", "COPY --from=build /a /", "EXPOSE 80/tcp", 'CMD ["a"]')).toEqual([]);
});

it("wants stage names to be unique, in lower case and not reserved, and AS as FROM is written", () => {
  expect(found("FROM a AS x", "FROM a AS x")).toEqual(["2 DuplicateStageName"]);
  expect(found("FROM a AS Build")).toEqual(["1 StageNameCasing"]);
  expect(found("FROM a AS scratch", "FROM a AS context")).toEqual(["1 ReservedStageName", "2 ReservedStageName"]);
  expect(found("FROM a as x")).toEqual(["1 FromAsCasing"]);
  expect(found("from a as x")).toEqual([]);
});

it("wants one casing for all instructions", () => {
  expect(found("FROM a", "RUN x", "copy a /b")).toEqual(["3 ConsistentInstructionCasing"]);
  expect(found("from a", "Run x", "user x")).toEqual(["2 ConsistentInstructionCasing"]);
});

it("wants commands as lists, unless the stage chose its shell", () => {
  expect(found("FROM a", "ENTRYPOINT a", "CMD b")).toEqual(["2 JSONArgsRecommended", "3 JSONArgsRecommended"]);
  expect(found("FROM a", 'SHELL ["bash", "-c"]', "CMD b")).toEqual([]);
});

it("finds old forms, relative directories, ports that are none, and what holds a secret", () => {
  expect(found("FROM a", "ENV a b", "LABEL c d", 'LABEL "a b"="c"')).toEqual([
    "2 LegacyKeyValueFormat",
    "3 LegacyKeyValueFormat",
  ]);
  expect(found("FROM a", "WORKDIR a", "WORKDIR /b")).toEqual(["2 WorkdirRelativePath"]);
  expect(found("FROM a", "EXPOSE 80/TCP 1.2.3.4:80:80")).toEqual(["2 ExposeProtoCasing", "2 ExposeInvalidFormat"]);
  expect(found("FROM a", "ARG NPM_TOKEN", "ENV DB_PASSWORD=x TOKEN_FILE=/run/t KEYBOARD=de")).toEqual([
    "2 SecretsUsedInArgOrEnv",
    "3 SecretsUsedInArgOrEnv",
  ]);
});

it("finds bases that nobody can name, and platforms that say nothing or too much", () => {
  expect(found("FROM a:$VERSION")).toEqual(["1 UndefinedArgInFrom"]);
  expect(found("ARG VERSION", "FROM a:$VERSION")).toEqual(["2 InvalidDefaultArgInFrom"]);
  expect(found("ARG BASE=a", "FROM $BASE")).toEqual([]);
  expect(found("FROM --platform=$TARGETPLATFORM a")).toEqual(["1 RedundantTargetPlatform"]);
  expect(found("FROM --platform=linux/amd64 a")).toEqual(["1 FromPlatformFlagConstDisallowed"]);
});

it("finds sources that the ignore file keeps out of the context", () => {
  const file = parseDockerfile("FROM a AS b\nCOPY secret.txt ./dist/ /x/\nCOPY --from=b dist /\nADD *.md /m/", "D");
  const messages = checkIgnoredSources(file, ["*.txt", "*.md", "dist"]).map(({ message }) => message);
  expect(messages).toEqual([
    'Attempting to Copy file "secret.txt" that is excluded by .dockerignore',
    'Attempting to Copy file "dist" that is excluded by .dockerignore',
  ]);
  expect(checkIgnoredSources({ ...file, checks: { ...file.checks, skip: new Set(["all"]) } }, ["*"])).toEqual([]);
});
