import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import type { ContainerInspect, ContainerSummary } from "../../wire/container.js";
import { containerFeatures, missingFeatures, networkFeatures, takesManyNetworks } from "./engine-features.js";
import { type EngineIdentity, identityOf, isBefore, older, printIdentity } from "./engine-identity.js";
import { filesTar } from "./files-tar.js";
import { inspectionFromPodman, summaryFromPodman } from "./podman-shapes.js";

const docker = (apiVersion: string): EngineIdentity => ({ kind: "docker", version: "1.0", apiVersion });
const podman = (version: string): EngineIdentity => ({ kind: "podman", version, apiVersion: "1.41" });
const gantry: EngineIdentity = { kind: "gantry", version: "", apiVersion: "1.51" };

it("knows engines by the headers of their ping", () => {
  expect(identityOf({ "api-version": "1.41", server: "Docker/20.10.24+dfsg1 (linux)" })).toEqual({
    kind: "docker",
    version: "20.10.24+dfsg1",
    apiVersion: "1.41",
  });
  const headers = { "api-version": "1.41", "libpod-api-version": "4.3.1", server: "Libpod/4.3.1 (linux)" };
  expect(identityOf(headers)).toEqual({ kind: "podman", version: "4.3.1", apiVersion: "1.41" });
  expect(identityOf({ "api-version": "1.51", server: "Gantry/0.1.0 (linux)" })).toMatchObject({ kind: "gantry" });
  expect(identityOf({})).toEqual({ kind: "other", version: "", apiVersion: "1.24" });
  expect(printIdentity(podman("4.3.1"))).toBe("Podman 4.3.1 (API 1.41)");
});

it("compares versions by number, and takes the older of two", () => {
  expect(isBefore("1.9", "1.10")).toBe(true);
  expect(isBefore("4.3.1", "4.3.1")).toBe(false);
  expect(older("1.51", "1.41")).toBe("1.41");
});

it("names what an engine would drop in silence, and nothing of what it can do", () => {
  const body = {
    Healthcheck: { StartInterval: 1 },
    HostConfig: { Mounts: [{ Type: "image", Source: "a", Target: "/a" } as const], Annotations: { a: "b" } },
  };
  const missing = (engine: EngineIdentity) => missingFeatures(containerFeatures, body, engine);
  expect(missing(docker("1.41"))).toEqual(["healthcheck.start_interval", "annotations", "volumes: type image"]);
  expect(missing(docker("1.48"))).toEqual([]);
  expect(missing(podman("4.3.1"))).toEqual(["healthcheck.start_interval", "annotations"]);
  expect(missing(gantry)).toEqual([]);
  expect(missingFeatures(networkFeatures, { Name: "n", EnableIPv4: false }, docker("1.41"))).toHaveLength(1);
});

it("refuses content without a file for a read-only root on every engine but ours", () => {
  const body = { HostConfig: { ReadonlyRootfs: true, GantryFiles: [{ Target: "/a", Data: "" }] } };
  expect(missingFeatures(containerFeatures, body, docker("1.51"))).toHaveLength(1);
  expect(missingFeatures(containerFeatures, body, gantry)).toEqual([]);
});

it("knows who takes all networks at once", () => {
  expect([docker("1.43"), docker("1.44"), podman("4.3.1"), gantry].map(takesManyNetworks)).toEqual([
    false,
    true,
    false,
    true,
  ]);
});

it("packs files that tar unpacks, with modes, owners and long paths", () => {
  const long = `/${"d".repeat(90)}/${"f".repeat(90)}`;
  const tar = filesTar([
    { Target: "/run/secrets/s", Data: Buffer.from("hidden").toString("base64"), Mode: 0o440, Uid: 7, Gid: 8 },
    { Target: long, Data: "" },
  ]);
  const listing = execFileSync("tar", ["-tvf", "-", "--numeric-owner"], { input: tar, encoding: "utf8" });
  expect(listing).toMatch(/^-r--r----- 7\/8 +6 .* run\/secrets\/s$/m);
  expect(listing).toContain(long.slice(1));
  expect(execFileSync("tar", ["-xOf", "-", "run/secrets/s"], { input: tar, encoding: "utf8" })).toBe("hidden");
  expect(() => filesTar([{ Target: `/${"x".repeat(300)}`, Data: "" }])).toThrow("too long");
});

it("reads Podman's replies as Docker's", () => {
  const places = { front: { NetworkID: "front" }, back: { NetworkID: "0123" } };
  const summary = { Image: "docker.io/library/busybox:latest", NetworkSettings: { Networks: places } };
  const listed = summaryFromPodman(summary as unknown as ContainerSummary); // no more of it is read
  expect(listed).toMatchObject({ Image: "busybox", Ports: [], Mounts: [] });
  expect(listed.NetworkSettings?.Networks).toMatchObject({ front: { NetworkID: "" }, back: { NetworkID: "0123" } });
  const inspection = (Health: object) =>
    inspectionFromPodman({
      State: { Health },
      Config: { Image: "quay.io/a/b:1", StopSignal: "15" },
      NetworkSettings: { Networks: {} },
    } as unknown as ContainerInspect);
  expect(inspection({ Status: "", Log: null }).State).not.toHaveProperty("Health");
  expect(inspection({ Status: "starting", Log: null }).State.Health).toEqual({ Status: "starting", Log: [] });
  expect(inspection({ Status: "" }).Config).toMatchObject({ Image: "quay.io/a/b:1", StopSignal: "SIGTERM" });
});
