import { expect, it } from "vitest";
import { logDetails } from "./log-details.js";

const config = { Labels: { tier: "front end", other: "x" }, Env: ["A=1=2", "B=3"] };

it("shows the labels and variables that the options name, sorted and escaped", () => {
  expect(logDetails(config, { labels: "tier,none", env: "B,A" })).toBe("A=1%3D2,B=3,tier=front%20end");
});

it("shows nothing where the options name nothing", () => {
  expect(logDetails(config, {})).toBe("");
  expect(logDetails({}, { labels: "tier" })).toBe("");
});
