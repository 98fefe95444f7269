import { expect, it } from "vitest";
import { didYouMean, editDistance } from "./did-you-mean.js";

it.each<[string, string[], string | undefined]>([
  ["prots", ["ports", "expose"], 'Did you mean "ports"?'],
  ["enviroment", ["environment", "env_file"], 'Did you mean "environment"?'],
  ["imgae", ["image"], 'Did you mean "image"?'],
  ["dbb", ["db", "web"], 'Did you mean "db"?'],
  ["Image", ["image"], 'Did you mean "image"?'],
  ["zzz", ["image", "ports"], undefined],
  ["x", [], undefined],
  ["a".repeat(100_000), ["a".repeat(99_999)], undefined],
])("suggests what is near: %.20s", (word, known, expected) => expect(didYouMean(word, known)).toBe(expected));

it("counts a swap of neighbours as one edit", () => {
  expect(editDistance("prots", "ports")).toBe(1);
  expect(editDistance("", "abc")).toBe(3);
});
