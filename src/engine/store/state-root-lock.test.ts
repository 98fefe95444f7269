import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { tryLock } from "../kernel/flock.js";
import { lockStateRoot } from "./state-root-lock.js";

let stateRoot: string;
beforeEach(() => {
  stateRoot = mkdtempSync(join(tmpdir(), "gantry-lock-"));
});
afterEach(() => rmSync(stateRoot, { recursive: true }));

it("lets one process have a state root, and names it to the next", () => {
  const lock = lockStateRoot(stateRoot, { pid: 4711, tryLock });
  expect(() => lockStateRoot(stateRoot, { pid: 1, tryLock })).toThrow(
    expect.objectContaining({ code: "engine-locked", message: expect.stringContaining("in use by process 4711") }),
  );
  lock[Symbol.dispose]();
  const next = lockStateRoot(stateRoot, { pid: 2, tryLock });
  expect(readFileSync(next.path, "utf8")).toBe("2\n");
  next[Symbol.dispose]();
});

it("is not inherited by the engine's children", () => {
  const lock = lockStateRoot(stateRoot, { pid: 4711, tryLock });
  expect(execFileSync("ls", ["-l", "/proc/self/fd"], { encoding: "utf8" })).not.toContain("engine.lock");
  lock[Symbol.dispose]();
});
