import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import type { ConsoleWorld } from "../apply/console.js";
import { GantryError } from "../base/errors.js";
import type { EngineClient } from "../client/engine-client.js";
import type { CliEnvironment } from "./context.js";
import { runCli } from "./program.js";

/** A terminal on which `gantry ui` runs; its engine is away at the first `absences` attempts. */
function aTerminal(absences: number, argv: readonly string[], run: (world: ConsoleWorld) => Promise<void>) {
  const said: string[] = [];
  const stream = () => Object.assign(new PassThrough(), { isTTY: true });
  const stderr = stream().on("data", (bytes: Buffer) => said.push(bytes.toString()));
  let attempts = 0;
  const environment = {
    ...{ argv, env: {}, cwd: "/", version: "0", stdin: stream(), stdout: stream(), stderr },
    ...{ signal: new AbortController().signal, forced: new AbortController().signal },
    clock: { now: () => new Date(0), monotonicMs: () => 0 },
    chooseEngine: async () => ({
      ...{ kind: "remote", endpoint: { kind: "tcp" } },
      warnings: [{ message: "unprotected", hint: "protect it" }],
    }),
    connect: async () => {
      attempts += 1;
      if (attempts <= absences) throw new GantryError("engine-unavailable", "away");
      return { close: () => {} } as EngineClient;
    },
    loadConsole: async () => run,
  } as unknown as CliEnvironment;
  return { environment, said: () => said.join("") };
}

it("connects anew for the console when the engine was away, and keeps the connection that it got", async () => {
  const { environment, said } = aTerminal(1, ["ui"], async (world) => {
    await expect(world.connect()).rejects.toThrow("away");
    expect(await world.connect()).toBe(await world.connect());
  });
  expect(await runCli(environment)).toBe(0);
  expect(said()).toBe("WARNING: unprotected\nhint: protect it\n"); // once, whatever is drawn meanwhile
});

it("tells its warnings as events of the stream where a program reads them", async () => {
  const { environment, said } = aTerminal(
    0,
    ["--progress", "json", "ui"],
    async (world) => void (await world.connect()),
  );
  await runCli(environment);
  const event = { version: 1, at: "1970-01-01T00:00:00.000Z", kind: "warning" };
  expect(JSON.parse(said())).toEqual({ ...event, message: "unprotected", hint: "protect it" });
});

it("shows commands for the project on the screen that a shell reads as they are meant", async () => {
  const argv = ["-f", "my file.yaml", "--profile", "it's", "ui"];
  const { environment } = aTerminal(0, argv, async (world) => {
    expect((await world.load()).command).toBe("gantry -f 'my file.yaml' --profile 'it'\\''s'");
  });
  expect(await runCli(environment)).toBe(0);
});
