import { expect, it } from "vitest";
import { limiter } from "./limiter.js";
import { SingleFlight } from "./single-flight.js";

function aFlight() {
  const flights = new SingleFlight<string, string>((message) => message);
  let resolve = (_result: string) => {};
  const promise = new Promise<string>((settle) => {
    resolve = settle;
  });
  const gate = { promise, resolve };
  const runs: AbortSignal[] = [];
  const join = (signal: AbortSignal, heard: string[] = []) =>
    flights.run("key", { signal, listen: (message) => heard.push(message) }, (shared, tell) => {
      runs.push(shared);
      tell("started");
      return gate.promise;
    });
  return { join, gate, runs };
}

it("runs once for callers who come at the same time, and tells late ones what was told", async () => {
  const { join, gate, runs } = aFlight();
  const heard: string[] = [];
  const first = join(new AbortController().signal);
  await Promise.resolve();
  const second = join(new AbortController().signal, heard);
  gate.resolve("done");
  expect(await Promise.all([first, second])).toEqual(["done", "done"]);
  expect(runs).toHaveLength(1);
  expect(heard).toEqual(["started"]);
});

it("lets one caller go at once while the others go on, and stops with the last", async () => {
  const { join, runs } = aFlight();
  const [one, two] = [new AbortController(), new AbortController()];
  const first = join(one.signal);
  const second = join(two.signal);
  await Promise.resolve();
  one.abort(new Error("gone"));
  await expect(first).rejects.toThrow("gone");
  expect(runs[0]?.aborted).toBe(false);
  two.abort(new Error("gone too"));
  await expect(second).rejects.toThrow("gone too");
  expect(runs[0]?.aborted).toBe(true);
});

it("lets as many run as the limit says", async () => {
  const limit = limiter(2);
  let running = 0;
  let most = 0;
  const work = async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
  };
  await Promise.all(Array.from({ length: 7 }, () => limit(work)));
  expect(most).toBe(2);
});
