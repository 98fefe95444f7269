import { expect, it, vi } from "vitest";
import { nothingObserved } from "./observed.js";
import { anImage, aProject, aVolume, observedAfterUp, type ServiceInput, upLines } from "./plan.fixture.js";
import { planUp } from "./plan-up.js";
import { changedFields } from "./service/field-changes.js";
import { hashService } from "./service/service-hash.js";
import { defaultUpOptions } from "./up-options.js";

/** Two hundred rounds take some seconds on a busy machine. */
vi.setConfig({ testTimeout: 30_000 });

/** Two values for nearly every attribute, under the name that a change of it must have. */
const attributes: Record<string, readonly [ServiceInput, ServiceInput]> = {
  command: [{ command: ["a", "b"] }, { command: [] }],
  entrypoint: [{ entrypoint: ["/e"] }, { entrypoint: ["/f", "g"] }],
  "environment.A": [{ environment: { A: "1", B: null } }, { environment: { A: "", B: null } }],
  "labels.l": [{ labels: { l: "1" } }, { labels: { l: "2" } }],
  annotations: [{ annotations: { a: "1" } }, { annotations: { a: "2" } }],
  hostname: [{ hostname: "h" }, { hostname: "i" }],
  domainname: [{ domainname: "d" }, { domainname: "e" }],
  user: [{ user: "1:1" }, { user: "root" }],
  working_dir: [{ working_dir: "/w" }, { working_dir: "/x" }],
  tty: [{ tty: true }, { tty: false }],
  stdin_open: [{ stdin_open: true }, { stdin_open: false }],
  init: [{ init: true }, {}],
  privileged: [{ privileged: true }, { privileged: false }],
  read_only: [{ read_only: true }, { read_only: false }],
  stop_signal: [{ stop_signal: "SIGINT" }, { stop_signal: "SIGQUIT" }],
  stop_grace_period: [{ stop_grace_period: 3e9 }, { stop_grace_period: 20e9 }],
  restart: [{ restart: { name: "always" } }, { restart: { name: "on-failure", max_attempts: 2 } }],
  cap_add: [{ cap_add: ["NET_ADMIN", "CAP_SYS_TIME"] }, { cap_add: ["ALL"] }],
  cap_drop: [{ cap_drop: ["MKNOD"] }, {}],
  security_opt: [{ security_opt: ["no-new-privileges:true"] }, { security_opt: ["seccomp=unconfined"] }],
  group_add: [{ group_add: ["10"] }, { group_add: ["10", "11"] }],
  devices: [{ devices: [{ source: "/dev/null", target: "/dev/n", permissions: "rwm" }] }, {}],
  ulimits: [{ ulimits: { nofile: { soft: 1, hard: 2 } } }, { ulimits: { nofile: { soft: 1, hard: 3 } } }],
  sysctls: [{ sysctls: { "net.a": "1" } }, { sysctls: { "net.a": "0" } }],
  tmpfs: [{ tmpfs: ["/t:size=1m"] }, { tmpfs: ["/t"] }],
  shm_size: [{ shm_size: 1 << 20 }, {}],
  cpus: [{ resources: { cpus: 0.5 } }, { resources: { cpus: 1.5 } }],
  mem_limit: [{ resources: { mem_limit: 64 << 20 } }, {}],
  memswap_limit: [{ resources: { mem_limit: 9, memswap_limit: -1 } }, { resources: { mem_limit: 9 } }],
  pids_limit: [{ resources: { pids_limit: 10 } }, { resources: { pids_limit: 11 } }],
  extra_hosts: [{ extra_hosts: ["a=1.2.3.4"] }, { extra_hosts: ["a=1.2.3.5"] }],
  dns: [{ dns: ["1.1.1.1"] }, { dns: ["1.1.1.2"] }],
  dns_search: [{ dns_search: ["x"] }, {}],
  dns_opt: [{ dns_opt: ["ndots:1"] }, {}],
  network_mode: [{ network_mode: "host" }, { network_mode: "none" }],
  "networks.back": [{ networks: ["back", "front"] }, { networks: ["front"] }],
  pid: [{ pid: "host" }, {}],
  ipc: [{ ipc: "host" }, { ipc: "shareable" }],
  cgroup_parent: [{ cgroup_parent: "/c" }, {}],
  oom_score_adj: [{ oom_score_adj: 5 }, {}],
  logging: [
    { logging: { driver: "local", options: { "max-size": "1m" } } },
    { logging: { options: { "max-file": "2" } } },
  ],
  ports: [
    { ports: [{ target: 80, published: "8080", protocol: "tcp", mode: "ingress" }] },
    { ports: [{ target: 80, published: "8081", protocol: "tcp", mode: "ingress", host_ip: "127.0.0.1" }] },
  ],
  expose: [{ expose: ["80/tcp"] }, { expose: ["81/udp"] }],
  volumes: [
    { volumes: [{ type: "volume", source: "data", target: "/d", read_only: false }] },
    { volumes: [{ type: "bind", source: "/src", target: "/d", read_only: true }] },
  ],
  "secrets.s": [{ secrets: [{ source: "s", target: "/run/secrets/s" }] }, {}],
  healthcheck: [{ healthcheck: { test: ["CMD", "true"], interval: 1e9 } }, { healthcheck: { test: ["NONE"] } }],
};

