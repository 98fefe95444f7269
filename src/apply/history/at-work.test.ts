import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { isAtWork, thisAuthor } from "./at-work.js";

it("knows who asked, also behind sudo, and keeps what is secret out of the command line", () => {
  const line = ["-f", "https://me:hunter2@git.example/a b", "up", "--scale", "web=3", "API_TOKEN=hunter2"];
  const author = thisAuthor(line, { SUDO_USER: "ann" });
  expect(author).toMatchObject({ user: "ann", host: expect.any(String), pid: process.pid });
  expect(author.commandLine).toMatch(/^gantry -f "https:\/\/me:\*\*\*@git\.example\/a b" up --scale web=3 API_TOKEN=/);
  expect(author.commandLine).not.toContain("hunter2");
  expect(thisAuthor([], {}).user).not.toBe("");
  expect(thisAuthor(["x".repeat(9000)], {}).commandLine).toHaveLength(500);
});

it("tells whether a process is still the one that it was", async () => {
  const author = thisAuthor([], {});
  expect(isAtWork(author)).toBe(true);
  expect(isAtWork({ ...author, pidStart: author.pidStart - 1 })).toBe(false);
  expect(isAtWork({ ...author, host: "elsewhere" })).toBe(false);
  const child = spawn("true");
  await once(child, "exit");
  expect(isAtWork({ ...author, pid: child.pid ?? 0 })).toBe(false);
});
