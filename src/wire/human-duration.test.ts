import { expect, it } from "vitest";
import { humanDuration } from "./human-duration.js";

const second = 1000;
const [minute, hour, day] = [60 * second, 3600 * second, 86_400 * second];

it("reads as Docker's", () => {
  const cases: Array<[number, string]> = [
    [0, "Less than a second"],
    [second, "1 second"],
    [59 * second, "59 seconds"],
    [minute, "About a minute"],
    [5 * minute, "5 minutes"],
    [hour, "About an hour"],
    [47 * hour, "47 hours"],
    [48 * hour, "2 days"],
    [13 * day, "13 days"],
    [14 * day, "2 weeks"],
    [60 * day, "2 months"],
    [730 * day, "2 years"],
  ];
  expect(cases.map(([ms]) => humanDuration(ms))).toEqual(cases.map(([, text]) => text));
});