const image = anImage("sha256:1111", {
  Env: ["PATH=/bin"],
  Cmd: ["sh"],
  WorkingDir: "/srv",
  User: "7",
  Volumes: { "/v": {} },
});
const images = new Map([["busybox", image]]);
const projectOf = (input: ServiceInput) =>
  aProject(
    { web: input },
    {
      volumes: new Map([["data", aVolume("data")]]),
      secrets: new Map([["s", { key: "s", name: "s", file: "/src/s", external: false }]]),
    },
  );

/** The paths of the fields in which `after` differs from a container made for `before`. */
function changedPaths(before: ServiceInput, after: ServiceInput): string[] {
  const project = projectOf(after);
  const service = project.services.get("web");
  const [container] = observedAfterUp(projectOf(before), {}, images).containers;
  if (!service || !container) throw new Error("missing in the fixture");
  return changedFields({ project, service, container, image, contents: nothingObserved }).map(({ path }) =>
    path.replace("services.web.", ""),
  );
}

it.each(Object.entries(attributes))(
  "finds nothing to do after an up with %s, and names it when it changes",
  (name, [a, b]) => {
    for (const input of [a, b]) {
      expect(upLines(projectOf(input), observedAfterUp(projectOf(input), {}, images))).toEqual([]);
      expect(changedPaths(input, input)).toEqual([]);
    }
    expect(changedPaths(a, b)).toContain(name);
    expect(changedPaths(b, a)).toContain(name);
  },
);

it("finds nothing to do after an up of any combination of attributes", () => {
  const random = generator(20_260_101);
  for (let round = 0; round < 200; round++) {
    const chosen = Object.entries(attributes).flatMap(([, variants]) =>
      random() < 0.5 ? [variants[random() < 0.5 ? 0 : 1]] : [],
    );
    const input: ServiceInput = Object.assign({}, ...chosen);
    const project = projectOf(input);
    const observed = observedAfterUp(project, {}, images);
    expect(planUp(project, observed, defaultUpOptions).operations, JSON.stringify(input)).toEqual([]);
    expect(changedPaths(input, input), JSON.stringify(input)).toEqual([]);
  }
});

it("keeps no trace of values but digests in a container's labels", () => {
  const project = projectOf({ environment: { PIN: "1234" }, labels: { own: "1" } });
  const labels = observedAfterUp(project, {}, images).containers[0]?.labels ?? {};
  const foreign = Object.keys(labels).filter((key) => !key.startsWith("com.docker.compose."));
  expect(foreign).toEqual(["own", "gantry.version", "gantry.digests"]);
});

it("does not make a container anew for attributes that nothing acts on", () => {
  const service = projectOf({}).services.get("web");
  if (!service) throw new Error("missing in the fixture");
  const digest = (untyped: Record<string, unknown>) =>
    hashService({ ...service, untyped }, projectOf({}), nothingObserved);
  expect(digest({ develop: { watch: [] } })).toBe(digest({}));
});

/** Numbers in [0, 1), the same for the same seed (a linear congruential generator). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
