import { PassThrough } from "node:stream";
import { expect, it, vi } from "vitest";
import type { EngineClient } from "../../../client/engine-client.js";
import type { Operation } from "../../../plan/operation.js";
import type { CliContext } from "../../context.js";
import { runPlan } from "./run-plan.js";

const clock = { now: () => new Date(0), monotonicMs: () => 0 };

it("refuses what cannot be before a generation is begun, and leaves no view open", async () => {
  const calls: string[] = [];
  // What is asked of the engine here would be the history's.
  const client = new Proxy({}, { get: (_, name) => void calls.push(String(name)) }) as EngineClient;
  const context = {
    ...{ globals: { parallel: "many" }, env: {}, clock, stderr: new PassThrough(), argv: [], cwd: "/" },
    ...{ signal: new AbortController().signal, forced: new AbortController().signal },
    chooseEngine: async () => ({ kind: "embedded", warnings: [] }),
  } as unknown as CliContext;
  const close = vi.fn(async () => {});
  const renderer = { show: () => {}, tell: () => {}, close };
  const plan = { project: "p", operations: [{ kind: "create-network" } as Operation], warnings: [] };
  const generation = { command: "down", project: { name: "p" }, observed: {}, services: [] } as never;
  const run = runPlan(context, client, plan, { command: "up", renderer, generation });
  await expect(run).rejects.toMatchObject({ code: "bad-usage" });
  expect(close).toHaveBeenCalledOnce();
  expect(calls).toEqual([]);
});
