/** What an image was built from is known again, and what has changed since is named, whatever times files bear. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Project } from "../../compose/project.js";
import { changedSources } from "../../plan/build/build-sources.js";
import { imageBuildOf } from "../../plan/build/image-build.js";
import { anImage, aProject } from "../../plan/plan.fixture.js";
import { boundBuildsOf, observeBuilds, rememberBuild } from "./build-memory.js";

let base: string;
let context: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "gantry-builds-"));
  context = join(base, "app");
  mkdirSync(join(context, "src"), { recursive: true });
  write({ Dockerfile: "FROM a", "src/main.c": "x", "notes.log": "x", ".dockerignore": "*.log\n" });
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const id = `sha256:${"1".repeat(64)}`;
const look = () => ({
  // Later than the files' times: what has just been written is not remembered between looks.
  ...{ nowMs: Date.now() + 60_000, directory: join(base, "state"), secretKey: async () => Buffer.alloc(32, 7) },
});

function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(context, name), text);
}

function project(section: object = {}): Project {
  return aProject({ web: { image: "own", build: { context, ...section } } });
}

async function remember(of: Project, built = id): Promise<void> {
  const service = of.services.get("web");
  if (!service) throw new Error("missing in the fixture");
  const build = imageBuildOf(of, service, { version: "1" });
  await (await rememberBuild(build, look(), async () => undefined))(built);
}

async function changes(of: Project = project(), built = id): Promise<string[] | undefined> {
  const images = new Map([["own", { ...anImage(), Id: built }]]);
  const { before, now } = (await observeBuilds(of, images, look())).get("web") ?? {};
  return before && now && changedSources(before, now);
}

it("says nothing where nothing changed, whatever the times are", async () => {
  await remember(project());
  expect(await changes()).toEqual([]);
  utimesSync(join(context, "src/main.c"), new Date(), new Date());
  write({ Dockerfile: "FROM a" });
  mkdirSync(join(context, ".git"));
  write({ ".git/index": "a look at the repository" });
  expect(await changes()).toEqual([]);
});

it("names files that changed, are new, gone, or have another mode, and none that is ignored", async () => {
  await remember(project());
  write({ "src/main.c": "y", "notes.log": "y", more: "" });
  chmodSync(join(context, ".dockerignore"), 0o600);
  rmSync(join(context, "Dockerfile"));
  write({ Dockerfile: "FROM b" });
  expect(await changes()).toEqual([
    ...["context: .dockerignore changed", "context: Dockerfile changed", "context: more is new"],
    "context: src/main.c changed",
  ]);
  write({ "src/main.c": "x", Dockerfile: "FROM a" });
  rmSync(join(context, "more"));
  chmodSync(join(context, ".dockerignore"), 0o644);
  expect(await changes()).toEqual([]);
});

it("sees what the section says, and a Dockerfile that is elsewhere or written in the file", async () => {
  await remember(project({ args: { A: "1" } }));
  expect(await changes(project({ args: { A: "2" }, target: "t" }))).toEqual(["args.A changed", "target is new"]);
  writeFileSync(join(base, "D"), "FROM a");
  await remember(project({ dockerfile: "../D" }));
  writeFileSync(join(base, "D"), "FROM b");
  expect(await changes(project({ dockerfile: "../D" }))).toEqual(["Dockerfile changed"]);
  await remember(project({ dockerfile_inline: "FROM a" }));
  expect(await changes(project({ dockerfile_inline: "FROM b" }))).toEqual(["dockerfile_inline changed"]);
});

it("knows nothing of an image that somebody else built or tagged, or of a directory that is gone", async () => {
  await remember(project());
  expect(await changes(project(), `sha256:${"2".repeat(64)}`)).toBeUndefined();
  rmSync(context, { recursive: true });
  expect(await changes()).toBeUndefined();
});

it("keeps arguments by the user's key alone, in files that nobody else can read", async () => {
  await remember(project({ args: { TOKEN: "geheim" } }));
  const [name = ""] = readdirSync(join(base, "state/builds"));
  expect(readFileSync(join(base, "state/builds", name), "utf8")).not.toContain("geheim");
  writeFileSync(join(base, "state/builds", name), "{");
  expect(await changes(project({ args: { TOKEN: "geheim" } }))).toBeUndefined();
});

it("does not read a file again that is as it was, and does when its size or times differ", async () => {
  await remember(project());
  const [name = ""] = readdirSync(join(base, "state/contexts"));
  const path = join(base, "state/contexts", name);
  const cache: Record<string, string> = JSON.parse(readFileSync(path, "utf8"));
  const forged = Object.entries(cache).map(([file, text]) => [file, text.replace(/[0-9a-f]{32}$/, "0".repeat(32))]);
  writeFileSync(path, JSON.stringify(Object.fromEntries(forged)));
  expect(await changes()).toContain("context: src/main.c changed"); // it was believed
  write({ "src/main.c": "x", Dockerfile: "FROM a", ".dockerignore": "*.log\n" });
  expect(await changes()).toEqual([]);
  writeFileSync(path, "no JSON");
  expect(await changes()).toEqual([]);
});

it("leaves a file out that counts as not there, of what is and of what was", async () => {
  const without = { ...look(), without: [join(context, "plan.json")] };
  const images = new Map([["own", { ...anImage(), Id: id }]]);
  const changesWithout = async () => {
    const { before, now } = (await observeBuilds(project(), images, without)).get("web") ?? {};
    return before && now && changedSources(before, now);
  };
  await remember(project());
  write({ "plan.json": "{}" });
  expect(await changes()).toEqual(["context: plan.json is new"]);
  expect(await changesWithout()).toEqual([]);
  await remember(project());
  write({ "plan.json": "[]" });
  expect(await changesWithout()).toEqual([]);
  write({ "src/main.c": "y" });
  expect(await changesWithout()).toEqual(["context: src/main.c changed"]);
});

it("keeps the records of an image's last few builds, not of all that there ever were", async () => {
  const ids = ["3", "4", "5", "6"].map((digit) => `sha256:${digit.repeat(64)}`);
  for (const built of ids) {
    await remember(project(), built);
    for (const name of readdirSync(join(base, "state/builds"))) age(join(base, "state/builds", name));
  }
  const known = await Promise.all(ids.map((built) => changes(project(), built)));
  expect(known).toEqual([undefined, [], [], []]);
});

it("builds nothing else than what somebody has looked at, the plan file left out", async () => {
  const without = [join(context, "plan.json")];
  const builds = await observeBuilds(project(), new Map(), { ...look(), without, all: true });
  const bound = boundBuildsOf(project(), { builds }, without);
  const service = project().services.get("web");
  if (!service) throw new Error("missing in the fixture");
  const begin = () =>
    rememberBuild(imageBuildOf(project(), service, { version: "1" }), { ...look(), bound }, async () => undefined);
  write({ "plan.json": "{}" });
  await begin();
  write({ "src/main.c": "y" });
  await expect(begin()).rejects.toThrow(/^What own is built from has changed .*\n {2}context: src\/main.c changed$/);
});

/** A minute older than it was: files of one test are too young to be told apart. */
function age(path: string): void {
  const { mtimeMs } = statSync(path);
  utimesSync(path, new Date(), new Date(mtimeMs - 60_000));
}

it("leaves the project's Compose files out: what they say is compared by itself", async () => {
  const inContext = { ...project(), configFiles: [join(context, "compose.yaml")] };
  write({ "compose.yaml": "one" });
  await remember(inContext);
  write({ "compose.yaml": "two" });
  expect(await changes(inContext)).toEqual([]);
});
