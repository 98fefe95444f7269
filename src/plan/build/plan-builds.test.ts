import { expect, it } from "vitest";
import { nothingObserved } from "../observed.js";
import { anImage, aProject, type ServiceInput, upLines } from "../plan.fixture.js";
import { planUp } from "../plan-up.js";
import { printOperation } from "../print-plan.js";
import { mustPullFirst } from "../stages/stages.js";
import { defaultUpOptions, type UpOptions } from "../up-options.js";
import { imageBuildOf } from "./image-build.js";
import { planBuilds } from "./plan-builds.js";

/** No image of its own: it runs `shop-web`. */
const web = { build: { context: "/src/shop/web" } };

function project(services: Record<string, ServiceInput>) {
  const made = aProject(services);
  for (const [name, service] of made.services) {
    if (!("image" in (services[name] ?? {}))) {
      const { image: _busybox, ...rest } = service;
      (made.services as Map<string, unknown>).set(name, rest);
    }
  }
  return made;
}

function images(services: Record<string, ServiceInput>, here: string[] = [], options: Partial<UpOptions> = {}) {
  const observed = { ...nothingObserved, images: new Map(here.map((name) => [name, anImage()])) };
  return upLines(project(services), observed, options).filter((line) => line.includes("-image "));
}

it("builds the image of a service that is not here, and leaves one alone that is", () => {
  expect(images({ web })).toEqual(["build-image shop-web: image is not here"]);
  expect(images({ web }, ["shop-web"])).toEqual([]);
});

it("builds what is here too with --build and with the policy build", () => {
  expect(images({ web }, ["shop-web"], { build: "always" })).toEqual(["build-image shop-web: --build"]);
  expect(images({ web: { ...web, pull_policy: "build" } }, ["shop-web"])).toEqual([
    "build-image shop-web: pull policy is build",
  ]);
});

it("builds nothing a second time once the images are fresh", () => {
  expect(images({ web }, ["shop-web"], { build: "always", imagesAreFresh: true })).toEqual([]);
});

const from = (word: string) => ({ fields: { "args.A": word }, trees: {} });

function rebuilds(services: Record<string, ServiceInput>, changed: string[], options: Partial<UpOptions> = {}) {
  const made = project(services);
  const names = Object.keys(services).map((name) => services[name]?.image ?? `shop-${name}`);
  const builds = new Map(
    Object.keys(services).map((name) => [name, { before: from("1"), now: from(changed.includes(name) ? "2" : "1") }]),
  );
  const observed = { ...nothingObserved, builds, images: new Map(names.map((name) => [name, anImage()])) };
  const { operations, warnings } = planUp(made, observed, { ...defaultUpOptions, ...options });
  const lines = operations.map(printOperation).filter((line) => line.includes("-image "));
  return [...lines, ...warnings.map(({ message }) => message)];
}

it("builds an image again that was built from something else, and says from what", () => {
  expect(rebuilds({ web, other: web }, ["web"])).toEqual(["build-image shop-web: args.A changed"]);
  expect(rebuilds({ web }, ["web"], { imagesAreFresh: true })).toEqual([]);
});

it("builds again what takes files from an image that is built again", () => {
  const api = { build: { context: "/src/shop/api", additional_contexts: { base: "service:web" } } };
  expect(rebuilds({ api, web }, ["web"])).toEqual([
    "build-image shop-web: args.A changed",
    "build-image shop-api: web is rebuilt",
  ]);
  expect(rebuilds({ api, web }, ["api"])).toEqual(["build-image shop-api: args.A changed"]);
});

it("only warns of it where builds or new containers are not wanted, or a policy leaves the image to a registry", () => {
  const warning = ['The image shop-web of service "web" was built from something else: args.A changed.'];
  expect(rebuilds({ web }, ["web"], { build: "never" })).toEqual(warning);
  expect(rebuilds({ web }, ["web"], { noRecreate: true })).toEqual(warning);
  expect(rebuilds({ web: { ...web, image: "shop-web", pull_policy: "missing" } }, ["web"])).toEqual(warning);
});

it("builds what has both an image's name and a build, unless a policy asks for a pull", () => {
  const both = { ...web, image: "registry.example/web" };
  expect(images({ web: both })).toEqual(["build-image registry.example/web: image is not here"]);
  expect(images({ web: { ...both, pull_policy: "missing" } })).toEqual([
    "pull-image registry.example/web: image is not here",
  ]);
  expect(images({ web: both }, [], { build: "never" })).toEqual(["pull-image registry.example/web: image is not here"]);
});

