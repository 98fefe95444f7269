import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { tryLock } from "../kernel/flock.js";
import { lockStateRoot } from "./state-root-lock.js";

const socket = "/run/a/engine.sock";
let stateRoot: string;
beforeEach(() => {
  stateRoot = mkdtempSync(join(tmpdir(), "gantry-lock-"));
});
afterEach(() => rmSync(stateRoot, { recursive: true }));

it("lets one process have a state root, and names it to the next", () => {
  const lock = lockStateRoot(stateRoot, { pid: 4711, socket, tryLock });
  expect(() => lockStateRoot(stateRoot, { pid: 1, socket, tryLock })).toThrow(
    expect.objectContaining({ code: "engine-locked", message: expect.stringContaining("in use by process 4711") }),
  );
  lock[Symbol.dispose]();
  const next = lockStateRoot(stateRoot, { pid: 2, socket, tryLock });
  expect(readFileSync(next.path, "utf8")).toBe("2\n/run/a/engine.sock\n");
  next[Symbol.dispose]();
});

it("says where the engine listens that has it, to one that would listen elsewhere", () => {
  using _lock = lockStateRoot(stateRoot, { pid: 4711, socket, tryLock });
  expect(() => lockStateRoot(stateRoot, { pid: 1, socket: "/run/b/engine.sock", tryLock })).toThrow(
    expect.objectContaining({ code: "engine-elsewhere", hint: expect.stringContaining("GANTRY_RUN_DIR=/run/a,") }),
  );
});

it("is not inherited by the engine's children", () => {
  const lock = lockStateRoot(stateRoot, { pid: 4711, socket, tryLock });
  expect(execFileSync("ls", ["-l", "/proc/self/fd"], { encoding: "utf8" })).not.toContain("engine.lock");
  lock[Symbol.dispose]();
});
