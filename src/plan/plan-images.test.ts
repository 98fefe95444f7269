import { expect, it } from "vitest";
import { anImage, aProject, onlyImages, upLines } from "./plan.fixture.js";

const hourMs = 3_600_000;
const tagged = new Date("2026-01-10T00:00:00Z");
const image = { ...anImage(), Metadata: { LastTagTime: tagged.toISOString() } };
const observed = { ...onlyImages, images: new Map([["busybox", image]]) };
const pulls = (pull_policy: string, hours: number, known = observed) =>
  upLines(aProject({ web: { pull_policy } }), known, { nowMs: tagged.getTime() + hours * hourMs }).filter((line) =>
    line.startsWith("pull-image"),
  );

it.each<[string, number, boolean]>([
  ["daily", 23, false],
  ["daily", 24, true],
  ["weekly", 24 * 6, false],
  ["weekly", 24 * 7, true],
  ["every_90m", 1, false],
  ["every_90m", 2, true],
  ["missing", 24 * 365, false],
  ["refresh", 24 * 365, false],
])("with %s an image that was tagged %i hours ago is pulled: %s", (policy, hours, isPulled) => {
  const reason = `pull-image busybox: pull policy is ${policy}, and the image is older`;
  expect(pulls(policy, hours)).toEqual(isPulled ? [reason] : []);
});

it("pulls an image of which the engine does not know when it was tagged", () => {
  const unknown = { ...observed, images: new Map([["busybox", anImage()]]) };
  expect(pulls("daily", 0, unknown)).toHaveLength(1);
  const never = { ...image, Metadata: { LastTagTime: "0001-01-01T00:00:00Z" } };
  expect(pulls("daily", 0, { ...observed, images: new Map([["busybox", never]]) })).toHaveLength(1);
});

it("pulls the images of mounts and hooks as it does the service's own, and none for a provider", () => {
  const lines = upLines(
    aProject({
      db: { provider: { type: "cloud", options: {} } },
      web: {
        volumes: [{ type: "image", source: "tools", target: "/x", read_only: true }],
        pre_start: [{ command: ["x"], image: "alpine", environment: {} }],
      },
    }),
    onlyImages,
  );
  expect(lines.filter((line) => line.startsWith("pull-image"))).toEqual([
    "pull-image alpine: image is not here",
    "pull-image tools: image is not here",
  ]);
});
