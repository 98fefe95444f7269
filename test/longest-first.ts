/**
 * The order of test files: those that take minutes begin first, so that the run does not end with one of them alone.
 *
 * Vitest goes by the files' sizes where it has not seen them run, and these are a line that calls a suite.
 */
import { BaseSequencer, type TestSpecification } from "vitest/node";

const longest = ["/test/backends/", "/test/clients/docker-cli.test.ts"];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => longest.some((part) => moduleId.includes(part));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
