/**
 * Prints one line from vitest's JSON report: `N passed, N failed[, N skipped]`. A file that could not be run at all counts
 * as one failure. Exits with 1 when anything failed, or when there is no complete report.
 */
import { readFileSync } from "node:fs";

const report = readReport(process.argv[2]);
const passed = report.numPassedTests;
const unrun = report.testResults.filter(
  (file) => file.status === "failed" && file.assertionResults.length === 0,
).length;
const failed = report.numFailedTests + unrun;
const skipped = report.numPendingTests + report.numTodoTests;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed > 0 || passed === 0 || !report.success ? 1 : 0;

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    console.error("The test run ended without a report.");
    return {
      numPassedTests: 0,
      numFailedTests: 0,
      numPendingTests: 0,
      numTodoTests: 0,
      testResults: [],
      success: false,
    };
  }
}
