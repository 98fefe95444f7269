/** An engine that is elsewhere must be as near as one that is here: by ssh, by TLS, by a docker context. */
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, cp, mkdir, readdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Disposer } from "../../src/base/disposal.js";
import { type DockerDaemon, startDockerDaemon } from "../scenarios/harness/docker-daemon.js";
import { aGantry, type Gantry } from "../scenarios/harness/gantry.js";
import { aStandInHost, type StandInHost } from "../scenarios/harness/host.js";
import { makeCertificates } from "./certificates.js";
import { anSshHost, type SshHost } from "./ssh-host.js";

const execute = promisify(execFile);
const program = fileURLToPath(new URL("../../bin/gantry", import.meta.url));
const composeFile =
  "services:\n  a: { image: busybox, command: sh -c 'echo hello; exec sleep 1000', stop_grace_period: 0s }\n" +
  "  b: { image: busybox, command: sleep 1000, stop_grace_period: 0s }\n";

let disposer: Disposer;
let host: StandInHost;
let docker: DockerDaemon;
let gantry: Gantry;
let certificates: string;

beforeAll(async () => {
  disposer = new Disposer();
  const ended = <Part extends AsyncDisposable>(part: Part): Part => {
    disposer.defer(() => part[Symbol.asyncDispose]());
    return part;
  };
  host = ended(await aStandInHost());
  gantry = ended(await aGantry({}, host.through));
  certificates = `${gantry.workDir}/tls`;
  await makeCertificates(certificates);
  docker = ended(await startDockerDaemon(host.through, ["-H", "tcp://127.0.0.1:2376", ...tlsFlags(certificates)]));
});
afterAll(() => disposer?.[Symbol.asyncDispose]());

const tlsFlags = (dir: string) => [
  "--tlsverify",
  `--tlscacert=${dir}/server/ca.pem`,
  `--tlscert=${dir}/server/cert.pem`,
  `--tlskey=${dir}/server/key.pem`,
];

describe("an engine behind ssh", () => {
  let far: SshHost;
  const runtimeDir = () => `${gantry.workDir}/r`;
  const reach = async (env: Readonly<Record<string, string>>) => {
    const reached = await anSshHost(env);
    disposer.defer(() => reached[Symbol.asyncDispose]());
    far = reached;
    await mkdir(runtimeDir(), { recursive: true });
    const PATH = `${far.bin}:${process.env.PATH}`;
    return { PATH, XDG_RUNTIME_DIR: runtimeDir(), GANTRY_HOST: "ssh://root@far:2222" };
  };

  it("runs a project with one login a command, and leaves nothing of it", async () => {
    const env = await reach({ DOCKER_HOST: docker.host });
    await using local = await aGantry({ GANTRY_HOST: docker.host }, host.through);
    await local.importImages("busybox");
    await gantry.projectOf("far", composeFile);
    const project = gantry.project(`${gantry.workDir}/far`, env);
    await project.ok("up", "-d");
    expect(await far.logins()).toEqual(["root@far:2222"]);
    expect((await project.ok("ps", "-q")).split("\n")).toHaveLength(2);
    expect((await project.run("exec", "-T", "a", "sh", "-c", "exit 42")).code).toBe(42);
    expect(await project.exec("a", "echo", "there and back")).toBe("there and back");
    expect(await project.ok("logs", "a")).toContain("hello");
    expect((await project.run("up", "-d")).output).toContain("nothing to do");
    await project.ok("down");
    expect(await readdir(runtimeDir())).toEqual([]);
  });

  it("is still there for a command that Ctrl-C makes wind down", async () => {
    const env = await reach({ DOCKER_HOST: docker.host });
    await using local = await aGantry({ GANTRY_HOST: docker.host }, host.through);
    await local.importImages("busybox");
    await gantry.projectOf("wound", composeFile);
    const project = gantry.project(`${gantry.workDir}/wound`, env);
    const options = { cwd: project.cwd, env: { ...process.env, ...env }, detached: true } as const;
    const up = spawn(program, ["up"], { ...options, stdio: ["ignore", "pipe", "ignore"] });
    const ended = once(up, "exit");
    await new Promise<void>((resolve) => up.stdout.on("data", (text) => String(text).includes("hello") && resolve()));
    process.kill(-(up.pid ?? 0), "SIGINT"); // as a terminal does: to the whole job
    expect(await ended).toEqual([130, null]);
    expect(await project.ok("ps", "-q")).toBe("");
    expect((await project.ok("ps", "-aq")).split("\n")).toHaveLength(2);
    await project.ok("down");
  });

  it("is reached through gantry where there is no docker", async () => {
    const bin = `${gantry.workDir}/far-bin`;
    await mkdir(bin);
    for (const tool of ["sh", "env", "dirname", "readlink"])
      await execute("sh", ["-c", `ln -s "$(command -v ${tool})" ${bin}`]);
    await writeFile(`${bin}/gantry`, `#!/bin/sh\nPATH=${process.env.PATH} exec ${program} "$@"\n`);
    await chmod(`${bin}/gantry`, 0o755);
    const env = await reach({ PATH: bin, GANTRY_HOST: docker.host });
    expect(await gantry.ok(["container", "ls", "-aq"], { env })).toBe("");
  });

  it("says what ssh says when the login fails, and what to try", async () => {
    const env = await reach({});
    await far.forgetKey();
    const refused = await gantry.run(["container", "ls"], { env });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("Cannot reach the engine at ssh://root@far:2222");
    expect(refused.stderr).toContain("Permission denied");
    expect(refused.stderr).toContain("hint: Try the login itself: ssh -p 2222 root@far true");
  });

  it("says what the other host says when there is no engine", async () => {
    const env = await reach({ DOCKER_HOST: "unix:///nowhere.sock" });
    const refused = await gantry.run(["container", "ls"], { env });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("/nowhere.sock");
    expect(refused.stderr).toContain("hint: Try it there: ssh -p 2222 root@far docker version");
  });
});

