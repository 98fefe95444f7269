import { describe, expect, it } from "vitest";
import { lines, projectOf } from "../compose.fixture.js";

const web = (body: string) => `services:\n  web:\n    image: app\n${body.replace(/^/gm, "    ")}\n`;
const merged = (first: string, second: string) => {
  const { project, diagnostics } = projectOf([web(first), web(second)]);
  return { ...project.services.get("web"), problems: lines(diagnostics) };
};

describe("a later file onto an earlier one", () => {
  it.each<[string, string, Record<string, unknown>]>([
    ["user: a", "user: b", { user: "b" }],
    ["user: a", "user:", { user: "a" }],
    ["command: a b", "command: [c]", { command: ["c"] }],
    ["entrypoint: [a]", "entrypoint: b", { entrypoint: ["b"] }],
    ["environment: [A=1, B=1]", "environment: { B: 2, C: 3 }", { environment: { A: "1", B: "2", C: "3" } }],
    ["labels: { a: 1 }", "labels: [b=2]", { labels: { a: "1", b: "2" } }],
    ["cap_add: [A, B]", "cap_add: [B, C]", { cap_add: ["A", "B", "C"] }],
    ["dns: 1.1.1.1", "dns: [8.8.8.8]", { dns: ["1.1.1.1", "8.8.8.8"] }],
    [
      "healthcheck: { test: [CMD, a], interval: 1s }",
      "healthcheck: { test: b }",
      {
        healthcheck: { test: ["CMD-SHELL", "b"], interval: 1e9 },
      },
    ],
    [
      "logging: { driver: a, options: { x: 1 } }",
      "logging: { options: { y: 2 } }",
      {
        logging: { driver: "a", options: { x: "1", y: "2" } },
      },
    ],
    ["logging: { driver: a, options: { x: 1 } }", "logging: { driver: b }", { logging: { driver: "b", options: {} } }],
    ["build: ./a", "build: { target: dev }", { build: { context: "/demo/a", target: "dev" } }],
    [
      "build: { context: ./a, args: [X=1] }",
      "build: { args: { Y: 2 } }",
      {
        build: { context: "/demo/a", args: { X: "1", Y: "2" } },
      },
    ],
    [
      "ulimits: { nofile: { soft: 1, hard: 2 } }",
      "ulimits: { nofile: 5 }",
      { ulimits: { nofile: { soft: 5, hard: 5 } } },
    ],
    ["labels: { a: b }", "labels: { a: }", { labels: { a: "" } }],
    ["extra_hosts: [a=1.1.1.1]", "extra_hosts: { b: 2.2.2.2 }", { extra_hosts: ["a=1.1.1.1", "b=2.2.2.2"] }],
    ["environment: [A=1]", "environment: [!reset A, B=2]", { environment: { A: "1", B: "2" } }],
    ["tmpfs: /a", "tmpfs: [/b]", { tmpfs: ["/a", "/b"] }],
    [
      "extra_hosts: [h=10.0.0.1]",
      "extra_hosts: [h=10.0.0.2, h=10.0.0.1]",
      {
        extra_hosts: ["h=10.0.0.1", "h=10.0.0.2"],
      },
    ],
    [
      "volumes: ['/x:/a', '/y:/b']",
      "volumes: [{ type: tmpfs, target: /a }]",
      {
        volumes: [
          { type: "tmpfs", target: "/a", read_only: false, tmpfs: {} },
          { type: "bind", source: "/y", target: "/b", read_only: false, bind: { create_host_path: true } },
        ],
      },
    ],
    [
      "ports: ['80:80']",
      "ports: ['80:80', '81:80']",
      {
        ports: [
          { target: 80, published: "80", protocol: "tcp", mode: "ingress" },
          { target: 80, published: "81", protocol: "tcp", mode: "ingress" },
        ],
      },
    ],
    ["user: a", "user: !reset null", { user: undefined }],
    [
      "ports: ['80:80']",
      "ports: !override ['81:80']",
      {
        ports: [{ target: 80, published: "81", protocol: "tcp", mode: "ingress" }],
      },
    ],
    ["environment: { A: 1, B: 1 }", "environment: { A: !reset x }", { environment: { B: "1" } }],
    ["environment: { A: 1, B: 1 }", "environment: !override { C: 3 }", { environment: { C: "3" } }],
    ["scale: 2", "scale: !override 3", { scale: 3 }],
  ])("%s + %s", (first, second, expected) => {
    const service = merged(first, second);
    expect(service.problems).toEqual([]);
    for (const [key, value] of Object.entries(expected)) expect(service[key as keyof typeof service]).toEqual(value);
  });
});

it("a dependency's list form and map form merge by name", () => {
  const { project } = projectOf([
    `${web("depends_on: [a]")}  a: { image: a }\n  b: { image: b }`,
    web("depends_on: { a: { condition: service_healthy }, b: { condition: service_started } }"),
  ]);
  expect(
    [...(project.services.get("web")?.depends_on ?? [])].map(([name, { condition }]) => `${name} ${condition}`),
  ).toEqual(["a service_healthy", "b service_started"]);
});

it("a service can be taken away by a later file", () => {
  const { project } = projectOf([`${web("user: a")}  db: { image: db }`, "services:\n  db: !reset {}\n"]);
  expect([...project.services.keys()]).toEqual(["web"]);
});

it("values of different kinds cannot be merged, and the place is told", () => {
  expect(merged("healthcheck: { interval: 1s }", "healthcheck: [a]").problems).toEqual([
    "4:18 cannot-merge services.web.healthcheck cannot be merged: the earlier file has a different kind of value",
  ]);
});

it("a merged value knows every place that wrote it, the winner last", () => {
  const { project } = projectOf([web("user: a\nports: ['80:80']"), web("user: b\nports: ['81:81']")]);
  expect(project.sources.get("services.web.user")).toEqual([
    { file: "a.yaml", line: 4, column: 11 },
    { file: "b.yaml", line: 4, column: 11 },
  ]);
  expect(project.sources.get("services.web.ports[1]")).toEqual([{ file: "b.yaml", line: 5, column: 13 }]);
});

it("a service's name may have dots without changing the rules", () => {
  const file = (environment: string) => `services: { my.app: { image: a, environment: ${environment} } }`;
  const { project } = projectOf([file("[A=1, B=1]"), file("{ B: 2 }")]);
  expect(project.services.get("my.app")?.environment).toEqual({ A: "1", B: "2" });
});

it("documents of one file merge in their order", () => {
  const { project } = projectOf(`${web("user: a")}---\n${web("user: b")}`);
  expect(project.services.get("web")?.user).toBe("b");
});
