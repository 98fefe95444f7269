import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, it } from "vitest";
import type { ApplyEvent, FailureCard } from "../../../apply/apply-events.js";
import { reportToGithub } from "./github.js";
import { reportToJunit } from "./junit.js";
import { type RunFacts, runReport } from "./run-report.js";

const at = "2026-01-01T00:00:00.000Z";
const container = (service: string) => ({ kind: "container", name: `shop-${service}-1`, service }) as const;
const start = (service: string) => ({ operation: `start-container shop-${service}-1`, resource: container(service) });
const failure: FailureCard = {
  code: "unhealthy",
  message: 'container "shop-db-1" is <unhealthy>',
  service: "db",
  phase: "health",
  lastLogLines: ["100% & \u001b[31mred"],
  lastProbes: [{ at: "2026-01-01T00:00:01Z", durationMs: 120, exitCode: 1, output: "refused" }],
  heldBack: ["web"],
  source: { file: "/repo/app/compose.yaml", line: 4, column: 5 },
};
const events: ApplyEvent[] = [
  { at, kind: "run-started", command: "up", project: "shop", operations: 5 },
  {
    at,
    kind: "started",
    operation: "create-network shop_default",
    resource: { kind: "network", name: "shop_default" },
    action: "Creating",
  },
  {
    at,
    kind: "done",
    operation: "create-network shop_default",
    resource: { kind: "network", name: "shop_default" },
    action: "Created",
    durationMs: 40,
  },
  {
    at,
    kind: "started",
    operation: "remove-container shop-db-1",
    resource: container("db"),
    action: "Removing",
    step: true,
  },
  {
    at,
    kind: "done",
    operation: "remove-container shop-db-1",
    resource: container("db"),
    action: "Removed",
    step: true,
    durationMs: 9,
  },
  { at, kind: "started", operation: "wait-for db healthy", resource: container("db"), action: "Waiting" },
  { at, kind: "failed", operation: "wait-for db healthy", resource: container("db"), failure, durationMs: 1500 },
  { at, kind: "held-back", ...start("web"), because: "wait-for db healthy failed" },
  { at, kind: "started", ...start("slow"), action: "Starting" },
  { at, kind: "warning", message: "careful" },
  { at, kind: "run-ended", outcome: "failed", durationMs: 1600, done: 2 },
];
const facts: RunFacts = { command: "up", startedAt: at, durationMs: 2000, exitCode: 1, problems: [] };

it("gathers every operation with its end, and one that never ended as cancelled", () => {
  const report = runReport(events, facts);
  expect(report.operations.map(({ operation, state }) => `${operation}: ${state}`)).toEqual([
    "create-network shop_default: done",
    "remove-container shop-db-1: done",
    "wait-for db healthy: failed",
    "start-container shop-web-1: held-back",
    "start-container shop-slow-1: cancelled",
  ]);
  expect(report).toMatchObject({ outcome: "failed", project: "shop", failures: [failure], warnings: ["careful"] });
});

it("takes the code of what ran for that, and not for a code of its own", () => {
  const outcome = (exitCode: number, ended: "succeeded" | "rolled-back") =>
    runReport([{ at, kind: "run-ended", outcome: ended, durationMs: 1, done: 1 }], { ...facts, exitCode }).outcome;
  expect([
    outcome(0, "succeeded"),
    outcome(3, "succeeded"),
    outcome(3, "rolled-back"),
    outcome(130, "succeeded"),
  ]).toEqual(["succeeded", "failed", "rolled-back", "cancelled"]);
});

it("keeps the JSON report to its schema", () => {
  const read = (name: string) =>
    JSON.parse(readFileSync(new URL(`../../../../schemas/${name}`, import.meta.url), "utf8"));
  const ajv = new Ajv2020({ strict: false }).addSchema(read("events.json"));
  const validate = ajv.compile(read("report.json"));
  expect([validate(runReport(events, facts)), validate.errors]).toEqual([true, null]);
  expect(validate({ ...runReport(events, facts), exitCode: "1" })).toBe(false);
});

it("makes a JUnit suite of each service and a case of each operation, steps that went well left out", () => {
  const xml = reportToJunit(runReport(events, facts)).replaceAll(` timestamp="${at}"`, "");
  expect(xml.split("\n")).toEqual([
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites name="gantry up" tests="5" failures="1" errors="0" skipped="2" time="2.000">',
    '  <testsuite name="shop" tests="2" failures="0" errors="0" skipped="0" time="2.040">',
    '    <testcase classname="shop" name="gantry up" time="2.000"/>',
    '    <testcase classname="shop" name="create-network shop_default" time="0.040"/>',
    "  </testsuite>",
    '  <testsuite name="shop.db" tests="1" failures="1" errors="0" skipped="0" time="1.500">',
    '    <testcase classname="shop.db" name="wait-for db healthy" time="1.500">',
    '      <failure type="unhealthy" message="container &quot;shop-db-1&quot; is &lt;unhealthy&gt;">' +
      "error: db: container &quot;shop-db-1&quot; is &lt;unhealthy&gt;",
    "  phase:     health",
    "  place:     /repo/app/compose.yaml:4",
    "  probe:     00:00:01 (0.1s) exit code 1: refused",
    "  held back: web",
    "  last log lines:",
    "  │ 100% &amp; [31mred</failure>",
    "    </testcase>",
    "  </testsuite>",
    '  <testsuite name="shop.web" tests="1" failures="0" errors="0" skipped="1" time="0.000">',
    '    <testcase classname="shop.web" name="start-container shop-web-1" time="0.000">',
    '      <skipped message="wait-for db healthy failed"/>',
    "    </testcase>",
    "  </testsuite>",
    '  <testsuite name="shop.slow" tests="1" failures="0" errors="0" skipped="1" time="0.000">',
    '    <testcase classname="shop.slow" name="start-container shop-slow-1" time="0.000">',
    '      <skipped message="cancelled"/>',
    "    </testcase>",
    "  </testsuite>",
    "</testsuites>",
    "",
  ]);
});

it("fails the case of the command itself for what no operation did, and is never empty", () => {
  const { source: _source, ...bare } = failure;
  const problem = { ...bare, code: "unknown-key", phase: "load" };
  const report = runReport([], { ...facts, problems: [problem] });
  const xml = reportToJunit(report);
  expect(xml).toContain('<testcase classname="gantry" name="gantry up" time="2.000">');
  expect(xml).toContain('<failure type="unknown-key"');
  expect(reportToJunit(runReport([], { ...facts, exitCode: 0 }))).toContain('tests="1" failures="0"');
});

it("puts an annotation beside the line that asked for what failed", () => {
  const [first, second] = reportToGithub(runReport(events, facts), { root: "/repo" }).split("\n");
  expect(first).toMatch(
    /^::error file=app\/compose\.yaml,line=4,col=5,title=db%3A health failed \(unhealthy\)::error: db: container/,
  );
  expect(first).toContain("100%25 & ");
  expect(second).toBe("::warning title=gantry::careful");
});
