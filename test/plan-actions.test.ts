/** What `docs/plans.md` says of each field is what the table says. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { actionFor, actions, fieldRules, greatest } from "../src/plan/compare/actions.js";

const docs = readFileSync(new URL("../docs/plans.md", import.meta.url), "utf8");

/** The rows of the table of actions: the action and its fields. */
function documented(): Map<string, string[]> {
  const rows = docs.split("\n").flatMap((line) => {
    const [, action = "", fields = ""] = /^\| \*\*(\w+)\*\* \|[^|]*\| (.*) \|$/.exec(line) ?? [];
    return action === ""
      ? []
      : [[action, [...fields.matchAll(/`([a-z_.-]+)`/g)].map(([, field]) => field ?? "")] as const];
  });
  return new Map(rows);
}

it("every field stands in the row of its action in docs/plans.md, and in no other", () => {
  const expected = new Map<string, string[]>();
  for (const [field, { action }] of Object.entries(fieldRules)) {
    expected.set(action, [...(expected.get(action) ?? []), field]);
  }
  for (const action of actions.filter((one) => one !== "restart")) {
    expect([...(documented().get(action) ?? [])].sort(), action).toEqual([...(expected.get(action) ?? [])].sort());
  }
});

it("what is lifted costs more than what is changed, where no engine lifts it from a container", () => {
  expect(actionFor("mem_limit", { isRemoved: false })).toBe("live");
  expect(actionFor("mem_limit", { isRemoved: true })).toBe("recreate");
  expect(actionFor("pids_limit", { isRemoved: true })).toBe("live");
  expect(actionFor("networks.back", { isRemoved: true })).toBe("live");
  expect(actionFor("environment.A", { isRemoved: true })).toBe("recreate");
});

it("the greatest action of several is the one that is carried out", () => {
  expect(greatest(["live", "recreate", "restart"])).toBe("recreate");
  expect(greatest([])).toBe("nothing");
});
