/** The engine from elsewhere: by TLS, and through ssh. The built program, docker's own client, certificates by openssl. */
import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Outcome, startTestEngine, type TestEngine } from "./engine-fixture.js";

const run = promisify(execFile);
const checkout = join(import.meta.dirname, "../..");
const commandLimitMs = 30_000;

describe("an engine that listens on TCP", () => {
  let folder: string;
  let engine: TestEngine;
  let host: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "gantry-certs-"));
    for (const authority of ["ours", "theirs"]) makeAuthority(folder, authority);
    makeCertificate(folder, { authority: "ours", name: "server", usage: "serverAuth" });
    makeCertificate(folder, { authority: "ours", name: "client", usage: "clientAuth" });
    makeCertificate(folder, { authority: "theirs", name: "stranger", usage: "clientAuth" });
    engine = await startTestEngine();
    await engine.gantry(["engine", "stop"]);
    const started = await engine.gantry(["engine", "start", "--listen", "tcp://127.0.0.1:0", ...tlsFlags(folder)]);
    expect(started).toMatchObject({ exitCode: 0 });
    host = `tcp://127.0.0.1:${await tcpPort(engine)}`;
  });
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const docker = (who: string, args: string[], stdin = "") => {
    const certificates = certPath(folder, who);
    const env = { PATH: process.env.PATH, HOME: folder, DOCKER_HOST: host, DOCKER_TLS_VERIFY: "1" };
    return command("docker", args, { env: { ...env, DOCKER_CERT_PATH: certificates }, stdin });
  };

  it("serves docker's client with a certificate of its authority, streams and their ends included", async () => {
    expect(await docker("client", ["run", "-i", "--rm", "busybox", "cat"], "by tls")).toMatchObject({
      exitCode: 0,
      stdout: "by tls",
    });
    expect(await docker("client", ["run", "--rm", "busybox", "sh", "-c", "exit 7"])).toMatchObject({ exitCode: 7 });
  });

  it("refuses a client of another authority, one without a certificate, and plain HTTP", async () => {
    expect(await docker("stranger", ["ps"])).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/tls|EOF/i) });
    const { hostname, port } = new URL(host);
    const ca = readFileSync(join(folder, "ours-ca.pem"));
    const path = "/_ping";
    await expect(answer(https.get({ hostname, port, path, ca, agent: false }))).rejects.toThrow();
    await expect(answer(http.get({ hostname, port, path, agent: false }))).rejects.toThrow();
    const certificate = {
      cert: readFileSync(join(folder, "client.pem")),
      key: readFileSync(join(folder, "client-key.pem")),
    };
    expect(await answer(https.get({ hostname, port, path, ca, agent: false, ...certificate }))).toBe("OK");
  });

  it("refuses what is older than TLS 1.2", async () => {
    const target = host.replace("tcp://", "");
    const certificate = ["-cert", join(folder, "client.pem"), "-key", join(folder, "client-key.pem")];
    const old = ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"];
    const outcome = await command("openssl", ["s_client", "-connect", target, ...certificate, ...old], {
      stdin: "Q\n",
    });
    expect(outcome.stdout).not.toMatch(/Cipher is (?!\(NONE\))/);
  });

  it("listens again, on the same terms, after a crash", async () => {
    const before = await engine.pid();
    process.kill(before, "SIGKILL");
    await expect.poll(() => engine.pid().catch(() => before), { timeout: commandLimitMs }).not.toBe(before);
    host = `tcp://127.0.0.1:${await tcpPort(engine)}`;
    expect(await docker("client", ["version", "--format", "{{.Server.Platform.Name}}"])).toMatchObject({
      stdout: "Gantry\n",
    });
    expect(await docker("stranger", ["ps"])).toMatchObject({ exitCode: 1 });
  });
});

describe("an engine that is asked to listen on TCP", () => {
  it("does not start without all three files, with a key that everybody may read, or without an address", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gantry-certs-"));
    await using engine = await startTestEngine({ busybox: false });
    await engine.gantry(["engine", "stop"]);
    makeAuthority(folder, "ours");
    makeCertificate(folder, { authority: "ours", name: "server", usage: "serverAuth" });
    const start = (...flags: string[]) => engine.gantry(["engine", "start", ...flags]);
    const address = ["--listen", "tcp://127.0.0.1:0"];
    expect((await start(...address)).stderr).toContain("needs --tls-ca, --tls-cert, --tls-key too");
    expect((await start(...address, ...tlsFlags(folder).slice(0, 4))).stderr).toContain("needs --tls-key too");
    expect((await start(...tlsFlags(folder))).stderr).toContain("no address to listen on");
    chmodSync(join(folder, "server-key.pem"), 0o644);
    expect((await start(...address, ...tlsFlags(folder))).stderr).toContain("may read the TLS key");
    expect(await engine.gantry(["engine", "status"])).toMatchObject({ exitCode: 3 });
    rmSync(folder, { recursive: true, force: true });
  });
});

