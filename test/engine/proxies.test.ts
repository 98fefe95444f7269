/** Registries, files and repositories through a real proxy that wants a password. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type FakeRegistry, startFakeRegistry } from "../../src/registry/fake-registry.fixture.js";
import { startTestEngine, type TestEngine } from "./engine-fixture.js";

let work: string;
let engine: TestEngine;
let proxy: ChildProcess;
let proxyPort: number;
let plain: FakeRegistry;
let secure: FakeRegistry;
let files: Server;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "gantry-proxies-"));
  const subject = ["-subj", "/CN=r", "-days", "2", "-nodes", "-keyout", join(work, "key"), "-out", join(work, "cert")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
  execFileSync("openssl", ["req", "-x509", ...curve, ...subject], { stdio: "ignore" });
  plain = await startFakeRegistry();
  secure = await startFakeRegistry({
    tls: { key: readFileSync(join(work, "key")), cert: readFileSync(join(work, "cert")) },
  });
  files = createServer((request, response) => {
    try {
      response.end(readFileSync(join(work, "served", new URL(request.url ?? "", "http://x").pathname)));
    } catch {
      response.writeHead(404).end();
    }
  }).listen(0, "127.0.0.1");
  await once(files, "listening");
  proxyPort = await freePort();
  const lines = [`Port ${proxyPort}`, "Listen 127.0.0.1", `LogFile "${join(work, "log")}"`, "LogLevel Connect"];
  writeFileSync(join(work, "conf"), [...lines, "Timeout 60", "MaxClients 20", "BasicAuth me secret", ""].join("\n"));
  proxy = spawn("tinyproxy", ["-d", "-c", join(work, "conf")], { stdio: "ignore" });
  await vi.waitFor(() => once(connect(proxyPort, "127.0.0.1").unref(), "connect"), 10_000);
  engine = await startTestEngine({ env: { HTTP_PROXY: `http://me:secret@127.0.0.1:${proxyPort}` } });
  await restart({});
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  proxy.kill();
  files.closeAllConnections();
  files.close();
  for (const registry of [plain, secure]) await registry[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
});

/** Another engine, which has this in its configuration. */
async function restart(config: object): Promise<void> {
  await engine.gantry(["engine", "stop"]);
  const { port: here } = plain;
  const insecure = [`0.0.0.0:${here}`, `0.0.0.0:${secure.port}`];
  writeFileSync(join(engine.stateRoot, "engine.json"), JSON.stringify({ insecureRegistries: insecure, ...config }));
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // it listens on TCP
  server.close();
  return port;
}

