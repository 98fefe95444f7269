import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { enginePaths } from "../endpoint.js";
import { type ChoiceInput, chooseEngine } from "./choose-engine.js";

type Env = Readonly<Record<string, string>>;

/** The choice on Linux with the given environment and files (by path below the home directory). */
function choose(env: Env = {}, more: Partial<ChoiceInput> & { texts?: Env } = {}) {
  const { texts = {}, ...input } = more;
  const at = (path: string) => (path.startsWith("/home/me/") ? texts[path.slice("/home/me/".length)] : texts[path]);
  const files = { readText: at, exists: (path: string) => at(path) !== undefined };
  return chooseEngine({ flag: undefined, env, home: "/home/me", platform: "linux", files, ...input });
}

/** The files of a docker context. */
function aContext(name: string, docker: object, pems: Env = {}): Env {
  const id = createHash("sha256").update(name).digest("hex");
  const tls = Object.entries(pems).map(([file, text]) => [`.docker/contexts/tls/${id}/docker/${file}`, text]);
  const meta = JSON.stringify({ Name: name, Metadata: {}, Endpoints: { docker } });
  return { [`.docker/contexts/meta/${id}/meta.json`]: meta, ...Object.fromEntries(tls) };
}
const current = (name: string) => ({ ".docker/config.json": JSON.stringify({ currentContext: name }) });
const endpointOf = (choice: ReturnType<typeof choose>) => (choice.kind === "external" ? choice.endpoint : undefined);

it("takes --engine, GANTRY_HOST, DOCKER_HOST, DOCKER_CONTEXT, the current context, else the embedded engine", () => {
  const texts = {
    ...aContext("a", { Host: "unix:///a" }),
    ...aContext("b", { Host: "unix:///b" }),
    ...current("b"),
  };
  const whole = { GANTRY_HOST: "unix:///g", DOCKER_HOST: "unix:///d", DOCKER_CONTEXT: "a" };
  const { GANTRY_HOST: _g, ...second } = whole;
  const { DOCKER_HOST: _d, ...third } = second;
  const path = (choice: ReturnType<typeof choose>) => [endpointOf(choice), choice.because];
  expect(path(choose(whole, { flag: "unix:///f", texts }))).toEqual([{ kind: "unix", path: "/f" }, "--engine"]);
  expect(path(choose(whole, { texts }))).toEqual([{ kind: "unix", path: "/g" }, "GANTRY_HOST"]);
  expect(path(choose(second, { texts }))).toEqual([{ kind: "unix", path: "/d" }, "DOCKER_HOST"]);
  expect(path(choose(third, { texts }))).toEqual([{ kind: "unix", path: "/a" }, "docker context a, by DOCKER_CONTEXT"]);
  expect(path(choose({}, { texts }))).toEqual([
    { kind: "unix", path: "/b" },
    "docker context b, by the current context of /home/me/.docker/config.json",
  ]);
  expect(choose()).toEqual({ kind: "embedded", because: "the default", warnings: [], listens: false });
});

it("takes docker's default context, and a configuration that is no JSON, for no choice", () => {
  expect(choose({}, { texts: current("default") }).kind).toBe("embedded");
  expect(choose({ DOCKER_CONTEXT: "default" }).kind).toBe("embedded");
  expect(choose({}, { texts: { ".docker/config.json": "{" } }).kind).toBe("embedded");
});

it("knows the embedded engine by its own socket, so that it is still started when needed", () => {
  const env = { GANTRY_RUN_DIR: "/r", DOCKER_HOST: "unix:///r/engine.sock" };
  expect(choose(env)).toMatchObject({ kind: "embedded", listens: false });
  expect(choose(env, { texts: { "/r/engine.sock": "" } })).toMatchObject({ kind: "embedded", listens: true });
  expect(enginePaths(env)).toEqual({ stateRoot: "/var/lib/gantry", runDir: "/r", socket: "/r/engine.sock" });
});

it("knows docker and podman by name, and Podman's own variable", () => {
  expect(endpointOf(choose({}, { flag: "docker" }))).toEqual({ kind: "unix", path: "/var/run/docker.sock" });
  expect(endpointOf(choose({}, { flag: "podman" }))).toEqual({ kind: "unix", path: "/run/podman/podman.sock" });
  const user = { XDG_RUNTIME_DIR: "/run/user/1000" };
  expect(endpointOf(choose(user, { flag: "podman" }))).toMatchObject({ path: "/run/user/1000/podman/podman.sock" });
  expect(endpointOf(choose({ CONTAINER_HOST: "unix:///c" }, { flag: "podman" }))).toMatchObject({ path: "/c" });
});

