import { closeSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { keptFromChildren } from "./inherited-descriptors.js";
import { libcFunction } from "./libc.js";

const open = libcFunction("int open(const char *path, int flags)");
const flagsOf = (fd: number) =>
  Number.parseInt(/flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1] ?? "", 8);

it("keeps from children what a library opened for them to have", () => {
  const closeOnExec = 0o2000000;
  const careless = open("/dev/null", 0);
  expect(flagsOf(careless) & closeOnExec).toBe(0);
  const kept = keptFromChildren(() => open("/dev/null", 0));
  expect(flagsOf(kept) & closeOnExec).toBe(closeOnExec);
  for (const fd of [careless, kept]) closeSync(fd);
});