describe("ssh", () => {
  it("needs nothing on the other host but gantry, under the name of docker", async () => {
    await using engine = await startTestEngine();
    const folder = mkdtempSync(join(tmpdir(), "gantry-ssh-"));
    // What `ssh` would run over there runs here: what counts is the command, and the stream.
    const ssh = `#!/bin/sh\nwhile [ $# -gt 0 ] && [ "$1" != docker ]; do shift; done\nPATH=${folder}/there:$PATH exec "$@"\n`;
    mkdirSync(join(folder, "here"));
    mkdirSync(join(folder, "there"));
    writeFileSync(join(folder, "here/ssh"), ssh, { mode: 0o755 });
    symlinkSync(join(checkout, "bin/gantry"), join(folder, "there/docker"));
    const client = execFileSync("sh", ["-c", "command -v docker"], { encoding: "utf8" }).trim();
    const env = { ...engine.env, PATH: `${folder}/here:${engine.env.PATH}` };
    const docker = (args: string[], stdin = "") => command(client, args, { env, stdin });
    await engine.gantry(["engine", "stop"]); // it is started over there
    expect(await docker(["-H", "ssh://me@there", "run", "-i", "--rm", "busybox", "cat"], "by ssh")).toMatchObject({
      exitCode: 0,
      stdout: "by ssh",
    });
    const misled = await command(join(folder, "there/docker"), ["run", "busybox"], { env });
    expect(misled).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("Use gantry itself") });
    rmSync(folder, { recursive: true, force: true });
  });
});

/** Rejects when there is none. */
async function answer(request: http.ClientRequest): Promise<string> {
  const [reply] = (await once(request, "response")) as [http.IncomingMessage];
  return text(reply);
}

function tlsFlags(folder: string): string[] {
  const file = (name: string) => join(folder, `${name}.pem`);
  return ["--tls-ca", file("ours-ca"), "--tls-cert", file("server"), "--tls-key", file("server-key")];
}

/** As docker's client wants a directory of certificates. */
function certPath(folder: string, who: string): string {
  const path = join(folder, `cert-path-${who}`);
  mkdirSync(path, { recursive: true });
  const files = { "ca.pem": "ours-ca.pem", "cert.pem": `${who}.pem`, "key.pem": `${who}-key.pem` };
  for (const [name, target] of Object.entries(files)) {
    rmSync(join(path, name), { force: true });
    symlinkSync(join(folder, target), join(path, name));
  }
  return path;
}

function makeAuthority(folder: string, name: string): void {
  const subject = ["-subj", `/CN=${name}`, "-days", "2", "-addext", "basicConstraints=critical,CA:TRUE"];
  openssl(folder, ["req", "-x509", ...newKey, "-keyout", `${name}-ca-key.pem`, "-out", `${name}-ca.pem`, ...subject]);
}

function makeCertificate(
  folder: string,
  { authority, name, usage }: { authority: string; name: string; usage: "serverAuth" | "clientAuth" },
): void {
  writeFileSync(join(folder, "extensions"), `subjectAltName=IP:127.0.0.1\nextendedKeyUsage=${usage}\n`);
  openssl(folder, [
    "req",
    "-new",
    ...newKey,
    "-keyout",
    `${name}-key.pem`,
    "-out",
    `${name}.csr`,
    "-subj",
    `/CN=${name}`,
  ]);
  const signer = ["-CA", `${authority}-ca.pem`, "-CAkey", `${authority}-ca-key.pem`, "-CAcreateserial"];
  const output = ["-out", `${name}.pem`, "-days", "2", "-extfile", "extensions"];
  openssl(folder, ["x509", "-req", "-in", `${name}.csr`, ...signer, ...output]);
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

function openssl(folder: string, args: string[]): void {
  execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
}

async function tcpPort({ stateRoot }: TestEngine): Promise<number> {
  const { stdout } = await run("grep", ["-oE", "and TCP port [0-9]+", join(stateRoot, "engine.log")]);
  return Number(stdout.trim().split("\n").at(-1)?.split(" ").at(-1));
}

function command(
  file: string,
  args: string[],
  { env = process.env, stdin = "" }: { env?: NodeJS.ProcessEnv; stdin?: string } = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(file, args, { env, timeout: commandLimitMs }, (error, stdout, stderr) => {
      resolve({ exitCode: error ? (typeof error.code === "number" ? error.code : -1) : 0, stdout, stderr });
    });
    child.stdin?.on("error", () => {}); // it may end without reading
    child.stdin?.end(stdin);
  });
}