it("refuses a missing image with --no-build, and says how to get it", () => {
  expect(() => images({ web }, [], { build: "never" })).toThrow(
    'The image of service "web" is not here, and --no-build is given',
  );
});

it("builds before it looks at containers that may have to be replaced", () => {
  const shop = project({ web });
  const container = { service: "web", isOneOff: false } as (typeof nothingObserved.containers)[number];
  const observed = { ...nothingObserved, containers: [container], images: new Map([["shop-web", anImage()]]) };
  expect(mustPullFirst(shop, observed, { ...defaultUpOptions, build: "always" })).toBe(true);
  expect(mustPullFirst(shop, observed, defaultUpOptions)).toBe(false);
});

it("builds first what another build takes files from", () => {
  const api = { build: { context: "/src/shop/api", additional_contexts: { base: "service:base" } } };
  const shop = project({ api, base: { build: { context: "/src/shop/base" } } });
  const plan = planBuilds(shop, [...shop.services.values()], { version: "1" });
  expect(plan.operations.map((op) => `${printOperation(op)} after [${op.after}]`)).toEqual([
    "build-image shop-base: api takes files from it after []",
    "build-image shop-api: asked for after [build-image shop-base]",
  ]);
  expect(plan.operations.flatMap((op) => (op.kind === "build-image" ? [op.build.contexts] : []))).toEqual([
    {},
    { base: "docker-image://shop-base" },
  ]);
});

it("hands every attribute on, and the labels by which the project's images are found", () => {
  const build = {
    ...{ context: "/c", dockerfile: "D", args: { A: 1, B: "x" }, target: "t", network: "host", tags: ["a:1"] },
    ...{ shm_size: 1024, ulimits: { nofile: 9, nproc: { soft: 1, hard: 2 } }, extra_hosts: ["h=1.2.3.4"] },
    ...{ no_cache: true, no_cache_filter: ["s"], pull: true, platforms: ["linux/arm64"], ssh: ["default"] },
    ...{ labels: { l: "m" }, privileged: true, entitlements: ["network.host"], isolation: "default" },
  };
  const shop = project({ web: { build } });
  const service = shop.services.get("web");
  expect(service && imageBuildOf(shop, service, { version: "9", args: { B: "flag" } })).toMatchObject({
    ...{ image: "shop-web", dockerfile: "D", args: { A: "1", B: "flag" }, target: "t", network: "host" },
    ...{ tags: ["a:1"], shmSizeBytes: 1024, extraHosts: ["h:1.2.3.4"], noCache: true, noCacheFilter: ["s"] },
    ulimits: [
      { Name: "nofile", Soft: 9, Hard: 9 },
      { Name: "nproc", Soft: 1, Hard: 2 },
    ],
    ...{ pull: true, platform: "linux/arm64", ssh: ["default"], allow: ["network.host", "security.insecure"] },
    labels: {
      ...{ l: "m", "com.docker.compose.project": "shop", "com.docker.compose.service": "web" },
      "com.docker.compose.version": "9",
    },
  });
});

it("names a secret by where its value is, never by the value", () => {
  const secrets = new Map([
    ["f", { key: "f", name: "f", file: "/run/f", external: false }],
    ["e", { key: "e", name: "e", environment: "TOKEN", external: false }],
  ]);
  const shop = {
    ...project({ web: { build: { context: "/c", secrets: [{ source: "f" }, { source: "e", target: "t" }] } } }),
    secrets,
  };
  const service = shop.services.get("web");
  expect(service && imageBuildOf(shop, service, { version: "1" }).secrets).toEqual([
    { id: "f", kind: "file", path: "/run/f" },
    { id: "t", kind: "environment", variable: "TOKEN" },
  ]);
});

it("tells what has no effect, and refuses several platforms by name", () => {
  const shop = project({ web: { build: { context: "/c", sbom: "true", provenance: "false" } } });
  const services = [...shop.services.values()];
  expect(planBuilds(shop, services, { version: "1" }).warnings[0]?.message).toContain("build.sbom of");
  const many = project({ web: { build: { context: "/c", platforms: ["linux/amd64", "linux/arm64"] } } });
  expect(() => planBuilds(many, [...many.services.values()], { version: "1" })).toThrow("services.web.build.platforms");
});
