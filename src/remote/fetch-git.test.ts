import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { loadProject } from "../compose/load/load-project.js";
import { fetchGit } from "./fetch-git.js";
import { remoteFetcher } from "./fetch-remote.js";
import { commitIn, parseGitReference } from "./git-reference.js";
import type { RemoteOptions } from "./remote-options.js";

// Programs of the system are run; a loaded machine takes its time to start them.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const folder = mkdtempSync(join(tmpdir(), "gantry-git-"));
const repository = join(folder, "work");
const url = `file://${repository}`;
const options: RemoteOptions = {
  cache: join(folder, "cache"),
  env: { PATH: process.env.PATH, HOME: folder, GIT_DIR: "/nowhere" },
  signal: new AbortController().signal,
  registry: () => Promise.reject(new Error("no registry")),
};

function git(...args: string[]): string {
  const env = { ...process.env, HOME: folder, GIT_CONFIG_NOSYSTEM: "1" };
  return execFileSync("git", ["-C", repository, "-c", "user.name=x", "-c", "user.email=x@x", ...args], {
    env,
    encoding: "utf8",
  });
}

function write(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(repository, path, ".."), { recursive: true });
    writeFileSync(join(repository, path), text);
  }
}

beforeAll(() => {
  mkdirSync(repository);
  mkdirSync(options.cache);
  execFileSync("git", ["init", "--quiet", "--initial-branch=main", repository]);
  write({
    "compose.yaml": "services: { top: { image: x, volumes: ['./data:/data', '../out:/out'] } }\n",
    "sub/docker-compose.yml": "services: { web: { image: 'x:${TAG:-1}', env_file: e.env, build: ./b } }\n",
    "sub/e.env": "A=1\n",
    "evil/compose.yaml":
      "services: { web: { image: x, env_file: /etc/hostname, extends: { service: a, file: ../../a } } }\n",
  });
  git("add", "--all");
  git("commit", "--quiet", "--message=one");
  git("tag", "--annotate", "v1", "--message=tag");
  write({ "later.yaml": "services: { later: { image: y } }\n" });
  git("add", "--all");
  git("commit", "--quiet", "--message=two");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function load(files: string[], more: object = {}) {
  const env = { HOME: folder };
  return loadProject({
    cwd: folder,
    files,
    envFiles: [],
    profiles: [],
    env,
    fetchRemote: remoteFetcher(options),
    ...more,
  });
}

it("loads a project from a folder, a file, a tag or a commit of a repository", async () => {
  const commit = git("rev-parse", "HEAD").trim();
  const names = async (...files: string[]) => [...((await load(files)).project?.services.keys() ?? [])];
  expect(await names(url)).toEqual(["top"]);
  expect(await names(`${url}#main:sub`)).toEqual(["web"]);
  expect(await names(`${url}#${commit}:later.yaml`, `${url}#:sub`)).toEqual(["later", "web"]);
  expect((await load([`${url}#v1:later.yaml`])).diagnostics.map(({ message }) => message)).toEqual([
    `${url}#v1:later.yaml: there is no Compose file`,
  ]);
});

it("paths are the remote file's, the project's name and variables are those of where the command runs", async () => {
  const { project, diagnostics } = await load([`${url}#:sub`], {
    env: { HOME: folder, TAG: "2" },
    projectName: "mine",
  });
  expect(diagnostics).toEqual([]);
  const [remote] = project?.remotes ?? [];
  const web = project?.services.get("web");
  expect([project?.name, project?.workingDir, web?.image, web?.environment]).toEqual([
    "mine",
    folder,
    "x:2",
    { A: "1" },
  ]);
  expect(web?.build?.context).toBe(join(remote?.root ?? "", "sub/b"));
});

it("includes and extends from a repository, beside files of the project", async () => {
  writeFileSync(
    join(folder, "compose.yaml"),
    `include: ["${url}#:sub"]\nservices: { own: { extends: { service: top, file: "${url}" } } }\n`,
  );
  const { project, diagnostics } = await load([]);
  expect(diagnostics).toEqual([]);
  const [mount] = project?.services.get("own")?.volumes ?? [];
  expect([...(project?.services.keys() ?? [])]).toEqual(["own", "web"]);
  expect(mount?.source).toBe(join(project?.remotes?.find(({ reference }) => reference === url)?.root ?? "", "data"));
});

it("a remote file may not read what did not come with it", async () => {
  const { diagnostics } = await load([`${url}#:evil`]);
  expect(diagnostics.map(({ code, path }) => [code, path])).toEqual([
    ["outside-remote", "services.web.env_file"],
    ["outside-remote", "services.web.extends.file"],
  ]);
});

it("refuses a repository whose links lead out of it, and keeps nothing of it", async () => {
  git("checkout", "--quiet", "-b", "links");
  symlinkSync("../../../../etc/passwd", join(repository, "sub/link"));
  git("add", "--all");
  git("commit", "--quiet", "--message=link");
  const commit = git("rev-parse", "HEAD").trim();
  git("checkout", "--quiet", "main");
  await expect(fetchGit(`${url}#links`, options)).rejects.toThrow("the link sub/link leads out of the repository");
  expect(existsSync(join(options.cache, "git", commit))).toBe(false);
});

it("runs no hook, no filter that the repository names, and no settings of the folder it is called in", async () => {
  const trace = join(folder, "ran");
  writeFileSync(join(repository, ".git/hooks/post-checkout"), `#!/bin/sh\ntouch ${trace}\n`, { mode: 0o755 });
  git("config", "core.fsmonitor", `touch ${trace}`);
  git("config", "uploadpack.packObjectsHook", `touch ${trace}; exec "$@"`);
  git("checkout", "--quiet", "-b", "attributes");
  rmSync(trace, { force: true });
  write({ ".gitattributes": "* filter=evil\n", "more.yaml": "services: { more: { image: z } }\n" });
  git("-c", "core.fsmonitor=false", "add", "--all");
  git("-c", "core.fsmonitor=false", "commit", "--quiet", "--message=attributes");
  git("-c", "core.fsmonitor=false", "checkout", "--quiet", "main");
  rmSync(trace, { force: true });
  const { folder: root } = await fetchGit(`${url}#attributes`, options);
  expect(readFileSync(join(root, "more.yaml"), "utf8")).toContain("more");
  expect([existsSync(trace), existsSync(join(root, ".git"))]).toEqual([false, false]);
});

it("says what is wrong with a repository that is not there, and hides passwords of its address", async () => {
  const failure = await fetchGit("file:///nowhere.git", options).catch((error: unknown) => String(error));
  expect(failure).toContain("git:");
  await expect(fetchGit(`${url}#nope`, options)).rejects.toThrow("the repository has no nope");
});

it.each([
  ["https://host/x.git#main:a/b", { address: "https://host/x.git", ref: "main", path: "a/b" }],
  ["git@host:a/b.git#:c", { address: "git@host:a/b.git", ref: "", path: "c" }],
  ["github.com/a/b", { address: "https://github.com/a/b", ref: "", path: "" }],
  ["ssh://git@host:22/a.git#v1", { address: "ssh://git@host:22/a.git", ref: "v1", path: "" }],
])("reads %s", (text, expected) => expect(parseGitReference(text)).toEqual(expected));

it.each([
  "https://host/page",
  "git://-oProxyCommand=x/y",
  "git@-host:x",
  "ext::sh -c x",
  "file:///x#--upload-pack=x",
  "file:///x#main:../../etc",
])("refuses %s", (text) => expect(() => parseGitReference(text)).toThrow());

it("takes a branch before a tag, and of a tag the commit", () => {
  const [a, b, c] = ["a", "b", "c"].map((letter) => letter.repeat(40));
  const listing = `${a}\trefs/tags/x\n${b}\trefs/tags/x^{}\n${c}\trefs/remotes/x\n`;
  expect([commitIn(listing, "x"), commitIn(`${listing}${c}\trefs/heads/x\n`, "x"), commitIn("", "x")]).toEqual([
    b,
    c,
    undefined,
  ]);
});
