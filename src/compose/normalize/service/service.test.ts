import { describe, expect, it } from "vitest";
import { problemsOf, projectOf, serviceOf } from "../../compose.fixture.js";

describe("an attribute is brought into its canonical form", () => {
  it.each<[string, Record<string, unknown>]>([
    ["command: sh -c 'a b'", { command: ["sh", "-c", "a b"] }],
    ["command: []", { command: [] }],
    ['command: ""', { command: [] }],
    ["entrypoint: /run", { entrypoint: ["/run"] }],
    ["environment: [B=2, A=1=x, C]", { environment: { A: "1=x", B: "2", C: null } }],
    [
      "environment: { A: 1, B: true, C: , D: '', E: 1.5 }",
      { environment: { A: "1", B: "true", C: null, D: "", E: "1.5" } },
    ],
    ["environment: { ID: 12345678901234567890 }", { environment: { ID: "12345678901234567890" } }],
    ["labels: [a=1, b]", { labels: { a: "1", b: "" } }],
    ["labels: { a.b: 1 }", { labels: { "a.b": "1" } }],
    ["restart: on-failure:3", { restart: { name: "on-failure", max_attempts: 3 } }],
    ['restart: "no"', { restart: { name: "no" } }],
    ["restart: no", { restart: { name: "no" } }],
    ["restart: unless-stopped", { restart: { name: "unless-stopped" } }],
    [
      "restart: always\ndeploy: { restart_policy: { condition: on-failure, max_attempts: 2 } }",
      { restart: { name: "on-failure", max_attempts: 2 } },
    ],
    ["stop_grace_period: 1m30s", { stop_grace_period: 90e9 }],
    ["stop_signal: SIGINT", { stop_signal: "SIGINT" }],
    ['user: "1000"', { user: "1000" }],
    [
      "init: true\ntty: 'yes'\nstdin_open: on\nprivileged: false",
      { init: true, tty: true, stdin_open: true, privileged: false },
    ],
    [
      "mem_limit: 512m\ncpus: '0.5'\npids_limit: 100",
      { resources: { mem_limit: 536870912, cpus: 0.5, pids_limit: 100 } },
    ],
    [
      "deploy: { resources: { limits: { cpus: '1.5', memory: 1g, pids: 7 }, reservations: { memory: 10m } } }",
      { resources: { cpus: 1.5, mem_limit: 1073741824, pids_limit: 7, mem_reservation: 10485760 } },
    ],
    ["memswap_limit: -1", { resources: { memswap_limit: -1 } }],
    ["deploy: { replicas: 3 }", { scale: 3 }],
    ["scale: 0", { scale: 0 }],
    [
      "ulimits: { nproc: 10, nofile: { soft: 1, hard: 2 } }",
      { ulimits: { nproc: { soft: 10, hard: 10 }, nofile: { soft: 1, hard: 2 } } },
    ],
    ["sysctls: [net.core.somaxconn=1024]", { sysctls: { "net.core.somaxconn": "1024" } }],
    ["sysctls: { a.b: 0 }", { sysctls: { "a.b": "0" } }],
    ["tmpfs: /run:size=1m", { tmpfs: ["/run:size=1m"] }],
    ["dns: 1.1.1.1\ndns_search: [a, b]", { dns: ["1.1.1.1"], dns_search: ["a", "b"] }],
    ["cap_add: [NET_ADMIN]\ncap_drop: [ALL]", { cap_add: ["NET_ADMIN"], cap_drop: ["ALL"] }],
    ["group_add: [1000, audio]", { group_add: ["1000", "audio"] }],
    ["shm_size: 64m", { shm_size: 67108864 }],
    [
      "devices: ['/dev/a', '/dev/b:/dev/c:r']",
      {
        devices: [
          { source: "/dev/a", target: "/dev/a", permissions: "rwm" },
          { source: "/dev/b", target: "/dev/c", permissions: "r" },
        ],
      },
    ],
    [
      "logging: { driver: json-file, options: { max-size: 10m, max-file: 3 } }",
      {
        logging: { driver: "json-file", options: { "max-size": "10m", "max-file": "3" } },
      },
    ],
    ["build: ./app", { build: { context: "/demo/app" } }],
    ["build: { context: ., target: dev }", { build: { context: "/demo", target: "dev" } }],
    ["build: https://example.com/x.git", { build: { context: "https://example.com/x.git" } }],
    ["pull_policy: if_not_present", { pull_policy: "missing" }],
    ["attach: false", { attach: false }],
    ["x-other: { a: [1] }", { extensions: { "x-other": { a: [1] } } }],
    ["x-gantry: { drain: 30s }", { extensions: { "x-gantry": { drain: "30s" } }, gantry: { drain: 30e9 } }],
    ["extra_hosts: ['b=10.0.0.2', 'a:10.0.0.1', 'v6=[::1]']", { extra_hosts: ["a=10.0.0.1", "b=10.0.0.2", "v6=::1"] }],
    [
      "extra_hosts: { h: [10.0.0.2, 10.0.0.1], g: host-gateway }",
      { extra_hosts: ["g=host-gateway", "h=10.0.0.2", "h=10.0.0.1"] },
    ],
    ["network_mode: host", { network_mode: "host", networks: new Map() }],
    [
      "networks: [b, a]",
      {
        networks: new Map([
          ["a", { aliases: [], driver_opts: {} }],
          ["b", { aliases: [], driver_opts: {} }],
        ]),
      },
    ],
    [
      "networks: { a: { aliases: [x], ipv4_address: 10.0.0.9, priority: 5 } }",
      {
        networks: new Map([["a", { aliases: ["x"], driver_opts: {}, ipv4_address: "10.0.0.9", priority: 5 }]]),
      },
    ],
  ])("%s", (body, expected) => {
    const service = serviceOf(body, "networks: { a: , b: }");
    expect(service.problems).toEqual([]);
    expect(service).toMatchObject(expected);
  });
});

