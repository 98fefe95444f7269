/** Names the tests that passed only when repeated, so that a repetition hides nothing. A reporter for vitest. */
import type { Reporter, TestCase, TestModule } from "vitest/node";

/** A test's file and full name, and how often it was repeated. */
interface Repeated {
  readonly name: string;
  readonly times: number;
}

export default class ReportFlaky implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const repeated = modules.flatMap((module) => [...module.children.allTests("passed")].flatMap(repetitions));
    for (const { name, times } of repeated) console.warn(`Flaky: passed after ${times} repetition(s): ${name}`);
  }
}

function repetitions(test: TestCase): Repeated[] {
  const { flaky = false, retryCount = 0 } = test.diagnostic() ?? {};
  return flaky ? [{ name: `${test.module.relativeModuleId} > ${test.fullName}`, times: retryCount }] : [];
}
