/** The Compose Specification, clause by clause, against what is checked in for each. */
import { describe, expect, it } from "vitest";
import { readClauses, readDifferences } from "./compose-spec/clause.js";
import { runGantry } from "./compose-spec/run-gantry.js";

const subjects = readClauses();
const names = [...subjects.values()].flat().map(({ name }) => name);

for (const [subject, clauses] of subjects) {
  describe(subject, () => {
    it.each(clauses.map((clause) => [clause.name.replaceAll("%", "%%"), clause] as const))("%s", async (_, clause) => {
      expect(await runGantry(clause)).toEqual(clause.expected);
    });
  });
}

it("every clause has a name of its own", () => {
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

it("differences from docker compose are those of clauses that exist", () => {
  expect([...readDifferences().keys()].filter((name) => !names.includes(name))).toEqual([]);
});
