/**
 * A run as JUnit XML: a suite for each service, a case for each of its operations, so that a CI page tells at a glance
 * which service failed and in what. Pure.
 *
 * A first case stands for the command as a whole: it fails when anything did that is no operation, and a run with
 * nothing to do is no empty report. Held back is skipped. The names are the operations' ids, the same in every run.
 */
import type { FailureCard } from "../../../apply/apply-events.js";
import { failureText } from "../failure-text.js";
import { styleFor } from "../style.js";
import type { ReportedOperation, RunReport } from "./run-report.js";

interface Case {
  readonly suite: string;
  readonly name: string;
  readonly seconds: number;
  readonly failures: readonly FailureCard[];
  readonly skipped?: string;
}

/** The whole document, with a line end. */
export function reportToJunit(report: RunReport): string {
  const cases = casesOf(report);
  const suites = [...new Set(cases.map(({ suite }) => suite))];
  const head = `name="${text(`gantry ${report.command}`)}" ${counts(cases)} timestamp="${report.startedAt}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${head} time="${inSeconds(report.durationMs)}">`,
    ...suites.flatMap((suite) => suiteLines(suite, cases, report.startedAt)),
    "</testsuites>",
    "",
  ].join("\n");
}

function casesOf(report: RunReport): Case[] {
  const root = report.project ?? "gantry";
  const ownOperations = new Set(report.operations.flatMap(({ failure }) => failure ?? []));
  const problems = report.failures.filter((failure) => !ownOperations.has(failure));
  const whole: Case = {
    suite: root,
    name: `gantry ${report.command}`,
    seconds: report.durationMs / 1000,
    failures: problems,
    ...(report.outcome === "cancelled" ? { skipped: "cancelled" } : {}),
  };
  return [whole, ...report.operations.filter(isShown).map((operation) => caseOf(root, operation))];
}

/** Inner steps of a replacement are worth a case only when they went wrong. */
function isShown({ step, state }: ReportedOperation): boolean {
  return !step || state === "failed";
}

function caseOf(root: string, { operation, resource, ...how }: ReportedOperation): Case {
  const { state, failure, optional, because, durationMs } = how;
  const skipped = optional ? failure?.message : state === "done" || state === "failed" ? undefined : (because ?? state);
  return {
    suite: resource.service === undefined ? root : `${root}.${resource.service}`,
    name: operation,
    seconds: durationMs / 1000,
    failures: failure && !optional ? [failure] : [],
    ...(skipped === undefined ? {} : { skipped }),
  };
}

function suiteLines(suite: string, all: readonly Case[], timestamp: string): string[] {
  const cases = all.filter((one) => one.suite === suite);
  const seconds = cases.reduce((sum, one) => sum + one.seconds, 0);
  const head = `name="${text(suite)}" ${counts(cases)} timestamp="${timestamp}" time="${seconds.toFixed(3)}"`;
  return [`  <testsuite ${head}>`, ...cases.flatMap(caseLines), "  </testsuite>"];
}

function caseLines({ suite, name, seconds, failures, skipped }: Case): string[] {
  const head = `<testcase classname="${text(suite)}" name="${text(name)}" time="${seconds.toFixed(3)}"`;
  if (failures.length === 0 && skipped === undefined) return [`    ${head}/>`];
  const skip = failures.length === 0 && skipped !== undefined ? [`      <skipped message="${text(skipped)}"/>`] : [];
  return [`    ${head}>`, ...failures.flatMap(failureLines), ...skip, "    </testcase>"];
}

function failureLines(failure: FailureCard): string[] {
  const head = `<failure type="${text(failure.code)}" message="${text(failure.message)}">`;
  return [`      ${head}${text(failureText(failure, styleFor(false)).trimEnd())}</failure>`];
}

function counts(cases: readonly Case[]): string {
  const failed = cases.filter(({ failures }) => failures.length > 0).length;
  const skipped = cases.filter((one) => one.failures.length === 0 && one.skipped !== undefined).length;
  return `tests="${cases.length}" failures="${failed}" errors="0" skipped="${skipped}"`;
}

function inSeconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** For an attribute or between tags; what XML 1.0 has no character for is left out. */
function text(value: string): string {
  return [...value]
    .filter((char) => /[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.test(char))
    .join("")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
