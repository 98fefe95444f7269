/** A real Docker daemon (Debian's `docker.io`) with private state, for tests and figures that need one beside Gantry. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { eventually } from "./eventually.js";

export interface DockerDaemon extends AsyncDisposable {
  /** `unix:///…`, for `DOCKER_HOST`. */
  readonly host: string;
  /** Where it keeps images, containers and volumes. */
  readonly dataRoot: string;
  /** `GET path` of its API, as text. */
  get(path: string): Promise<string>;
}

const startLimitMs = 30_000;

/**
 * `through` is a command that runs it elsewhere, as `nsenter`; `flags` are more of the daemon's own. Resolves when the
 * daemon answers.
 */
export async function startDockerDaemon(
  through: readonly string[] = [],
  flags: readonly string[] = [],
): Promise<DockerDaemon> {
  const dir = await mkdtemp(`${tmpdir()}/gantry-dockerd-`);
  const socketPath = `${dir}/docker.sock`;
  const state = ["--data-root", `${dir}/data`, "--exec-root", `${dir}/exec`, "--pidfile", `${dir}/pid`];
  const [file = "", ...args] = [...through, "dockerd", ...state, "-H", `unix://${socketPath}`, ...flags];
  const daemon = spawn(file, args, { stdio: "ignore" });
  const ended = once(daemon, "exit");
  const get = (path: string) => getText(socketPath, path);
  await eventually(() => get("/_ping"), startLimitMs);
  return {
    host: `unix://${socketPath}`,
    dataRoot: `${dir}/data`,
    get,
    [Symbol.asyncDispose]: async () => {
      daemon.kill();
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function getText(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path }, async (reply) => {
      const chunks: Buffer[] = [];
      for await (const chunk of reply) chunks.push(chunk as Buffer);
      resolve(Buffer.concat(chunks).toString());
    });
    call.once("error", reject).end();
  });
}
