import { expect, it } from "vitest";
import { detachScanner } from "./detach-keys.js";

const typed = (text: string) => Buffer.from(text, "latin1");

it("detaches at the sequence, and hands on what came before it", () => {
  const { bytes, detached } = detachScanner().push(typed("ab\x10\x11"));
  expect([String(Buffer.from(bytes)), detached]).toEqual(["ab", true]);
});

it("hands a half sequence on when something else follows", () => {
  const scanner = detachScanner();
  expect(scanner.push(typed("\x10")).bytes).toHaveLength(0);
  expect(Buffer.from(scanner.push(typed("x")).bytes)).toEqual(typed("\x10x"));
});

it("begins anew when the first key is pressed twice", () => {
  const scanner = detachScanner();
  scanner.push(typed("\x10"));
  expect(scanner.push(typed("\x10\x11")).detached).toBe(true);
});

it("takes no keys for the default ones", () => {
  expect(detachScanner("").push(typed("\x10\x11")).detached).toBe(true);
});

it("tells what it holds back when nothing more is typed", () => {
  const scanner = detachScanner("a,DEL,ctrl-c");
  expect(scanner.push(typed("xa\x7f")).bytes).toEqual(Uint8Array.from(typed("x")));
  expect(scanner.rest()).toEqual(Uint8Array.from(typed("a\x7f")));
  expect(scanner.push(typed("\x03")).detached).toBe(true);
});

it.each(["ctrl-", "ab", "ctrl-p,", "é"])("refuses %j", (keys) => {
  expect(() => detachScanner(keys)).toThrow("is not a key");
});
