/**
 * An image made here must be accepted by every other tool, and theirs here: dockerd, skopeo, umoci and docker-registry,
 * with the same ids and digests everywhere.
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { startTestEngine, type TestEngine } from "../../engine/engine-fixture.js";
import { type Registry, startRegistry } from "../../images/registry.js";
import { type DockerDaemon, startDockerDaemon } from "../harness/docker-daemon.js";

const run = promisify(execFile);
let engine: TestEngine;
let dockerd: DockerDaemon;
let registry: Registry;
let counted: Awaited<ReturnType<typeof startCounting>>;
let work: string;
/** The daemon touches no network of this host. */
const alone = ["--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false"];

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "gantry-elsewhere-"));
  const storage = mkdtempSync(join(work, "registry-"));
  [engine, dockerd, registry] = await Promise.all([
    startTestEngine(),
    startDockerDaemon([], alone),
    startRegistry(storage),
  ]);
  counted = await startCounting(Number(registry.address.split(":")[1]));
  await here("run", "--name", "box", "busybox", "sh", "-c", `${changes}`);
  await here("commit", "--change", 'CMD ["sh", "/say"]', "--change", "LABEL made=here", "box", "mine:1");
});
afterAll(async () => {
  counted?.server.close();
  await registry?.[Symbol.asyncDispose]();
  await dockerd?.[Symbol.asyncDispose]();
  await engine?.[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
});
beforeEach(() => {
  counted.requests.length = 0;
});

/** What layers get wrong: a set-id bit, an owner, hard and symbolic links, something removed, a directory made anew. */
const changes =
  "echo echo made here, read by $(id -u) >/say; chown 12:34 /say; chmod 4755 /say; ln /say /hard; ln -s say /soft; " +
  "rm /etc/group; rm -r /tmp; mkdir /tmp; echo x >/tmp/anew";

async function here(...args: string[]): Promise<string> {
  const outcome = await engine.docker(args);
  expect(outcome, args.join(" ")).toMatchObject({ exitCode: 0 });
  return outcome.stdout.trim();
}

/** Never synchronously: what counts requests to the registry runs in this process. */
async function there(...args: string[]): Promise<string> {
  return (await run("docker", args, { env: { ...process.env, DOCKER_HOST: dockerd.host } })).stdout.trim();
}

async function skopeo(...args: string[]): Promise<string> {
  return (await run("skopeo", ["--insecure-policy", ...args])).stdout.trim();
}

async function digestAt(name: string): Promise<string> {
  return JSON.parse(await skopeo("inspect", "--tls-verify=false", `docker://${name}`)).Digest;
}

it("saves what dockerd loads and runs under the same id", async () => {
  const file = join(work, "mine.tar");
  await here("save", "-o", file, "mine:1");
  expect(await there("load", "-i", file)).toBe("Loaded image: mine:1");
  expect(await there("image", "inspect", "-f", "{{.Id}}", "mine:1")).toBe(
    await here("image", "inspect", "-f", "{{.Id}}", "mine:1"),
  );
  expect(await there("run", "--rm", "--network=none", "mine:1")).toBe("made here, read by 0");
  const look = "stat -c '%n %a %u:%g %h' /say /hard; readlink /soft; ls /etc/group 2>/dev/null; ls /tmp";
  const seen = await there("run", "--rm", "--network=none", "mine:1", "sh", "-c", look);
  expect(seen).toBe("/say 4755 12:34 2\n/hard 4755 12:34 2\nsay\nanew");
  expect(await here("run", "--rm", "mine:1", "sh", "-c", look)).toBe(seen);
});

it("saves what skopeo inspects and copies, in either form, and umoci unpacks", async () => {
  const file = join(work, "mine.tar");
  const layout = join(work, "layout");
  for (const form of ["docker-archive", "oci-archive"]) {
    expect(JSON.parse(await skopeo("inspect", `${form}:${file}`))).toMatchObject({
      Labels: { made: "here" },
      Os: "linux",
    });
  }
  await skopeo("copy", "-q", `oci-archive:${file}`, `oci:${layout}:1`);
  execFileSync("umoci", ["unpack", "--image", `${layout}:1`, join(work, "bundle")]);
  const root = join(work, "bundle/rootfs");
  expect(readFileSync(join(root, "say"), "utf8")).toBe("echo made here, read by 0\n");
  expect(statSync(join(root, "hard"))).toMatchObject({ uid: 12, gid: 34, mode: 0o104755, nlink: 2 });
  expect(() => statSync(join(root, "etc/group"))).toThrow("ENOENT");
});

it("loads and runs what dockerd, skopeo and umoci have made", async () => {
  const [saved, archive, layout] = ["saved.tar", "archive.tar", "umoci"].map((name) => join(work, name)) as [
    ...[string, string, string],
  ];
  await there(
    "run",
    "--name",
    "theirs",
    "--network=none",
    "mine:1",
    "sh",
    "-c",
    "echo echo made there >/say; rm /hard",
  );
  await there("commit", "theirs", "theirs:1");
  await there("save", "-o", saved, "theirs:1");
  expect(await here("load", "-i", saved)).toBe("Loaded image: theirs:1");
  expect(await here("image", "inspect", "-f", "{{.Id}}", "theirs:1")).toBe(
    await there("image", "inspect", "-f", "{{.Id}}", "theirs:1"),
  );
  expect(await here("run", "--rm", "theirs:1", "sh", "-c", "sh /say; ls /hard 2>/dev/null || true")).toBe("made there");
  await skopeo("copy", "-q", `docker-archive:${saved}`, `oci-archive:${archive}:docker.io/library/copied:1`);
  expect(await here("load", "-i", archive)).toBe("Loaded image: copied:1");
  await skopeo("copy", "-q", `docker-archive:${saved}`, `oci:${layout}:1`);
  execFileSync("umoci", ["config", "--image", `${layout}:1`, "--config.cmd", "echo", "--config.cmd", "by umoci"]);
  execFileSync("tar", ["-C", layout, "-cf", `${layout}.tar`, "."]);
  const id = /sha256:[0-9a-f]{64}/.exec(await here("load", "-i", `${layout}.tar`))?.[0] ?? "";
  expect(await here("run", "--rm", id)).toBe("by umoci");
});

it("has one digest here, at dockerd and in the registry, whichever way it went", async () => {
  const mine = `${counted.address}/team/mine:1`;
  await here("tag", "mine:1", mine);
  const pushed = /digest: (sha256:\w+)/.exec(await here("push", mine))?.[1];
  expect(await digestAt(mine)).toBe(pushed);
  expect(await there("pull", mine)).toContain(`Digest: ${pushed}`);
  expect(await there("image", "inspect", "-f", "{{.Id}}", mine)).toBe(
    await here("image", "inspect", "-f", "{{.Id}}", mine),
  );
  const theirs = `${counted.address}/team/theirs:1`;
  await there("tag", "theirs:1", theirs);
  const sent = /digest: (sha256:\w+)/.exec(await there("push", theirs))?.[1];
  await here("rmi", "-f", "theirs:1", "copied:1");
  expect(await here("pull", theirs)).toContain(`Digest: ${sent}`);
  const again = `${counted.address}/team/again:1`;
  await here("tag", theirs, again);
  expect(await here("push", again)).toContain(`digest: ${sent}`);
  // An archive carries the manifest along.
  const file = join(work, "again.tar");
  await here("save", "-o", file, mine);
  await here("rmi", "-f", mine, "mine:1");
  await here("load", "-i", file);
  expect(await here("push", mine)).toContain(`digest: ${pushed}`);
});

it("sends only what is missing: nothing the second time, one layer with a layer more", async () => {
  const mine = `${counted.address}/team/mine:1`;
  const sentBlobs = () => counted.requests.filter(({ method, path }) => method !== "HEAD" && path.includes("/blobs/"));
  await here("push", mine);
  expect(sentBlobs()).toEqual([]);
  expect(counted.requests.filter(({ method }) => method === "PUT").map(({ path }) => path)).toEqual([
    "/v2/team/mine/manifests/1",
  ]);
  await here("run", "--name", "more", mine, "sh", "-c", "echo more >/more");
  await here("commit", "more", `${counted.address}/team/mine:2`);
  await here("push", `${counted.address}/team/mine:2`);
  const uploads = sentBlobs().filter(({ method }) => method === "PUT");
  expect(uploads).toHaveLength(2); // the layer and the configuration
});

/** Passes everything on to a port of this host, and counts. */
async function startCounting(port: number) {
  const requests: Array<{ method: string; path: string }> = [];
  const server: Server = createServer((incoming, outgoing) => {
    const { method = "", url: path = "", headers } = incoming;
    requests.push({ method, path });
    const onward = request({ host: "127.0.0.1", port, method, path, headers }, (reply) => {
      outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { server, address, requests };
}
