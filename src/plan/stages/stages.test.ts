import { expect, it } from "vitest";
import type { ObservedState } from "../observed.js";
import { anImage, aProject, observedAfterUp, type ServiceInput } from "../plan.fixture.js";
import { planUp } from "../plan-up.js";
import { printOperation, printPlan } from "../print-plan.js";
import { defaultUpOptions } from "../up-options.js";
import { planStages, planWhole, unannounced } from "./stages.js";

const options = { ...defaultUpOptions, pull: "always" as const };
const fresh = { ...options, imagesAreFresh: true };

function running(services: Record<string, ServiceInput>) {
  const project = aProject(services);
  const observed: ObservedState = observedAfterUp(project);
  return { project, observed };
}

/** As after a pull that brought another image. */
function pulled(observed: ObservedState): ObservedState {
  const [old] = observed.images.values();
  const containers = observed.containers.map((one) => ({ ...one, ...(old ? { madeFrom: old } : {}) }));
  return { ...observed, containers, images: new Map([["busybox", { ...anImage(), Id: "sha256:new" }]]) };
}

it("tells which containers are made anew if the image is another, and what then follows", () => {
  const { project, observed } = running({ db: {}, web: { depends_on: { db: { restart: true } }, image: "own" } });
  const text = printPlan(planWhole(project, observed, { ...options, services: ["db"] }), { baseDir: "/" });
  expect(text.split("\n")[0]).toMatch(
    /^shop: 1 operation \(0 to add, 1 to change, 0 to remove\), \d+ more if images are/,
  );
  expect(text).toContain("~ pull image busybox ");
  expect(text).toMatch(/~ if the image is another: recreate container shop-db-1 +image changed/);
  expect(text).toMatch(/~ if the image is another: start container shop-db-1/);
});

it("tells what is done whatever comes, and what only if nothing else came", () => {
  const { observed } = running({ db: {}, web: {} });
  const project = aProject({ db: { resources: { mem_limit: 1 << 26 } }, web: { user: "7" } });
  const lines = planWhole(project, observed, options).operations.map(printOperation);
  expect(lines).toContainEqual(expect.stringMatching(/^if no image is another: update-container shop-db-1: /));
  expect(lines).toContainEqual(expect.stringMatching(/^if the image is another: create-container shop-db-1: /));
  expect(lines).toContainEqual(expect.stringMatching(/^create-container shop-web-1: configuration changed/));
});

it("is one plan where no container waits for what comes", () => {
  const { project } = running({ web: {} });
  const nothing = { ...observedAfterUp(aProject({})), images: new Map() };
  expect(planStages(project, nothing, options)).toBeUndefined();
  expect(planWhole(project, nothing, options)).toEqual(planUp(project, nothing, options));
});

it("announces all that has to be done for the images that come, and nothing else", () => {
  const { project, observed } = running({ web: {} });
  const stages = planStages(project, observed, options);
  if (!stages) throw new Error("there is an image to pull");
  const told = { stages, project, options, before: observed };
  const left = (now: ObservedState) =>
    unannounced(planUp(project, now, fresh), { ...told, now }).map((op) => printOperation(op));
  expect(left(observed)).toEqual([]);
  expect(planUp(project, pulled(observed), fresh).operations.length).toBeGreaterThan(0);
  expect(left(pulled(observed))).toEqual([]);
  const [web] = observed.containers;
  if (!web) throw new Error("missing in the fixture");
  expect(left({ ...observed, containers: [{ ...web, state: "exited", exitCode: 3 }] })).toEqual([
    "start-container shop-web-1: container exited with code 3",
  ]);
  expect(left({ ...observed, containers: [] })).toContain("create-container shop-web-1: container is missing");
});

it("tells of a container whose image was removed under it", () => {
  const { project, observed } = running({ web: {} });
  const lines = planWhole(project, { ...observed, images: new Map() }, defaultUpOptions).operations.map(printOperation);
  expect(lines[0]).toBe("pull-image busybox: image is not here");
  expect(lines).toContainEqual(expect.stringMatching(/^if the image is another: create-container shop-web-1: image/));
});
