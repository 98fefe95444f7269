import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compilePlanValidator } from "../../../scripts/compile-schemas.mjs";
import type { Project } from "../../compose/project.js";
import type { ObservedState } from "../observed.js";
import { aProject, observedAfterUp, offNetworks, onlyImages } from "../plan.fixture.js";
import { planUp } from "../plan-up.js";
import { defaultUpOptions } from "../up-options.js";
import { basisOf } from "./basis.js";
import { otherOperations, whatMoved } from "./moved.js";
import { checkSeal, parsePlanDocument } from "./parse-document.js";
import { checksumOf, digestPlan, optionsOf, type PlanDocument, planDocument } from "./plan-document.js";

const digest = (text: string) => createHash("sha256").update(`key ${text}`).digest("hex").slice(0, 32);
const files = { "/src/shop/compose.yaml": digest("one") };
const web = { environment: { WORD: "geheim" }, resources: { mem_limit: 1 << 25 } };

function documentOf(project: Project, observed: ObservedState): PlanDocument {
  const options = { ...defaultUpOptions, scale: new Map([["web", 2]]) };
  const basis = basisOf(project, observed, { files, digest });
  const facts = { madeBy: "1.0.0", madeAt: "2026-01-01T00:00:00Z", key: digest("name").slice(0, 16), basis, options };
  return planDocument(planUp(project, observed, options), { ...facts, request: { cwd: "/src/shop" } }, digest);
}

const document = documentOf(aProject({ web }), onlyImages);
const text = JSON.stringify(document, null, 2);
const parsed = (value: string) => () => parsePlanDocument(value, "plan.json");

