import { expect, it } from "vitest";
import { parseOutput } from "./parse-output.js";

const parse = (text: string) => parseOutput(text, (path) => `/here/${path}`);

it("reads directories, standard output, archives and registries", () => {
  expect(parse("out")).toEqual({ export: { kind: "directory", to: "/here/out" }, push: false, names: [] });
  expect(parse("-")).toEqual({ export: { kind: "files" }, push: false, names: [] });
  expect(parse("type=local,dest=out").export).toEqual({ kind: "directory", to: "/here/out" });
  expect(parse("type=tar,dest=-").export).toEqual({ kind: "files" });
  expect(parse("type=oci,dest=o.tar").export).toEqual({ kind: "archive", to: "/here/o.tar" });
  expect(parse("type=docker,name=a:1")).toEqual({ push: false, names: ["a:1"] });
  expect(parse("type=docker,dest=d.tar").export).toEqual({ kind: "archive", to: "/here/d.tar" });
  expect(parse("type=image,name=r/a,push=true")).toEqual({ push: true, names: ["r/a"] });
  expect(parse("type=registry").push).toBe(true);
});

it("refuses others by name", () => {
  expect(() => parse("type=cacheonly")).toThrow('--output: unknown type "cacheonly"');
  expect(() => parse("type=local")).toThrow("needs dest=DIRECTORY");
});
