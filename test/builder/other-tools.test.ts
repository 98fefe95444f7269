/** Images that are built here must be as good as anybody's: for a Docker daemon, for skopeo, for umoci; and theirs here. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestEngine, type TestEngine } from "../engine/engine-fixture.js";
import { type DockerDaemon, startDockerDaemon } from "../scenarios/harness/docker-daemon.js";
import { aStandInHost } from "../scenarios/harness/host.js";

const lines = [
  ...["FROM busybox AS made", "RUN mkdir -p /m/d && echo one >/m/d/one && ln -s one /m/d/link && ln /m/d/one /m/hard"],
  ...["FROM busybox", "COPY --link --chown=7:8 --chmod=640 f /opt/f", "COPY --from=made /m /m"],
  ...["RUN echo gone >/gone && mkdir /kept && chmod 1777 /kept", "RUN rm /gone && rm -rf /home && mkdir /home"],
  ...["ENV GREETING=hello", "WORKDIR /kept", "USER 7:8", 'ENTRYPOINT ["sh", "-c"]'],
  'CMD ["id -u; pwd; echo $GREETING; cat /opt/f /m/d/link; ls /gone /home"]',
];
const said = "7\n/kept\nhello\nf\none\n";

let work: string;
let engine: TestEngine;
let docker: DockerDaemon;
let host: Awaited<ReturnType<typeof aStandInHost>>;
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "gantry-others-"));
  host = await aStandInHost();
  [engine, docker] = await Promise.all([startTestEngine(), startDockerDaemon(host.through)]);
  mkdirSync(join(work, "context"));
  writeFileSync(join(work, "context/Dockerfile"), lines.join("\n"));
  writeFileSync(join(work, "context/f"), "f\n");
  await ok("image", "build", "-t", "ours:1", join(work, "context"));
  await ok("image", "save", "-o", join(work, "ours.tar"), "ours:1");
});
afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
  await docker?.[Symbol.asyncDispose]();
  await host?.[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
});

async function ok(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await engine.gantry(args);
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

/** On the Docker daemon. */
function theirs(...args: string[]): string {
  const env = { ...process.env, DOCKER_HOST: docker.host, DOCKER_BUILDKIT: "0" };
  return execFileSync("docker", args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

it("are loaded and run by a Docker daemon, with the same id and history", async () => {
  expect(theirs("load", "-i", join(work, "ours.tar"))).toContain("ours:1");
  const [there, here] = [theirs("inspect", "ours:1"), await ok("image", "inspect", "ours:1")].map(
    (text) => JSON.parse(text)[0],
  );
  expect(there.Id).toBe(here.Id);
  expect(there.RootFS).toEqual(here.RootFS);
  const ran = spawned(() => theirs("run", "--rm", "--network", "none", "ours:1"));
  expect(ran).toContain(said);
  expect(ran).toContain("/gone: No such file");
  const history = (text: string) => text.trim().split("\n");
  const format = ["--no-trunc", "--format", "{{.CreatedBy}}"];
  expect(history(theirs("history", ...format, "ours:1"))).toEqual(
    history(await ok("image", "history", ...format, "ours:1")),
  );
});

it("are inspected and copied by skopeo without a change of their digests", () => {
  const skopeo = (...args: string[]) => execFileSync("skopeo", ["--insecure-policy", ...args], { encoding: "utf8" });
  const before = JSON.parse(skopeo("inspect", `oci-archive:${work}/ours.tar`));
  skopeo("copy", "-q", "--preserve-digests", `oci-archive:${work}/ours.tar`, `oci:${work}/layout:1`);
  const after = JSON.parse(skopeo("inspect", `oci:${work}/layout:1`));
  expect([after.Digest, after.Layers]).toEqual([before.Digest, before.Layers]);
  skopeo("copy", "-q", `docker-archive:${work}/ours.tar`, `dir:${work}/dir`);
  expect(existsSync(join(work, "dir/manifest.json"))).toBe(true);
});

it("are unpacked by umoci: modes, owners, links and what was removed", () => {
  execFileSync("umoci", ["unpack", "--image", `${work}/layout:1`, join(work, "bundle")], { stdio: "pipe" });
  const at = (path: string) => join(work, "bundle/rootfs", path);
  expect([existsSync(at("gone")), readlinkSync(at("m/d/link")), readFileSync(at("m/hard"), "utf8")]).toEqual([
    ...[false, "one", "one\n"],
  ]);
  const file = statSync(at("opt/f"));
  expect([file.uid, file.gid, file.mode & 0o7777, statSync(at("kept")).mode & 0o7777]).toEqual([7, 8, 0o640, 0o1777]);
  expect(statSync(at("m/d/one")).ino).toBe(statSync(at("m/hard")).ino);
});

it("are joined by those that a Docker daemon built: they load, run, and are built upon here", async () => {
  const directory = join(work, "upon");
  mkdirSync(directory);
  writeFileSync(join(directory, "Dockerfile"), 'FROM ours:1\nUSER 0\nRUN echo theirs >/theirs\nCMD ["cat /theirs"]\n');
  theirs("build", "-q", "-t", "theirs:1", "--network", "none", directory);
  theirs("save", "-o", join(work, "theirs.tar"), "theirs:1");
  await ok("image", "load", "-i", join(work, "theirs.tar"));
  expect(await ok("container", "run", "--rm", "--network", "none", "theirs:1")).toBe("theirs\n");
  writeFileSync(join(directory, "Dockerfile"), "FROM theirs:1\nRUN echo more >>/theirs\n");
  await ok("image", "build", "-t", "upon:1", directory);
  expect(await ok("container", "run", "--rm", "--network", "none", "upon:1")).toBe("theirs\nmore\n");
});

/** What a command says on both streams, whatever its exit code. */
function spawned(run: () => string): string {
  try {
    return run();
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }; // of execFileSync
    return `${stdout}${stderr}`;
  }
}