describe("a plan in a file", () => {
  it("comes back as it was written, its options too", () => {
    expect(parsed(text)()).toEqual(document);
    expect(optionsOf(document)).toEqual({ ...defaultUpOptions, scale: new Map([["web", 2]]) });
    expect(document.operations.map((op) => op.text)).toContain("create-container shop-web-2: container is missing");
  });

  it("tells nothing of environments, not even to who tries values", () => {
    expect(text).not.toContain("geheim");
    expect(text).not.toContain(createHash("sha256").update("geheim").digest("hex").slice(0, 16));
  });

  it("tells of changes that their values differ, and the values only where they are numbers or names", () => {
    const state = observedAfterUp(
      aProject({ web: { ...web, environment: { WORD: "wort1" }, command: ["x", "-pwort2"] } }),
    );
    const saved = documentOf(aProject({ web: { ...web, resources: { mem_limit: 1 << 26 } } }), state);
    const texts = JSON.stringify(saved);
    expect(texts).toContain("services.web.environment.WORD changed");
    for (const word of ["geheim", "wort1", "wort2"]) expect(texts).not.toContain(word);
    expect(texts).toContain("services.web.mem_limit: 33554432 → 67108864");
  });

  it("is refused when somebody who knows the format has changed it: the seal is the user's own", () => {
    expect(() => checkSeal(document, digest, "plan.json")).not.toThrow();
    const other = { ...document, request: { cwd: "/elsewhere", file: ["https://git.example/r.git"] } };
    const forged = parsed(JSON.stringify({ ...other, checksum: checksumOf(other) }))();
    expect(() => checkSeal(forged, digest, "plan.json")).toThrow("plan.json: it is not sealed by your key");
    const { seal: _seal, ...bare } = other;
    const unsealed = parsed(JSON.stringify({ ...bare, checksum: checksumOf(bare) }))();
    expect(() => checkSeal(unsealed, digest, "plan.json")).toThrow("not sealed");
  });

  it("is refused when it is nested deeper than it can be walked", () => {
    const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
    expect(parsed(text.replace(/^\{/, `{ "note": ${deep},`))).toThrow("plan.json: it is nested too deeply");
  });

  it("is refused with its place when it is damaged, foreign, or of a newer version", () => {
    expect(parsed(text.slice(0, 400))).toThrow(/^plan\.json:\d+:\d+: it is no JSON/);
    expect(parsed(text.replace('"kind": "create-container"', '"kind": 7'))).toThrow(
      /^plan\.json: \/operations\/\d+\/kind: must be string/,
    );
    expect(parsed('{ "version": 1 }')).toThrow("plan.json: must have required property 'madeBy'");
    expect(parsed("[]")).toThrow("plan.json: must be object");
    expect(parsed(text.replace('"version": 1', '"version": 2'))).toThrow(
      "plan.json: a plan of version 2; this Gantry reads version 1",
    );
    expect(parsed(text.replace('"shop"', '"shob"'))).toThrow("plan.json: it was changed after it was written");
  });

  it("may have members that a later release added", () => {
    const more = { ...document, note: "later" };
    expect(parsed(JSON.stringify({ ...more, checksum: checksumOf(more) }))()).toMatchObject({ note: "later" });
  });
});

describe("what has moved", () => {
  const project = aProject({ web });
  const observed = observedAfterUp(project);
  const before = basisOf(project, observed, { files, digest });
  const moved = (now: Partial<Parameters<typeof basisOf>[2]>, state = observed, model = project) =>
    whatMoved(before, basisOf(model, state, { files, digest, ...now }));

  it("is nothing when all is as it was", () => {
    expect(moved({})).toEqual([]);
  });

  it("names files that changed, are gone, or are new", () => {
    expect(moved({ files: { "/src/shop/compose.yaml": digest("two"), "/new": digest("") } })).toEqual([
      "file /new: it is new",
      "file /src/shop/compose.yaml: its content changed",
    ]);
    expect(moved({ files: {} })).toEqual(["file /src/shop/compose.yaml: it is gone"]);
  });

  it("names objects and their fields, values where they tell nothing", () => {
    const [one] = observed.containers;
    if (!one?.details) throw new Error("missing in the fixture");
    const withHost = (Memory: number) => ({
      ...observed,
      containers: [{ ...one, details: { ...one.details, HostConfig: { ...one.details?.HostConfig, Memory } } }],
    });
    expect(moved({}, withHost(1) as ObservedState)).toEqual(["container shop-web-1: HostConfig.Memory changed"]);
    expect(moved({}, { ...observed, containers: [{ ...one, state: "exited", exitCode: 3 }] })).toEqual([
      "container shop-web-1: exitCode: (unset) → 3",
      "container shop-web-1: state: running → exited",
    ]);
    expect(moved({}, { ...observed, containers: [{ ...one, id: "other", state: "exited" }] })).toEqual([
      "container shop-web-1: id: id-shop-web-1 → other",
    ]);
    expect(moved({}, { ...observed, containers: [offNetworks(one)] })).toEqual([
      "container shop-web-1: networks.shop_default changed",
    ]);
    expect(moved({}, { ...observed, networks: [] })).toEqual(["network shop_default: it is gone"]);
  });

  it("names files of a build's context, and what else a build reads", () => {
    const reading = (files: Record<string, string>, word = "1"): ObservedState => {
      const now = { fields: { target: word }, trees: { context: { digest: JSON.stringify(files), files } } };
      return { ...observed, builds: new Map([["web", { now }]]) };
    };
    const drawn = basisOf(project, reading({ a: "1", b: "1" }), { files, digest });
    const movedTo = (state: ObservedState) => whatMoved(drawn, basisOf(project, state, { files, digest }));
    expect(movedTo(reading({ a: "1", b: "1" }))).toEqual([]);
    expect(movedTo(reading({ a: "2", c: "1" }, "2"))).toEqual([
      ...["build web: context: a changed", "build web: context: b is gone"],
      ...["build web: context: c is new", "build web: target changed"],
    ]);
    expect(movedTo(observed)).toEqual(["build web: context changed", "build web: target changed"]);
  });

  it("does not count health, which comes and goes by itself", () => {
    const containers = observed.containers.map((one) => ({ ...one, health: "healthy" as const }));
    expect(moved({}, { ...observed, containers })).toEqual([]);
  });

  it("falls back on the model when the same files say something else", () => {
    const other = aProject({ web: { ...web, user: "7" } });
    expect(moved({}, observed, other)).toEqual(["service web: the same files say something else now"]);
    expect(moved({}, observed, { ...project, workingDir: "/src/shop/." })).toEqual([
      "the model: the same files say something else now",
    ]);
  });

  it("tells another plan from the same state by its operations", () => {
    const plan = planUp(project, onlyImages, defaultUpOptions);
    const drawn = documentOf(project, onlyImages);
    const now = planDocument(plan, { ...drawn, options: defaultUpOptions }, digest);
    expect(digestPlan(plan, digest)).not.toBe(drawn.plan);
    expect(otherOperations(drawn, now.operations)).toContain(
      "no longer planned: create-container shop-web-2: container is missing",
    );
  });
});

it("the checked-in validator is the one that the schema gives", () => {
  const path = new URL("../generated/plan-validator.js", import.meta.url);
  // To bring it up to date: node scripts/compile-schemas.mjs
  expect(readFileSync(path, "utf8") === compilePlanValidator()).toBe(true);
});