it("takes any other name for a docker context, and names the place when there is none", () => {
  const texts = aContext("colima", { Host: "unix:///colima.sock" });
  expect(endpointOf(choose({}, { flag: "colima", texts }))).toEqual({ kind: "unix", path: "/colima.sock" });
  expect(() => choose({ GANTRY_HOST: "nowhere" })).toThrow("GANTRY_HOST: there is no engine and no docker context");
  expect(() => choose({ DOCKER_HOST: "ftp://x" })).toThrow("DOCKER_HOST: ftp://x is not an engine");
});

it("looks for contexts where DOCKER_CONFIG says", () => {
  const texts = { "/etc/d/config.json": JSON.stringify({ currentContext: "default" }) };
  expect(choose({ DOCKER_CONFIG: "/etc/d" }, { texts }).kind).toBe("embedded");
});

it("uses a context's certificates, and warns when it says not to verify", () => {
  const pems = { "ca.pem": "CA", "cert.pem": "CERT", "key.pem": "KEY" };
  const verified = choose({}, { flag: "far", texts: aContext("far", { Host: "tcp://h:2376" }, pems) });
  const tls = { ca: "CA", cert: "CERT", key: "KEY", verify: true };
  expect(endpointOf(verified)).toEqual({ kind: "tcp", host: "h", port: 2376, tls });
  expect(verified.warnings).toEqual([]);
  const careless = aContext("far", { Host: "tcp://h:2376", SkipTLSVerify: true }, pems);
  expect(choose({}, { flag: "far", texts: careless }).warnings).toHaveLength(1);
});

it("uses TLS for tcp addresses when Docker's variables ask for it, with the port that goes with it", () => {
  const texts = { "/c/ca.pem": "CA", "/c/cert.pem": "CERT", "/c/key.pem": "KEY", ".docker/ca.pem": "HOME" };
  const verified = { DOCKER_HOST: "tcp://h", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/c" };
  const tls = { ca: "CA", cert: "CERT", key: "KEY", verify: true };
  expect(endpointOf(choose(verified, { texts }))).toEqual({ kind: "tcp", host: "h", port: 2376, tls });
  const athome = { DOCKER_HOST: "tcp://h:1", DOCKER_TLS_VERIFY: "1" };
  expect(endpointOf(choose(athome, { texts }))).toMatchObject({ port: 1, tls: { ca: "HOME", verify: true } });
  expect(endpointOf(choose({ DOCKER_HOST: "tcp://h", DOCKER_TLS: "1" }))).toMatchObject({ tls: { verify: false } });
  expect(() => choose({ ...verified, DOCKER_CERT_PATH: "/none" })).toThrow("ca.pem cannot be read in /none");
});

it("warns of an engine that is reached over the network in plain text, and of no other", () => {
  const warnings = (address: string) => choose({ DOCKER_HOST: address }).warnings.map(({ message }) => message);
  expect(warnings("tcp://10.0.0.9:2375")).toEqual([
    "tcp://10.0.0.9:2375 is neither encrypted nor authenticated: anybody on the way can run anything as root there",
  ]);
  for (const address of ["tcp://127.0.0.1:2375", "tcp://[::1]:2375", "tcp://localhost:2375", "ssh://far"]) {
    expect(warnings(address), address).toEqual([]);
  }
});

it("reads ssh addresses, and refuses those that could be more than an address", () => {
  expect(endpointOf(choose({}, { flag: "ssh://me@far:2222/run/docker.sock" }))).toEqual({
    kind: "ssh",
    user: "me",
    host: "far",
    port: 2222,
    path: "/run/docker.sock",
  });
  expect(endpointOf(choose({}, { flag: "ssh://[fe80::1]" }))).toEqual({ kind: "ssh", host: "fe80::1" });
  for (const flag of ["ssh://-oProxyCommand=x", "ssh://far/a;b", "ssh://far/$(x)", "ssh://-l@far"]) {
    expect(() => choose({}, { flag }), flag).toThrow("is not an engine");
  }
  expect(() => choose({}, { flag: "ssh://me:secret@far" })).toThrow("ssh://me:***@far");
});

it("takes Docker's socket where containers need a virtual machine, and says why", () => {
  const mac = { platform: "darwin" };
  expect(choose({}, mac)).toMatchObject({
    endpoint: { path: "/var/run/docker.sock" },
    because: expect.stringContaining("virtual machine"),
  });
  const texts = { ".docker/run/docker.sock": "" };
  expect(choose({}, { ...mac, texts })).toMatchObject({ endpoint: { path: "/home/me/.docker/run/docker.sock" } });
});
