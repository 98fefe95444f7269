import { describe, expect, it } from "vitest";
import { commandLine, mergeConfig, mergeEnv } from "./merge-config.js";

const image = { Cmd: ["-g"], Entrypoint: ["nginx"], Env: ["PATH=/bin", "A=1"], Labels: { a: "image", b: "image" } };

describe("merging with the image", () => {
  it("takes the image's command and entrypoint when none is asked for", () => {
    expect(commandLine(mergeConfig({}, image))).toEqual(["nginx", "-g"]);
    expect(commandLine(mergeConfig({ Entrypoint: [], Cmd: null }, image))).toEqual(["nginx", "-g"]);
  });

  it("drops the image's command when an entrypoint is asked for", () => {
    expect(commandLine(mergeConfig({ Entrypoint: ["sh"] }, image))).toEqual(["sh"]);
    expect(commandLine(mergeConfig({ Cmd: ["-t"] }, image))).toEqual(["nginx", "-t"]);
  });

  it("resets the entrypoint by one empty word", () => {
    expect(commandLine(mergeConfig({ Entrypoint: [""], Cmd: ["true"] }, image))).toEqual(["true"]);
  });

  it("refuses a container without a command", () => {
    expect(() => mergeConfig({}, {})).toThrow("No command specified");
  });

  it("unites labels and variables, the request winning; a bare key removes one", () => {
    expect(mergeConfig({ Labels: { b: "own" } }, image).Labels).toEqual({ a: "image", b: "own" });
    expect(mergeEnv(["A=2", "PATH"], image.Env)).toEqual(["A=2"]);
    expect(mergeEnv(["B=2"], image.Env)).toEqual(["B=2", "PATH=/bin", "A=1"]);
  });

  it("fills a health check field by field", () => {
    const inherited = { Test: ["CMD", "true"], Interval: 5, Retries: 2 };
    const merged = mergeConfig({ Healthcheck: { Interval: 7 } }, { ...image, Healthcheck: inherited });
    expect(merged.Healthcheck).toMatchObject({ Test: ["CMD", "true"], Interval: 7, Retries: 2 });
  });
});
