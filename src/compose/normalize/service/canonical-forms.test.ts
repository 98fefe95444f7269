import { expect, it } from "vitest";
import { projectOf, serviceOf } from "../../compose.fixture.js";

it.each<[string, unknown]>([
  ["labels: [a=b, c]", { labels: { a: "b", c: "" } }],
  ['replicas: "2"', { replicas: 2 }],
  [
    'resources: { limits: { cpus: "0.50", memory: 50M, pids: 5 } }',
    { resources: { limits: { cpus: 0.5, memory: "52428800", pids: 5 } } },
  ],
  [
    "resources: { reservations: { devices: [{ capabilities: [gpu], count: all, options: [a=b] }] } }",
    { resources: { reservations: { devices: [{ capabilities: ["gpu"], count: -1, options: { a: "b" } }] } } },
  ],
  [
    "update_config: { monitor: 1m, delay: 0s, max_failure_ratio: 0.3 }",
    { update_config: { monitor: "1m0s", max_failure_ratio: 0.3 } },
  ],
  ["restart_policy: { window: 120s, x-note: 1m }", { restart_policy: { window: "2m0s", "x-note": "1m" } }],
])("deploy has one form: %s", (text, expected) => {
  const { problems, untyped } = serviceOf(`deploy: { ${text} }`);
  expect(problems.filter((problem) => !problem.includes("no-effect"))).toEqual([]);
  expect(untyped?.deploy).toEqual(expected);
});

it.each<[string, Record<string, unknown>]>([
  ["args: { A: 1, FROM_ENV: , UNKNOWN: }", { args: { A: "1", FROM_ENV: "e" } }],
  [
    'additional_contexts: { a: ../a, b: "docker-image://alpine", c: "service:web" }',
    { additional_contexts: { a: "/a", b: "docker-image://alpine", c: "service:web" } },
  ],
  ["shm_size: 2gb", { shm_size: "2147483648" }],
  ["ssh: [default, a=./key]", { ssh: ["a=/demo/key", "default"] }],
  [
    "secrets: [s, { source: s, target: t, mode: 0400 }]",
    { secrets: [{ source: "s" }, { source: "s", target: "t", mode: "0400" }] },
  ],
  ["provenance: true", { provenance: "true" }],
  ["no_cache_filter: one", { no_cache_filter: ["one"] }],
])("build has one form: %s", (text, expected) => {
  const secrets = "secrets: { s: { environment: FROM_ENV } }";
  const { build, problems } = serviceOf(`build: { ${text} }`, secrets, { environment: { FROM_ENV: "e" } });
  expect(problems).toEqual([]);
  expect(build).toEqual({ context: "/demo", ...expected });
});

it.each<[string, Record<string, unknown>]>([
  ["gpus: all", { gpus: [{ count: -1 }] }],
  ["models: [m]", { models: { m: null } }],
  [
    "develop: { watch: [{ path: ./src, action: sync, target: /x, include: '*.js' }] }",
    { develop: { watch: [{ path: "/demo/src", action: "sync", target: "/x", include: ["*.js"] }] } },
  ],
  [
    "post_start: [{ command: a 'b c', environment: [A=1, B] }]",
    { post_start: [{ command: ["a", "b c"], environment: { A: "1", B: null } }] },
  ],
  [
    "blkio_config: { device_read_bps: [{ path: /dev/a, rate: 1k }] }",
    { blkio_config: { device_read_bps: [{ path: "/dev/a", rate: "1024" }] } },
  ],
  ["userns_mode: ''", {}],
])("what has a member of its own elsewhere has one form: %s", (text, expected) => {
  expect(serviceOf(text, "models: { m: { model: ai/x } }").untyped ?? {}).toEqual(expected);
});

it("lists have each item once, the later one of two for the same thing", () => {
  const { cap_add, ports, volumes } = serviceOf(
    'cap_add: [A, A]\nports: [80, "80"]\nvolumes: ["/a:/x:ro", "/b:/x"]\nsecurity_opt: [label=a, label=b]',
  );
  expect({ cap_add, ports: ports.length, volumes: volumes.map(({ source }) => source) }).toEqual({
    cap_add: ["A"],
    ports: 1,
    volumes: ["/b"],
  });
});

it.each([
  ["build: { context: ., dockerfile: a, dockerfile_inline: b }", "conflicting-keys"],
  ["build: { context: ., secrets: [nope] }", "undefined-secret"],
  ["build: { context: ., platforms: [linux/amd64] }\nplatform: linux/arm64", "conflicting-keys"],
  ['build: { context: ., additional_contexts: { a: "service:nope" } }', "undefined-service"],
  ["models: [nope]", "undefined-model"],
  ["deploy: { resources: { reservations: { devices: [{ count: 1 }] } } }", "missing-key"],
  ["gpus: [{ count: 1, device_ids: [a] }]", "conflicting-keys"],
  ["develop: { watch: [{ path: ., action: sync }] }", "missing-key"],
  ["environment: [=x]", "bad-value"],
  ['network_mode: "service:"', "bad-value"],
])("what cannot be together is an error: %s", (body, code) => {
  const text = `services:\n  web:\n    image: app\n${body.replaceAll(/^/gm, "    ")}`;
  const errors = projectOf(text).diagnostics.filter(({ severity }) => severity === "error");
  expect(errors.map((one) => one.code)).toEqual([code]);
});
