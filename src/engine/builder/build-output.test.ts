import { expect, it } from "vitest";
import { BuildOutput } from "./build-output.js";

function told() {
  const lines: string[] = [];
  const output = new BuildOutput((message) => lines.push(message.kind === "text" ? message.text : message.kind), {
    tellsSteps: false,
  });
  return { lines, output };
}

it("tells the stages one after the other, whichever is faster", () => {
  const { lines, output } = told();
  const [one, two, three] = [output.stage(0), output.stage(1), output.stage(2)];
  three.text("3a");
  one.text("1a");
  two.text("2a");
  two.end();
  one.text("1b");
  expect(lines).toEqual(["1a", "1b"]);
  one.end();
  expect(lines).toEqual(["1a", "1b", "2a", "3a"]);
  three.text("3b");
  expect(lines.at(-1)).toBe("3b");
});

it("tells what waits when the build ends early", () => {
  const { lines, output } = told();
  output.stage(0);
  output.stage(1).text("failed here");
  output.flush();
  expect(lines).toEqual(["failed here"]);
});

it("tells steps as they are done, whichever stage's, when it is asked to", () => {
  const events: unknown[] = [];
  const output = new BuildOutput((message) => events.push(message.kind === "step" ? message.event : message), {
    tellsSteps: true,
  });
  const [one, two] = [output.stage(0), output.stage(3)];
  two.begin({ number: 4, total: 5, text: "FROM a", line: 9 });
  two.tell({ kind: "pull", message: { id: "l", status: "Downloading", progressDetail: { current: 1, total: 2 } } });
  two.tell({ kind: "pull", message: { id: "l", status: "Extracting", progressDetail: { current: 1, total: 2 } } });
  one.begin({ number: 1, total: 5, text: "RUN x", line: 2 });
  one.words(" ---> Running in 1\n");
  one.text("said");
  two.cached();
  two.done("id");
  one.failed();
  expect(events).toEqual([
    { kind: "began", step: 4, stage: 3, text: "FROM a", line: 9 },
    { kind: "pulling", step: 4, part: "l", current: 1, total: 2 },
    { kind: "began", step: 1, stage: 0, text: "RUN x", line: 2 },
    { kind: "output", step: 1, text: "said" },
    { kind: "ended", step: 4, outcome: "cached" },
    { kind: "ended", step: 1, outcome: "failed" },
  ]);
});