async function gantry(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await engine.gantry(args);
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

/** What the proxy was asked for: method and address. */
function asked(): string[] {
  return [...readFileSync(join(work, "log"), "utf8").matchAll(/Request \(file descriptor \d+\): (\S+ \S+)/g)].map(
    ([, line = ""]) => line,
  );
}

/** No proxy is asked about this host by its usual names; this is another one. */
const elsewhere = (port: number) => `0.0.0.0:${port}`;

it("pushes and pulls over plain HTTP by whole addresses, and over TLS by tunnels", async () => {
  const through = { "https-proxy": `http://me:secret@127.0.0.1:${proxyPort}` };
  await restart({ proxies: through });
  for (const registry of [plain, secure]) {
    const name = `${elsewhere(registry.port)}/app:1`;
    await gantry("image", "tag", "busybox", name);
    await gantry("image", "push", name);
    await gantry("image", "rm", name);
    await gantry("image", "pull", name);
  }
  expect(asked()).toContain(`PUT http://${elsewhere(plain.port)}/v2/app/manifests/1`);
  expect(asked()).toContain(`CONNECT ${elsewhere(secure.port)}`);
  expect(plain.requests.some(({ headers }) => "proxy-authorization" in headers)).toBe(false);
});

it("fetches what ADD and contexts name through it", async () => {
  await restart({});
  const repository = join(work, "served/r.git");
  mkdirSync(join(work, "served"), { recursive: true });
  writeFileSync(join(work, "served/file"), "from afar\n");
  const git = ["-C", join(work, "tree"), "-c", "user.name=a", "-c", "user.email=a@example.com"];
  execFileSync("git", ["init", "-q", "-b", "main", join(work, "tree")]);
  writeFileSync(join(work, "tree/Dockerfile"), "FROM busybox\nCOPY Dockerfile /d\n");
  execFileSync("git", [...git, "add", "."]);
  execFileSync("git", [...git, "commit", "-qm", "one"]);
  execFileSync("git", ["clone", "-q", "--bare", join(work, "tree"), repository]);
  execFileSync("git", ["-C", repository, "update-server-info"]);
  const at = `http://${elsewhere((files.address() as AddressInfo).port)}`;
  const context = mkdtempSync(join(work, "context-"));
  writeFileSync(join(context, "Dockerfile"), `FROM busybox\nADD ${at}/file /f\nRUN cat /f\n`);
  expect(await gantry("image", "build", "--no-cache", context)).toContain("\nfrom afar\n");
  await gantry("image", "build", `${at}/r.git#main`);
  expect(asked()).toContain(`GET ${at}/file`);
  expect(asked().some((line) => line.startsWith(`GET ${at}/r.git/`))).toBe(true);
});

it("tells a proxy's refusal as the proxy's, and asks nobody about hosts that NO_PROXY names", async () => {
  const name = `${elsewhere(plain.port)}/app:1`;
  await restart({ proxies: { "http-proxy": `http://127.0.0.1:${proxyPort}` } });
  const { exitCode, stderr } = await engine.gantry(["image", "pull", name]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`The proxy 127.0.0.1:${proxyPort} refuses the request for ${elsewhere(plain.port)} (407)`);
  await restart({ proxies: { "no-proxy": "0.0.0.0" } });
  const before = asked().length;
  await gantry("image", "pull", name);
  expect(asked()).toHaveLength(before);
});

it("gives builds and containers the proxies of docker's configuration, unless they say otherwise", async () => {
  const folder = join(engine.env.HOME ?? "", ".docker");
  mkdirSync(folder, { recursive: true });
  const proxies = { default: { httpProxy: "http://p.test:3128", noProxy: "here.test" } };
  writeFileSync(join(folder, "config.json"), JSON.stringify({ proxies }));
  const project = mkdtempSync(join(work, "project-"));
  const service = { image: "busybox", command: "sleep 60", environment: { no_proxy: "mine" } };
  writeFileSync(join(project, "compose.yaml"), JSON.stringify({ name: "proxied", services: { s: service } }));
  writeFileSync(join(project, "Dockerfile"), "FROM busybox\nRUN echo $HTTP_PROXY-$http_proxy-$no_proxy\n");
  const said = await gantry("image", "build", "--no-cache", "--build-arg", "no_proxy=mine", "-t", "proxied", project);
  expect(said).toContain("\nhttp://p.test:3128-http://p.test:3128-mine\n");
  expect(await gantry("image", "inspect", "proxied")).not.toContain("p.test");
  expect(await gantry("container", "run", "--rm", "-e", "http_proxy=other", "busybox", "env")).toMatch(
    /http_proxy=other.*HTTP_PROXY=http:\/\/p.test:3128/s,
  );
  const file = ["-f", join(project, "compose.yaml")];
  await gantry(...file, "up", "-d");
  const container = () => gantry("container", "inspect", "-f", "{{.Id}} {{.Config.Env}}", "proxied-s-1");
  const first = await container();
  expect(first).toContain("HTTP_PROXY=http://p.test:3128");
  expect(first).toContain("no_proxy=mine");
  await gantry(...file, "up", "-d");
  expect(await container()).toBe(first);
  expect(await gantry(...file, "config")).not.toContain("p.test");
  await gantry(...file, "down", "-t", "0");
  rmSync(folder, { recursive: true });
});
