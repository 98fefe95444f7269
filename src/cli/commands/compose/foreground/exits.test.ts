import { expect, it } from "vitest";
import { aProject } from "../../../../plan/plan.fixture.js";
import { afterExit, type Exit, type ExitFlags } from "./exits.js";

const completed = { condition: "service_completed_successfully" } as const;
const project = aProject({ migrate: {}, db: {}, web: { depends_on: { migrate: completed } }, tests: {} });

/** What is known after these exits, in order. */
function after(flags: ExitFlags, ...exits: Exit[]) {
  const context = { project, flags, watched: new Set(["migrate", "db", "web", "tests"]) };
  return exits.reduce((state, exit) => afterExit(state, exit, context), {});
}

it("ends nothing unless it is asked to", () => {
  expect(after({}, { service: "db", code: 1 })).toEqual({});
});

it("ends all at the first exit, or at the first failure", () => {
  const exits = [
    { service: "db", code: 0 },
    { service: "web", code: 3 },
  ];
  expect(after({ abortOnContainerExit: true }, ...exits)).toEqual({ trigger: 0 });
  expect(after({ abortOnContainerFailure: true }, ...exits)).toEqual({ trigger: 3 });
});

it("does not take a job that others wait for and that ended well for an end of all", () => {
  expect(after({ abortOnContainerExit: true }, { service: "migrate", code: 0 })).toEqual({});
  expect(after({ abortOnContainerExit: true }, { service: "migrate", code: 2 })).toEqual({ trigger: 2 });
});

it("ends all at any exit when one service's code is asked for, and takes that one's", () => {
  const flags = { exitCodeFrom: "tests" };
  expect(after(flags, { service: "db", code: 9 })).toEqual({ trigger: 9 });
  const both = after(flags, { service: "db", code: 9 }, { service: "tests", code: 143 }, { service: "tests", code: 1 });
  expect(both).toEqual({ trigger: 9, asked: 143 });
  expect(after({ ...flags, abortOnContainerFailure: true }, { service: "tests", code: 0 })).toEqual({ asked: 0 });
});

it("leaves services out that nobody watches", () => {
  const context = { project, flags: { abortOnContainerExit: true }, watched: new Set(["web"]) };
  expect(afterExit({}, { service: "db", code: 1 }, context)).toEqual({});
});
