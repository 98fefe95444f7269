import { expect, it } from "vitest";
import { BuildOutput } from "./build-output.js";

function told() {
  const lines: string[] = [];
  const output = new BuildOutput((message) => lines.push(message.kind === "text" ? message.text : "pull"));
  return { lines, output };
}

it("tells the stages one after the other, whichever is faster", () => {
  const { lines, output } = told();
  const [one, two, three] = [output.stage(), output.stage(), output.stage()];
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
  output.stage();
  output.stage().text("failed here");
  output.flush();
  expect(lines).toEqual(["failed here"]);
});
