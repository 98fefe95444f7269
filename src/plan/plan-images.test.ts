import { expect, it } from "vitest";
import { anImage, aProject, onlyImages, upLines } from "./plan.fixture.js";
import { planPull } from "./plan-images.js";

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

it.each<[string | undefined, boolean, boolean]>([
  [undefined, true, true],
  ["always", true, true],
  ["missing", false, true],
  ["refresh", false, true],
  ["daily", true, true],
  ["never", false, false],
  ["build", false, false],
])("gantry pull with pull_policy %s pulls what is here: %s, a latest: %s", (policy, isPulled, isLatestPulled) => {
  const lines = (image: string, asked?: "always" | "missing") => {
    const project = aProject({ web: { image, ...(policy === undefined ? {} : { pull_policy: policy }) } });
    const known = { ...onlyImages, images: new Map([[image, anImage()]]) };
    return planPull(project, known, [...project.services.values()], asked).operations.length;
  };
  expect([lines("app:1"), lines("app")]).toEqual([Number(isPulled), Number(isLatestPulled)]);
  expect([lines("app", "always"), lines("app", "missing")]).toEqual([1, 0]); // what the command says goes first
});

it("takes an image of another platform than a service asks for as missing", () => {
  const lines = (platform: string, Architecture: string) =>
    upLines(aProject({ web: { platform } }), {
      ...onlyImages,
      images: new Map([["busybox", { ...anImage(), Os: "linux", Architecture }]]),
    }).filter((line) => line.startsWith("pull-image"));
  expect(lines("linux/arm64", "amd64")).toEqual(["pull-image busybox: image is not here"]);
  expect(lines("linux/amd64", "amd64")).toEqual([]);
  expect(lines("linux", "s390x")).toEqual([]);
});

it("offline takes what is here, whatever the policy, and says what is not", () => {
  const plan = (image: string) =>
    upLines(aProject({ web: { image, pull_policy: "always" } }), onlyImages, { isOffline: true });
  expect(plan("busybox").filter((line) => line.startsWith("pull-image"))).toEqual([]);
  expect(() => plan("other")).toThrow(
    expect.objectContaining({ code: "offline", message: "The image other is not here, and Gantry is offline" }),
  );
});
