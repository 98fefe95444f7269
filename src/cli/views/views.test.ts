import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, it } from "vitest";
import type { ApplyEvent, FailureCard } from "../../apply/apply-events.js";
import { elapsedText } from "../../base/elapsed.js";
import type { ContainerSummary } from "../../wire/container.js";
import { printListing } from "../template/format.js";
import { failureText } from "./failure-text.js";
import { LineSplitter, logName, prefixed, splitTimestamp } from "./log-lines.js";
import { progressLines } from "./progress-lines.js";
import { psListing, psRow } from "./ps-view.js";
import { portsText } from "./rows/ports-text.js";
import { prefixPaint, styleFor } from "./style.js";
import { topTable } from "./top-table.js";

const at = "2026-01-01T00:00:00.000Z";
const about = {
  operation: "start-container shop-web-1",
  resource: { kind: "container", name: "shop-web-1", service: "web" },
} as const;
const failure: FailureCard = {
  code: "unhealthy",
  message: "container shop-db-1 is unhealthy",
  service: "db",
  phase: "health",
  exitCode: 137,
  signal: "SIGKILL",
  oomKilled: true,
  lastLogLines: ["starting", "\u001b[31mboom"],
  lastProbeOutput: "connection refused",
  heldBack: ["web"],
  hint: "See the whole log with: gantry logs db",
  source: { file: "/src/compose.yaml", line: 4, column: 5 },
};
const events: ApplyEvent[] = [
  { at, kind: "run-started", command: "up", project: "shop", operations: 2 },
  { at, kind: "started", ...about, action: "Recreate", step: true },
  {
    at,
    kind: "progress",
    operation: "pull-image a",
    resource: { kind: "image", name: "a" },
    text: "Downloading",
    current: 1,
    total: 2,
    part: "x",
  },
  {
    at,
    kind: "progress",
    operation: "run-provider up db",
    resource: { kind: "provider", name: "db" },
    text: "making it",
  },
  { at, kind: "waiting", ...about, waitsFor: "db to be healthy" },
  { at, kind: "done", ...about, action: "Started", durationMs: 412 },
  { at, kind: "failed", ...about, failure, durationMs: 3 },
  { at, kind: "held-back", ...about, because: "wait-for db healthy failed" },
  { at, kind: "warning", message: "careful", hint: "really" },
  { at, kind: "run-ended", outcome: "failed", durationMs: 500, done: 1 },
];

it("tells events in Docker Compose's words, one line each", () => {
  expect(events.flatMap((event) => progressLines(event, styleFor(false)))).toEqual([
    " db │ making it",
    " Container shop-web-1  Waiting  for db to be healthy",
    " Container shop-web-1  Started  0.4s",
    " Container shop-web-1  Error  container shop-db-1 is unhealthy",
    " Container shop-web-1  Held back  because of: wait-for db healthy failed",
    "warning: careful",
    "  hint: really",
  ]);
  expect(elapsedText(125_000)).toBe("2m05s");
});

it("keeps the JSON event stream to its schema", () => {
  const schema = JSON.parse(readFileSync(new URL("../../../schemas/events.json", import.meta.url), "utf8"));
  const validate = new Ajv2020({ strict: false }).compile(schema);
  for (const event of events) expect([validate({ version: 1, ...event }), validate.errors]).toEqual([true, null]);
  expect(validate({ version: 1, at, kind: "done", ...about })).toBe(false);
});

it("shows a failure with its evidence, without control characters", () => {
  expect(failureText(failure, styleFor(false))).toBe(
    [
      "error: db: container shop-db-1 is unhealthy",
      "  phase:     health",
      "  exit:      code 137 (out of memory)",
      "  place:     /src/compose.yaml:4",
      "  probe:     connection refused",
      "  held back: web",
      "  last log lines:",
      "  │ starting",
      "  │ [31mboom",
      "  hint: See the whole log with: gantry logs db",
      "",
    ].join("\n"),
  );
});

it("cuts bytes into lines wherever the chunks fall, and passes on an unfinished last one", () => {
  const splitter = new LineSplitter();
  const bytes = Buffer.from("añ1\r\nb\nrest");
  const lines = [...bytes].flatMap((byte) => splitter.push(Uint8Array.of(byte)));
  expect([...lines, ...splitter.end()]).toEqual(["añ1", "b", "rest"]);
  expect(splitter.end()).toEqual([]);
});

it("prefixes lines with the container's name, padded and coloured", () => {
  expect(logName("shop-web-1", "shop")).toBe("web-1");
  expect(logName("custom", "shop")).toBe("custom");
  expect(prefixed("hello", { name: "web-1", width: 7, paint: (text) => text })).toBe("web-1    | hello");
  expect(prefixPaint(10, true)("x")).toBe(prefixPaint(0, true)("x"));
  expect(splitTimestamp("2026-01-01T00:00:00.000000001Z a b")).toEqual({
    at: "2026-01-01T00:00:00.000000001Z",
    text: "a b",
  });
});

it("shortens commands unless they are wanted in full", () => {
  const summary = {
    Id: "abc",
    Names: ["/a"],
    Image: "busybox",
    Command: "sh -c 'while true; do sleep 1; done'",
    Created: 0,
    Ports: [],
    Labels: {},
    Status: "Up",
    Mounts: [],
    NetworkSettings: { Networks: {} },
  } as unknown as ContainerSummary;
  expect(printListing([psRow(summary, 0)], psListing)).toMatch(/"sh -c 'while .*…"/);
  expect(printListing([psRow(summary, 0, { trunc: false })], psListing)).toContain(
    `"sh -c 'while true; do sleep 1; done'"`,
  );
});

it("prints no table of processes where nothing runs", () => {
  expect(topTable([])).toBe("");
  const one = { service: "web", number: "1", titles: ["PID", "CMD"], processes: [["7", "sleep 1"]] };
  expect(topTable([one])).toBe("SERVICE  #   PID  CMD\nweb      1   7    sleep 1\n");
});

it("lists containers as a table and as Docker Compose's JSON", () => {
  const summary = {
    Id: "abc",
    Names: ["/shop-web-1"],
    Image: "nginx",
    Command: "nginx -g daemon",
    Created: 1000,
    Ports: [{ IP: "::", PrivatePort: 80, PublicPort: 8080, Type: "tcp" }],
    Labels: { "com.docker.compose.service": "web", "com.docker.compose.project": "shop" },
    State: "running",
    Status: "Up 2 minutes (healthy)",
    NetworkSettings: { Networks: { shop_default: {} } },
    Mounts: [],
  } as unknown as ContainerSummary;
  expect(printListing([psRow(summary, 1_120_000)], psListing).split("\n")[1]).toBe(
    `shop-web-1   nginx     "nginx -g daemon"   web       2 minutes ago   ${""}`.trimEnd() +
      `   Up 2 minutes (healthy)   [::]:8080->80/tcp`,
  );
  expect(psRow(summary, 1_120_000)).toMatchObject({
    Name: "shop-web-1",
    Service: "web",
    Project: "shop",
    State: "running",
    Health: "healthy",
    ExitCode: 0,
    Publishers: [{ URL: "::", TargetPort: 80, PublishedPort: 8080, Protocol: "tcp" }],
  });
  expect(portsText([{ PrivatePort: 9000, Type: "tcp" }])).toBe("9000/tcp");
});
