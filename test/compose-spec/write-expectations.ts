/**
 * Writes what Gantry makes of each clause into the clauses' files, to be read in the diff before it is committed.
 *
 *   node --import ./bench/typescript.mjs test/compose-spec/write-expectations.ts
 */
import { readClauses, writeClauses } from "./clause.js";
import { runGantry } from "./run-gantry.js";

for (const [subject, clauses] of readClauses()) {
  const written = [];
  for (const clause of clauses) written.push({ ...clause, expected: await runGantry(clause) });
  writeClauses(subject, written);
}
