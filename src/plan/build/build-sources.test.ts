import { expect, it } from "vitest";
import { aProject } from "../plan.fixture.js";
import { changedSources, changesText, digestSection, directoriesOf, sectionOf } from "./build-sources.js";
import { imageBuildOf } from "./image-build.js";

const digest = (text: string) => `digest of ${text}`;
const tree = (files: Record<string, string>) => ({ digest: JSON.stringify(files), files });

function build(section: object, options: { args?: Record<string, string>; version?: string } = {}) {
  const project = aProject({ web: { build: { context: "/c", ...section } } });
  const service = project.services.get("web");
  if (!service) throw new Error("missing in the fixture");
  return imageBuildOf(project, service, { version: "1", ...options });
}

const fieldsOf = (...given: Parameters<typeof build>) => digestSection(sectionOf(build(...given)), digest);

it("counts what the section says of the image, and nothing of how it is built or by which version", () => {
  expect(Object.keys(fieldsOf({ args: { A: "1" }, target: "t", tags: ["x"], labels: { l: "1" } })).sort()).toEqual([
    ...["args.A", "labels.l", "tags", "target"],
  ]);
  const how = { no_cache: true, pull: true, cache_from: ["x"], ssh: ["default"] };
  expect(fieldsOf(how, { version: "2" })).toEqual(fieldsOf({}));
});

it("takes an image that was built with arguments of the command line for the one that was asked for", () => {
  expect(fieldsOf({ args: { A: "1" } }, { args: { A: "2", B: "3" } })).toEqual(fieldsOf({ args: { A: "1" } }));
});

it("reads directories by what is in them, wherever they are, and addresses by their words", () => {
  const contexts = { additional_contexts: { lib: "/lib", base: "docker-image://a", layout: "oci-layout:///l" } };
  expect(directoriesOf(build(contexts))).toEqual({
    ...{ context: "/c", "additional_contexts.lib": "/lib", "additional_contexts.layout": "/l" },
  });
  expect(fieldsOf({ ...contexts, context: "https://git.example/r.git" })).toEqual({
    context: 'digest of "https://git.example/r.git"',
    "additional_contexts.base": 'digest of "docker-image://a"',
  });
});

it("names what changed: fields, then files, the first of many in a reason", () => {
  const before = { fields: { "args.A": "1", target: "t" }, trees: { context: tree({ a: "1", b: "1", c: "1" }) } };
  const now = { fields: { "args.A": "2", target: "t" }, trees: { context: tree({ a: "1", b: "2", d: "1" }) } };
  const changes = changedSources(before, now);
  expect(changes).toEqual(["args.A changed", "context: b changed", "context: c is gone", "context: d is new"]);
  expect(changesText(changes)).toBe("args.A changed, 3 more");
  expect(changesText(changes.slice(1, 2))).toBe("context: b changed");
  expect(changedSources(before, { ...before, trees: {} })).toEqual(["context is gone"]);
  expect(changedSources(before, before)).toEqual([]);
});
