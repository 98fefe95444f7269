/** A project that stands in a registry or a git repository must run as if it were here, after a yes. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type Registry, startRegistry } from "../../images/registry.js";
import { aGantry, type Gantry, type Project } from "../harness/gantry.js";

const execute = promisify(execFile);
let gantry: Gantry;
let registry: Registry;
let storage: string;
let project: Project;

beforeAll(async () => {
  storage = await mkdtemp(`${tmpdir()}/gantry-published-`);
  registry = await startRegistry(storage);
  gantry = await aGantry();
  await gantry.importImages("busybox");
});
afterEach(() => project?.clear());
afterAll(async () => {
  await gantry?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
  if (storage) await rm(storage, { recursive: true });
});

/** A folder from which a project elsewhere is run: it has no files, and a cache of its own. */
async function aPlace(name: string): Promise<Project> {
  const cwd = `${gantry.workDir}/${name}`;
  await mkdir(cwd);
  project = gantry.project(cwd, { XDG_CACHE_HOME: `${cwd}/cache` });
  return project;
}

it("a published project runs from the registry, with the files that it extends and its env files", async () => {
  const source = await gantry.projectOf(
    "source",
    `# published as it is
services:
  web:
    extends: { service: base, file: base.yaml }
    env_file: [settings.env]
    environment: { WORD: "\${WORD:-none}" }
`,
  );
  await writeFile(
    `${source.cwd}/base.yaml`,
    "services: { base: { image: busybox, command: sleep 1000, stop_grace_period: 0s } }\n",
  );
  await writeFile(`${source.cwd}/settings.env`, "FROM_FILE=yes\n");
  const address = `${registry.address}/team/shop:1`;
  expect((await source.run("publish", address)).stderr).toContain("Services read env files");
  const printed = await source.ok("publish", "--with-env", address);
  expect(printed).toMatch(/^oci:\/\/.*@sha256:[0-9a-f]{64}$/);
  const here = await aPlace("away");
  await here.ok("-f", `oci://${address}`, "up", "-d");
  const said = await gantry.ok(["exec", "web", "sh", "-c", "echo $FROM_FILE $WORD"], {
    cwd: here.cwd,
    env: { COMPOSE_FILE: "", COMPOSE_PROJECT_NAME: "away" },
  });
  expect(said).toBe("yes none");
  await here.ok("-f", `oci://${address}`, "down");
  expect((await here.run("-f", printed, "config")).stdout).toContain("FROM_FILE");
});

it("what registries say of version 1.0 is read too, and other artifacts are refused", async () => {
  const source = await gantry.projectOf("old", "services: { web: { image: busybox } }\n");
  await source.ok("publish", "--oci-version", "1.0", `${registry.address}/old:1`);
  const here = await aPlace("reads");
  expect(await here.ok("-f", `oci://${registry.address}/old:1`, "config", "--services")).toBe("web");
  expect((await here.run("-f", `oci://${registry.address}/nothing:1`, "config")).code).not.toBe(0);
});

it("what reaches for the host is shown and asked about before it runs", async () => {
  const source = await gantry.projectOf(
    "reaching",
    "services: { web: { image: busybox, pid: host, volumes: [/etc:/x] } }\n",
  );
  await source.ok("publish", "-y", `${registry.address}/reaching:1`);
  const here = await aPlace("asked");
  const { code, stderr } = await here.run("-f", `oci://${registry.address}/reaching:1`, "up", "-d");
  expect([code !== 0, stderr.includes("web mounts /etc"), stderr.includes("web has the host's pid")]).toEqual([
    true,
    true,
    true,
  ]);
  expect(await here.ok("-p", "asked", "ps", "-aq")).toBe("");
});

it("a project is not published with what looks like a secret unless somebody says yes", async () => {
  const source = await gantry.projectOf(
    "secret",
    "services: { web: { image: busybox, environment: { PASSWORD: hunter2 } } }\n",
  );
  const refused = await source.run("publish", `${registry.address}/secret:1`);
  expect(refused.code).not.toBe(0);
  expect(refused.output).toContain("PASSWORD in compose.yaml");
  expect(refused.output).not.toContain("hunter2");
  const here = await aPlace("looks");
  expect((await here.run("-f", `oci://${registry.address}/secret:1`, "config")).code).not.toBe(0);
  await source.ok("publish", "-y", `${registry.address}/secret:1`);
});

it("an include from a git server runs after a yes, and its files are fetched once", async () => {
  await using server = await aGitServer(`${gantry.workDir}/git`, {
    "part/compose.yaml": "services: { part: { image: busybox, command: sleep 1000, stop_grace_period: 0s } }\n",
  });
  project = await gantry.projectOf("including", `include: ["${server.url}#main:part"]\n`);
  const env = { XDG_CACHE_HOME: `${gantry.workDir}/including/cache` };
  project = gantry.project(project.cwd, env);
  const refused = await project.run("up", "-d");
  expect([refused.code !== 0, refused.stderr.includes(server.url)]).toEqual([true, true]);
  expect(await project.ok("ps", "-aq")).toBe("");
  await project.ok("up", "-d", "--yes");
  expect(await project.ok("ps", "--services")).toBe("part");
  const off = await gantry.run(["config"], {
    cwd: project.cwd,
    env: { ...env, COMPOSE_EXPERIMENTAL_GIT_REMOTE: "false" },
  });
  expect(off.output).toContain("COMPOSE_EXPERIMENTAL_GIT_REMOTE turns it off");
});

/** A bare repository served by git's own program over http on a free loopback port. */
async function aGitServer(folder: string, files: Readonly<Record<string, string>>) {
  const work = `${folder}/work`;
  const git = (...args: string[]) => execute("git", ["-C", work, "-c", "user.name=x", "-c", "user.email=x@x", ...args]);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(`${work}/${path}`), { recursive: true });
    await writeFile(`${work}/${path}`, text);
  }
  await execute("git", ["init", "--quiet", "--initial-branch=main", work]);
  await git("add", "--all");
  await git("commit", "--quiet", "--message=one");
  await execute("git", ["clone", "--quiet", "--bare", work, `${folder}/parts.git`]);
  await execute("git", ["-C", `${folder}/parts.git`, "update-server-info"]);
  const { readFile } = await import("node:fs/promises");
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://here");
    readFile(`${folder}${pathname}`).then(
      (content) => response.end(content),
      () => response.writeHead(404).end(),
    );
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}/parts.git`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close").catch(() => {});
    },
  };
}
