import { describe, expect, it } from "vitest";
import { lines, projectOf, type TextOptions } from "../compose.fixture.js";

const file = `
services:
  web: { image: w, depends_on: [api], networks: [front] }
  api:
    image: a
    depends_on: { db: { condition: service_started }, debug: { condition: service_started, required: false } }
    volumes: ["data:/d"]
  db: { image: d }
  debug: { image: x, profiles: [dev] }
  tool: { image: t, profiles: [dev, ops], depends_on: [debug] }
networks: { front: , unused: }
volumes: { data: , spare: }
`;
const select = (options: TextOptions) => {
  const { project, diagnostics } = projectOf(file, options);
  return {
    services: [...project.services.keys()].join(" "),
    disabled: project.disabledServices.join(" "),
    networks: [...project.networks.keys()].join(" "),
    problems: lines(diagnostics),
  };
};

describe("profiles and names choose the services", () => {
  it.each<[string, TextOptions, string, string]>([
    ["nothing chosen", {}, "api db web", "debug tool"],
    ["a profile", { profiles: ["dev"] }, "api db debug tool web", ""],
    ["every profile", { profiles: ["*"] }, "api db debug tool web", ""],
    ["an unknown profile", { profiles: ["no"] }, "api db web", "debug tool"],
    ["a name brings what it needs", { services: ["api"] }, "api db", "debug tool web"],
    ["a name alone", { services: ["web"], withDependencies: false }, "web", "api db debug tool"],
    ["naming a service activates its profiles", { services: ["tool"] }, "debug tool", "api db web"],
  ])("%s", (_, options, services, disabled) => {
    expect(select(options)).toMatchObject({ services, disabled, problems: [] });
  });
});

it("keeps only the networks that a selected service uses, with the implicit default", () => {
  expect(select({}).networks).toBe("default front");
  expect(select({ services: ["db"] }).networks).toBe("default");
});

it("a name that no service has is an error with the nearest one", () => {
  const { diagnostics } = projectOf(file, { services: ["wbe"] });
  expect(diagnostics).toEqual([
    { severity: "error", code: "undefined-service", message: "no such service: wbe", hint: 'Did you mean "web"?' },
  ]);
});

it("an optional dependency on a disabled service is dropped, a required one is an error", () => {
  expect([...(projectOf(file).project.services.get("api")?.depends_on.keys() ?? [])]).toEqual(["db"]);
  const needy = "services:\n  a: { image: a, depends_on: [b] }\n  b: { image: b, profiles: [p] }\n";
  expect(lines(projectOf(needy).diagnostics)).toEqual([
    '2:6 disabled-dependency Service "a" needs "b", which is disabled',
  ]);
});

it("services of providers are services, and need no image", () => {
  const text =
    "services: { a: { provider: { type: p } }, b: { image: x, depends_on: { a: { condition: service_started } } } }";
  const { project, diagnostics } = projectOf(text);
  expect(diagnostics).toEqual([]);
  expect([[...project.services.keys()], project.services.get("b")?.depends_on.size]).toEqual([["a", "b"], 1]);
});