describe("a health check", () => {
  it.each([
    ["test: curl -f localhost", { test: ["CMD-SHELL", "curl -f localhost"] }],
    ["test: [CMD, a]", { test: ["CMD", "a"] }],
    ["test: [NONE]", { test: ["NONE"] }],
    ["disable: true", { disable: true }],
    ['test: ""', { test: ["CMD-SHELL", ""] }],
    [
      "interval: 5s\nretries: 4\nstart_period: 1m\nstart_interval: 1s\ntimeout: 500ms",
      {
        interval: 5e9,
        retries: 4,
        start_period: 60e9,
        start_interval: 1e9,
        timeout: 5e8,
      },
    ],
  ])("%s", (body, expected) => {
    const indented = body
      .split("\n")
      .map((line) => `  ${line}`)
      .join("\n");
    expect(serviceOf(`healthcheck:\n${indented}`).healthcheck).toEqual(expected);
  });
});

describe("configs and secrets get their place in the container", () => {
  const rest = "configs: { c: { content: x } }\nsecrets: { s: { environment: S } }";
  it.each([
    ["configs: [c]", { configs: [{ source: "c", target: "/c" }] }],
    ["configs: [{ source: c, target: etc/c }]", { configs: [{ source: "c", target: "/etc/c" }] }],
    ["secrets: [s]", { secrets: [{ source: "s", target: "/run/secrets/s" }] }],
    [
      "secrets: [{ source: s, target: /key, uid: 5, gid: '6', mode: 0440 }]",
      {
        secrets: [{ source: "s", target: "/key", uid: "5", gid: "6", mode: 0o440 }],
      },
    ],
    ["secrets: [{ source: s, mode: '0400' }]", { secrets: [{ source: "s", target: "/run/secrets/s", mode: 0o400 }] }],
  ])("%s", (body, expected) => expect(serviceOf(body, rest)).toMatchObject(expected));
});

