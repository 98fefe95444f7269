import { expect, it } from "vitest";
import { ClassicSteps } from "./classic-steps.js";

it("makes events of steps out of the classic builder's words, however they are cut", () => {
  const text = [
    ...["Step 1/4 : FROM busybox AS one", " ---> 0123456789ab", "Step 2/4 : RUN echo a", " ---> Using cache"],
    ...[" ---> 0123456789ac", "Step 3/4 : FROM busybox", " ---> 0123456789ad", "Step 4/4 : RUN echo b; false"],
    ...[" ---> Running in 0123456789ae", "b", "Removing intermediate container 0123456789ae", ""],
  ].join("\n");
  for (const size of [1, 7, text.length]) {
    const steps = new ClassicSteps();
    const pieces = text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
    expect([...pieces.flatMap((piece) => steps.push(piece)), ...steps.failed()]).toEqual([
      { kind: "began", step: 1, stage: 0, text: "FROM busybox AS one", line: 0 },
      { kind: "ended", step: 1, outcome: "done" },
      { kind: "began", step: 2, stage: 0, text: "RUN echo a", line: 0 },
      { kind: "ended", step: 2, outcome: "cached" },
      { kind: "began", step: 3, stage: 1, text: "FROM busybox", line: 0 },
      { kind: "ended", step: 3, outcome: "done" },
      { kind: "began", step: 4, stage: 1, text: "RUN echo b; false", line: 0 },
      { kind: "output", step: 4, text: "b\n" },
      { kind: "ended", step: 4, outcome: "failed" },
    ]);
  }
});
