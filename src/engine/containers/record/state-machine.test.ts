import { describe, expect, it } from "vitest";
import { countsAsRunning, nextStatus } from "./state-machine.js";

describe("states of a container", () => {
  it("go from created to running to exited and back to running", () => {
    expect(nextStatus("created", "start")).toBe("running");
    expect(nextStatus("running", "exit")).toBe("exited");
    expect(nextStatus("exited", "start")).toBe("running");
  });

  it("cannot be left by a start once the removal has begun", () => {
    expect(nextStatus("removing", "start")).toBeUndefined();
    expect(nextStatus("dead", "start")).toBeUndefined();
    expect(nextStatus("dead", "remove")).toBe("removing");
  });

  it("pause only what runs and unpause only what is paused", () => {
    expect(nextStatus("paused", "pause")).toBeUndefined();
    expect(nextStatus("running", "unpause")).toBeUndefined();
    expect(nextStatus("paused", "unpause")).toBe("running");
  });

  it("count as running while the restart policy waits", () => {
    expect(countsAsRunning("restarting")).toBe(true);
    expect(countsAsRunning("exited")).toBe(false);
  });
});
