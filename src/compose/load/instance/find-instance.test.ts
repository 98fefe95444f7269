import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LoadRequest, loadProject } from "../load-project.js";
import { copyName } from "./find-instance.js";
import { findCheckout, hasBranch } from "./git-checkout.js";

const file = "services:\n  db:\n    image: postgres\n    ports: ['5432:5432', '127.0.0.1:6000:6000']\n";
let root: string;
let shop: string;

/** A repository `shop` on its main branch, with worktrees `shop-login` and `Other`. */
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "gantry-instance-"));
  shop = join(root, "shop");
  mkdirSync(join(shop, "deploy"), { recursive: true });
  writeFileSync(join(shop, "compose.yaml"), file);
  writeFileSync(join(shop, "deploy/compose.yaml"), file);
  mkdirSync(join(root, "plain"));
  writeFileSync(join(root, "plain/compose.yaml"), file);
  git("init", "-q", "-b", "main");
  git("add", ".");
  git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "x");
  git("worktree", "add", "-q", "../shop-login", "-b", "feature/login");
  git("worktree", "add", "-q", "../Other", "-b", "other");
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function git(...words: string[]): void {
  execFileSync("git", words, { cwd: shop, stdio: "ignore", env: { PATH: process.env.PATH, HOME: root } });
}

async function load(folder: string, request: Partial<LoadRequest> = {}) {
  const cwd = join(root, folder);
  const base = { cwd, files: [], envFiles: [], profiles: [], env: {} };
  const { project, diagnostics } = await loadProject({ ...base, instance: "auto", ...request });
  return { project, problems: diagnostics.map(({ severity, code }) => `${severity} ${code}`) };
}

describe("a copy that git names", () => {
  it.each<[string, string, string, string | undefined]>([
    ["the main worktree on the default branch is the plain project", "shop", "shop", undefined],
    ["a worktree is named by its folder, without the repository's name", "shop-login", "shop-login", "login"],
    ["any other folder's name counts whole", "Other", "shop-other", "other"],
    ["a folder further down names the project as ever", "shop-login/deploy", "deploy-login", "login"],
  ])("%s", async (_, folder, projectName, name) => {
    const { project } = await load(folder);
    expect([project?.name, project?.instance?.name]).toEqual([projectName, name]);
  });

  it("in the main worktree another branch names it", async () => {
    git("checkout", "-q", "-b", "fix/Typo");
    const { project } = await load("shop");
    expect([project?.name, project?.instance?.origin]).toEqual([
      "shop-fix-typo",
      { kind: "branch", branch: "fix/Typo", gitDir: join(shop, ".git") },
    ]);
    git("checkout", "-q", "main");
    expect(hasBranch(join(shop, ".git"), "fix/Typo")).toBe(true);
    git("pack-refs", "--all");
    expect(hasBranch(join(shop, ".git"), "fix/Typo")).toBe(true);
    git("branch", "-q", "-D", "fix/Typo");
    expect(hasBranch(join(shop, ".git"), "fix/Typo")).toBe(false);
  });

  it("without a branch or a repository the flag is an error, and the environment's wish is no wish", async () => {
    git("checkout", "-q", "--detach");
    expect((await load("shop")).problems).toContain("error bad-instance-name");
    git("checkout", "-q", "main");
    expect((await load("plain")).problems).toContain("error bad-instance-name");
    const { project } = await load("plain", { instance: undefined, env: { GANTRY_INSTANCE: "auto" } });
    expect([project?.name, project?.instance]).toEqual(["plain", undefined]);
  });

  it("a worktree knows its repository and its own place in it", () => {
    expect(findCheckout(join(root, "shop-login", "deploy"))).toMatchObject({
      root: join(root, "shop-login"),
      gitDir: join(shop, ".git/worktrees/shop-login"),
      worktree: "shop-login",
      repository: "shop",
      branch: "feature/login",
      isDefaultBranch: false,
    });
    expect(findCheckout(join(root, "plain"))).toBeUndefined();
  });
});

describe("which copy is meant", () => {
  const environment = { GANTRY_INSTANCE: "env" };
  it.each<[string, Partial<LoadRequest>, string]>([
    ["the flag goes before the environment", { instance: "flag", env: environment }, "plain-flag"],
    ["an empty flag is the plain project", { instance: "", env: environment }, "plain"],
    ["the environment counts without a flag", { instance: undefined, env: environment }, "plain-env"],
    ["a project named by -p is meant as it is named", { instance: undefined, env: environment, projectName: "p" }, "p"],
    ["unless the flag asks for a copy of it", { instance: "flag", projectName: "p" }, "p-flag"],
    [
      "COMPOSE_PROJECT_NAME is what it is a copy of",
      { instance: undefined, env: { ...environment, COMPOSE_PROJECT_NAME: "q" } },
      "q-env",
    ],
    ["the copy's own name is not made longer", { instance: "flag", projectName: "plain-flag" }, "plain-flag"],
  ])("%s", async (_, request, name) => expect((await load("plain", request)).project?.name).toBe(name));

  it("a name that is none is an error, with one that is", async () => {
    const cwd = join(root, "plain");
    const { project, diagnostics } = await loadProject({
      ...{ cwd, files: [], envFiles: [], profiles: [], env: {} },
      instance: "Feature/Login",
    });
    expect(project).toBeUndefined();
    expect(diagnostics.find(({ code }) => code === "bad-instance-name")?.hint).toBe('For example "feature-login"');
  });

  it("without files a copy is found by the project's name", () => {
    expect(copyName({ asked: "x", projectName: "p", directory: root }, "p")).toBe("p-x");
    expect(copyName({ environment: "x", projectName: "p", directory: root }, "p")).toBe("p");
    expect(copyName({ environment: "x", directory: root }, "p")).toBe("p-x");
  });
});

it("a copy's ports are at its address, and files can name both", async () => {
  writeFileSync(
    join(root, "plain/values.yaml"),
    "services: { a: { image: a, environment: { URL: '${GANTRY_ADDRESS:-localhost}', N: '${GANTRY_INSTANCE}' } } }",
  );
  const { project } = await load("plain", { instance: "x", instanceAddress: "127.9.9.9" });
  expect(project?.services.get("db")?.ports.map(({ host_ip, published }) => `${host_ip}:${published}`)).toEqual([
    "127.9.9.9:5432",
    "127.0.0.1:6000",
  ]);
  const valuesOf = async (request: Partial<LoadRequest>) =>
    (await load("plain", { files: ["values.yaml"], ...request })).project?.services.get("a")?.environment;
  expect(await valuesOf({ instance: "x", instanceAddress: "127.9.9.9" })).toEqual({ N: "x", URL: "127.9.9.9" });
  const auto = { instance: undefined, env: { GANTRY_INSTANCE: "auto" } };
  expect(await valuesOf(auto)).toEqual({ N: "", URL: "localhost" });
});
