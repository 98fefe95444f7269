import { expect, it } from "vitest";
import { SwitchCommand } from "./boolean-flags.js";

/** The flags of `run` as given, and its operands. */
function parse(line: string) {
  const program = new SwitchCommand("gantry").enablePositionalOptions().option("--dry-run").exitOverride();
  let found: unknown;
  program
    .command("run <image> [command...]")
    .option("--rm")
    .option("-d, --detach")
    .option("-e, --env <value>")
    .option("--sig-proxy")
    .option("--no-sig-proxy")
    .option("--no-trunc")
    .passThroughOptions()
    .action((image: string, command: string[], options) => {
      found = { image, command, ...options };
    });
  program.parse(line.split(" "), { from: "user" });
  return found;
}

it("takes true and false behind a switch", () => {
  expect(parse("run --rm=true --detach=false --sig-proxy=false i")).toMatchObject({ rm: true, sigProxy: false });
  expect(parse("run --rm=false --sig-proxy=1 --no-trunc=false i")).toMatchObject({ sigProxy: true, trunc: true });
  expect(parse("run -d=true i")).toMatchObject({ detach: true });
  expect(parse("run --detach=false i")).not.toHaveProperty("detach");
});

it("leaves alone what belongs to the command that is run, and values of other flags", () => {
  expect(parse("run i cmd --rm=false")).toMatchObject({ command: ["cmd", "--rm=false"] });
  expect(parse("run -e --rm=false i")).toMatchObject({ env: "--rm=false", image: "i" });
  expect(parse("run -de --rm=false i")).toMatchObject({ env: "--rm=false", detach: true });
});

it("takes a switch before a sub-command for the program's", () => {
  expect(parse("--dry-run=false run i")).toMatchObject({ image: "i" });
});