describe("what one service needs of another is a dependency", () => {
  const db = "  db: { image: db }";
  it.each([
    ["depends_on: [db]", { condition: "service_started", restart: false, required: true }],
    [
      "depends_on: { db: { condition: service_healthy, restart: true, required: false } }",
      {
        condition: "service_healthy",
        restart: true,
        required: false,
      },
    ],
    ["links: [db]", { condition: "service_started", restart: true, required: true }],
    ["network_mode: service:db", { condition: "service_started", restart: true, required: true }],
    [
      "pid: service:db\ndepends_on: { db: { condition: service_healthy } }",
      {
        condition: "service_healthy",
        restart: false,
        required: true,
      },
    ],
  ])("%s", (body, expected) => expect(serviceOf(body, db).depends_on).toEqual(new Map([["db", expected]])));
});

describe("a value that cannot be is a diagnostic at its place", () => {
  it.each([
    ["restart: allways", '4:14 bad-value "allways" is not a restart policy'],
    ["restart: always:3", '4:14 bad-value "always:3" is not a restart policy'],
    ["stop_grace_period: 10", "4:24 bad-duration services.web.stop_grace_period is not a duration: the number 10"],
    ["mem_limit: lots", '4:16 bad-size services.web.mem_limit is not a size: "lots"'],
    ["tty: maybe", '4:10 wrong-type services.web.tty must be true or false, not "maybe"'],
    ["scale: -1", "4:12 wrong-type services.web.scale must be 0 or more, not the number -1"],
    ["scale: 1.5", "4:12 wrong-type services.web.scale must be a whole number"],
    ["cpus: many", '4:11 wrong-type services.web.cpus must be a number of 0 or more, such as 0.5, not "many"'],
    ["command: sh -c 'x", "4:14 bad-command A quote in services.web.command is not closed"],
    ["healthcheck: { test: [curl, x] }", '4:27 bad-value A health check cannot begin with "curl"'],
    ["extra_hosts: [db=here]", '4:19 bad-address "here" is not an IP address'],
    ["devices: [gpu]", '4:15 bad-device "gpu" is not a device'],
    ["ulimits: { nofile: { soft: 5, hard: 1 } }", "4:24 bad-value The soft limit of nofile is above the hard one"],
    ["pull_policy: allways", '4:18 bad-value "allways" is not a pull policy'],
    ["environment: ['A =1']", '4:19 bad-value The variable name "A " ends with a space'],
    [
      "network_mode: host\nnetworks: [default]",
      "4:19 conflicting-keys services.web has both network_mode and networks",
    ],
    [
      "scale: 2\ndeploy: { replicas: 3 }",
      "4:12 conflicting-keys services.web.scale (2) differs from services.web.deploy.replicas (3)",
    ],
    ["container_name: x y", '4:21 bad-name "x y" cannot be the name of a container'],
    ["container_name: web\nscale: 2", '5:12 conflicting-keys 2 replicas of "web" cannot all be named "web"'],
    [
      "deploy: { restart_policy: { condition: any, max_attempts: 3 } }",
      "4:63 no-effect deploy.restart_policy.max_attempts has no effect: only condition: on-failure counts attempts",
    ],
    ["cpu_count: 2", "4:16 no-effect cpu_count has no effect: only Windows containers have it"],
  ])("%s", (body, problem) => expect(problemsOf(body, "  web2: { image: x }")).toEqual([problem]));
});

it("a command without value is the image's own", () => {
  expect(serviceOf("command:").command).toBeUndefined();
});

it("a bare variable takes the value of the project's environment", () => {
  const { environment } = serviceOf("environment: [HERE, GONE]", "", { environment: { HERE: "1" } });
  expect(environment).toEqual({ GONE: null, HERE: "1" });
});

it("accepts every attribute of the specification", () => {
  const { diagnostics } = projectOf(`
services:
  web:
    image: x
    develop: { watch: [{ path: ., action: rebuild }] }
    deploy: { update_config: { order: start-first }, placement: { constraints: [a] }, labels: [a=b] }
    blkio_config: { weight: 300, device_read_bps: [{ path: /dev/a, rate: 1m }] }
    post_start: [{ command: x, user: root }]
    models: [m]
    credential_spec: { file: x }
models: { m: { model: ai/x } }
x-any: { thing: [1] }
`);
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  expect(diagnostics.map(({ path }) => path)).toEqual([
    "services.web.deploy.placement",
    "services.web.deploy.labels",
    "services.web.credential_spec",
  ]);
});