describe("an engine behind TLS", () => {
  const address = "tcp://127.0.0.1:2376";

  it("is reached with Docker's variables", async () => {
    const env = { DOCKER_HOST: address, DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: `${certificates}/client` };
    expect(await gantry.ok(["doctor"], { env })).toMatch(/Docker \d+\.\d+/);
  });

  it("is reached by a docker context, certificates and all", async () => {
    const id = createHash("sha256").update("far").digest("hex");
    const dir = `${gantry.workDir}/docker-config`;
    await mkdir(`${dir}/contexts/meta/${id}`, { recursive: true });
    const meta = { Name: "far", Metadata: {}, Endpoints: { docker: { Host: address, SkipTLSVerify: false } } };
    await writeFile(`${dir}/contexts/meta/${id}/meta.json`, JSON.stringify(meta));
    await cp(`${certificates}/client`, `${dir}/contexts/tls/${id}/docker`, { recursive: true });
    await writeFile(`${dir}/config.json`, JSON.stringify({ currentContext: "far" }));
    const found = await gantry.ok(["doctor"], { env: { DOCKER_CONFIG: dir } });
    expect(found).toContain(`${address} (docker context far, by the current context of ${dir}/config.json)`);
    expect(found).toMatch(/Docker \d+\.\d+/);
  });

  it("is refused when the server is not the one that the authority knows, or wants a certificate", async () => {
    const other = `${gantry.workDir}/other`;
    await makeCertificates(other);
    const ask = (env: Readonly<Record<string, string>>) => gantry.run(["container", "ls"], { env });
    const stranger = await ask({ DOCKER_HOST: address, DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: `${other}/client` });
    expect(stranger.stderr).toMatch(/Cannot reach the engine at tcp:\/\/127.0.0.1:2376: .*\nhint: .*ca\.pem/);
    const plain = await ask({ DOCKER_HOST: address });
    expect(plain.code).toBe(1);
    expect(plain.stderr).toContain("DOCKER_TLS_VERIFY");
  });
});
