import { describe, expect, it } from "vitest";
import { checkName, generateName, nameConflict } from "./names.js";

describe("names of containers", () => {
  it("may begin with a slash, which is no part of them", () => {
    expect(checkName("/web-1")).toBe("web-1");
  });

  it("are refused with Docker's text", () => {
    const text = "Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed";
    expect(() => checkName("a b")).toThrow(text);
    expect(() => checkName("x")).toThrow("Invalid container name");
  });

  it("are made of two words, and of a number when the words are taken", () => {
    expect(
      generateName(
        () => false,
        () => 0,
      ),
    ).toMatch(/^[a-z]+_[a-z]+$/);
    const taken = new Set([
      generateName(
        () => false,
        () => 0,
      ),
    ]);
    expect(
      generateName(
        (name) => taken.has(name),
        () => 0,
      ),
    ).toMatch(/^[a-z]+_[a-z]+0$/);
  });

  it("in use are told with the holder's id", () => {
    expect(nameConflict("web", "abc").message).toBe(
      'Conflict. The container name "/web" is already in use by container "abc". ' +
        "You have to remove (or rename) that container to be able to reuse that name.",
    );
  });
});
