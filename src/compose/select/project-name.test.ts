import { describe, expect, it } from "vitest";
import { Report } from "../report.js";
import { type NameSources, projectName } from "./project-name.js";

const place = { path: "name", at: [{ file: "a.yaml", line: 1, column: 7 }] };
const name = (sources: Partial<NameSources>) => {
  const report = new Report();
  return [
    projectName({ directory: "/home/me/My App.v2", ...sources }, report),
    ...report.sorted().map(({ code }) => code),
  ];
};

describe("the project's name", () => {
  it.each<[string, Partial<NameSources>, string[]]>([
    ["-p first", { asked: "a", environment: "b", written: { name: "c", place } }, ["a"]],
    ["then the environment", { environment: "b", written: { name: "c", place } }, ["b"]],
    ["then the file", { written: { name: "c", place } }, ["c"]],
    ["then the directory, made to fit", {}, ["myappv2"]],
    ["leading marks go", { directory: "/x/_-Demo_1" }, ["demo_1"]],
    ["a given name must fit", { asked: "My_App" }, ["My_App", "bad-project-name"]],
    ["a written name is made to fit", { written: { name: "a b", place } }, ["ab", "bad-project-name"]],
    ["a directory that gives none", { directory: "/" }, ["", "bad-project-name"]],
  ])("%s", (_, sources, expected) => expect(name(sources)).toEqual(expected));
});
