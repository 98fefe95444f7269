import { expect, it } from "vitest";
import { aProject } from "../../../../plan/plan.fixture.js";
import { attachedServices } from "./foreground-session.js";

const project = aProject({ db: {}, quiet: { attach: false }, web: { depends_on: { db: {} } } });
const shown = (services: readonly string[], flags: Parameters<typeof attachedServices>[2] = {}) => [
  ...attachedServices(project, { services, noDeps: false }, flags),
];

it("shows all services but those that do not want it", () => {
  expect(shown([])).toEqual(["db", "web"]);
});

it("shows dependencies of named services only when asked to", () => {
  expect(shown(["web"])).toEqual(["web"]);
  expect(shown(["web"], { attachDependencies: true })).toEqual(["db", "web"]);
});

it("shows what is attached by name, and not what is left out by name", () => {
  expect(shown([], { attach: ["quiet"] })).toEqual(["quiet"]);
  expect(shown([], { noAttach: ["db"] })).toEqual(["web"]);
  expect(() => shown(["db"], { attach: ["web"] })).toThrow(/not part of this up/);
});
