import { expect, it } from "vitest";
import { aProject, observedAfterUp, onlyImages } from "../plan.fixture.js";
import { printOperation } from "../print-plan.js";
import { defaultUpOptions } from "../up-options.js";
import { type OneOff, planRun } from "./plan-run.js";

const slug = "0123456789abcdef".repeat(4);
const plain: OneOff = {
  service: "web",
  slug,
  command: [],
  environment: {},
  labels: {},
  cap_add: [],
  cap_drop: [],
  volumes: [],
  ports: [],
  servicePorts: false,
  useAliases: false,
  autoRemove: false,
  tty: false,
  interactive: true,
  detach: false,
};
const project = aProject({
  db: { healthcheck: { test: ["CMD", "true"] } },
  web: {
    command: ["serve"],
    restart: { name: "always" },
    environment: { A: "1", B: "2" },
    cap_drop: ["MKNOD"],
    ports: [{ target: 80, published: "80", protocol: "tcp", mode: "ingress" }],
    depends_on: { db: { condition: "service_healthy" } },
  },
});

function runOf(more: Partial<OneOff> = {}, options = defaultUpOptions, observed = onlyImages) {
  return planRun(project, observed, { oneOff: { ...plain, ...more }, options });
}

function bodyOf(more: Partial<OneOff> = {}) {
  const op = runOf(more).operations.find((one) => one.kind === "create-container" && one.service === "web");
  if (op?.kind !== "create-container") throw new Error("no one-off is made");
  return op.body;
}

it("starts dependencies, waits for their conditions, and leaves replicas alone", () => {
  expect(runOf().operations.map(printOperation)).toEqual([
    "create-network shop_default: network is missing",
    "create-container shop-db-1: container is missing",
    "create-container shop-web-run-0123456789ab: asked for",
    "start-container shop-db-1: container is new",
    "wait-for db healthy: web depends on it: service_healthy",
    "start-container shop-web-run-0123456789ab: asked for",
  ]);
  const there = observedAfterUp(project, { "shop-db-1": { health: "healthy" } });
  expect(runOf({}, defaultUpOptions, there).operations.map(({ id }) => id)).toEqual([
    "create-container shop-web-run-0123456789ab",
    "start-container shop-web-run-0123456789ab",
  ]);
});

it("leaves dependencies out when asked to", () => {
  const { operations } = runOf({}, { ...defaultUpOptions, noDeps: true });
  expect(operations.map(({ id }) => id)).toEqual([
    "create-network shop_default",
    "create-container shop-web-run-0123456789ab",
    "start-container shop-web-run-0123456789ab",
  ]);
});

it("publishes nothing, bears no alias, and is not restarted, unless asked to", () => {
  const body = bodyOf();
  expect(body.HostConfig).toMatchObject({ PortBindings: {}, RestartPolicy: { Name: "no" }, AutoRemove: false });
  expect(body.NetworkingConfig?.EndpointsConfig?.shop_default?.Aliases).toEqual([]);
  const open = bodyOf({ servicePorts: true, useAliases: true, autoRemove: true });
  expect(open.HostConfig).toMatchObject({ PortBindings: { "80/tcp": [{ HostPort: "80" }] }, AutoRemove: true });
  expect(open.NetworkingConfig?.EndpointsConfig?.shop_default?.Aliases).toEqual(["web"]);
});

it("is known as a one-off by its labels", () => {
  expect(bodyOf().Labels).toMatchObject({
    "com.docker.compose.oneoff": "True",
    "com.docker.compose.slug": slug,
    "com.docker.compose.service": "web",
  });
  expect(bodyOf().Labels).not.toHaveProperty("com.docker.compose.container-number");
});

it("puts the command line over the service", () => {
  const body = bodyOf({
    command: ["sh"],
    environment: { B: "3", C: null },
    user: "1",
    working_dir: "/w",
    cap_add: ["MKNOD"],
    volumes: [{ type: "bind", source: "/h", target: "/c", read_only: false }],
  });
  expect(body).toMatchObject({ Cmd: ["sh"], Env: ["A=1", "B=3", "C"], User: "1", WorkingDir: "/w" });
  expect(body.HostConfig).toMatchObject({ CapAdd: ["MKNOD"], Binds: ["/h:/c:rw"] });
  expect(body.HostConfig).not.toHaveProperty("CapDrop");
});

it("takes the service's command, unless an entrypoint stands in front of it", () => {
  expect(bodyOf().Cmd).toEqual(["serve"]);
  const body = bodyOf({ entrypoint: ["ls"] });
  expect(body.Entrypoint).toEqual(["ls"]);
  expect(body).not.toHaveProperty("Cmd");
});
