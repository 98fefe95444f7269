import { expect, it } from "vitest";
import type { EngineClient } from "../../../../client/engine-client.js";
import type { CliContext } from "../../../context.js";
import { wait } from "./wait.js";

/** A project of containers that end in the given order, each with its code. */
function aProject(ends: ReadonlyArray<{ service: string; code: number }>) {
  const printed: string[] = [];
  const codes: number[] = [];
  const gates = ends.map(aGate);
  const containers = {
    list: async () =>
      ends.map(({ service }, at) => ({
        ...{ Id: String(at), Names: [`/p-${service}-1`] },
        Labels: { "com.docker.compose.service": service },
      })),
    wait: (id: string) => ({
      registered: Promise.resolve(),
      exited: gates[Number(id)]?.promise.then(() => {
        gates[Number(id) + 1]?.resolve();
        return { StatusCode: ends[Number(id)]?.code ?? 0 };
      }),
    }),
  };
  gates[0]?.resolve();
  const context = {
    globals: { projectName: "p" },
    stdout: { write: (text: string) => printed.push(text) },
    connectAhead: () => {},
    connect: async () => ({ containers }) as unknown as EngineClient,
    finish: (code: number) => codes.push(code),
    signal: new AbortController().signal,
  } as unknown as CliContext;
  return { context, printed, codes };
}

function aGate() {
  let open = () => {};
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, resolve: () => open() };
}

it("tells each container as it ends, and ends with the code of the last one", async () => {
  const { context, printed, codes } = aProject([
    { service: "a", code: 0 },
    { service: "b", code: 3 },
  ]);
  await wait(context, {}, ["a", "b"]);
  expect(printed.join("")).toBe(
    "container p-a-1 exited with status code 0\ncontainer p-b-1 exited with status code 3\n",
  );
  expect(codes).toEqual([3]);
});

it("waits for the named services alone, and says so when none of them runs", async () => {
  const { context, printed } = aProject([{ service: "a", code: 0 }]);
  await expect(wait(context, {}, ["b"])).rejects.toThrow("no containers to wait for: b");
  expect(printed).toEqual([]);
});
