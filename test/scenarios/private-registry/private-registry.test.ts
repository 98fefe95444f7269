/**
 * Images of a registry that wants to know who asks must come with the user's credentials, from wherever docker's own
 * tools keep them, and must not come without.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Registry, startRegistry } from "../../images/registry.js";
import { aGantry, type Gantry } from "../harness/gantry.js";

/** `me` with the password `s3cret`. */
const users = "me:$2b$04$R4xNBPMaIOQYht4Kbfe.Reyw1n7lfxLtnS0V5zGDn54aCepwjKNwK\n";

let gantry: Gantry;
let registry: Registry;
let dir: string;
let image: string;
beforeAll(async () => {
  dir = await mkdtemp(`${tmpdir()}/gantry-private-registry-`);
  await mkdir(`${dir}/bin`);
  gantry = await aGantry({ DOCKER_CONFIG: `${dir}/config`, PATH: `${dir}/bin:${process.env.PATH}` });
  await mkdir(`${dir}/storage`);
  registry = await startRegistry(`${dir}/storage`, { users });
  await gantry.importImages("busybox");
  image = `${registry.address}/team/app:1`;
  await gantry.ok(["image", "tag", "busybox", image]);
});
afterAll(async () => {
  await gantry?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

const configPath = () => `${dir}/config/config.json`;
const login = (password: string) =>
  gantry.run(["login", "-u", "me", "--password-stdin", registry.address], { stdin: `${password}\n` });

it("refuses to push without a login", async () => {
  expect(await gantry.run(["image", "push", image])).toMatchObject({ code: 1 });
});

it("keeps nothing of a login that the registry refuses", async () => {
  expect(await login("wrong")).toMatchObject({ code: 1 });
  await expect(stat(configPath())).rejects.toThrow();
});

it("pushes and pulls after a login, whose file is the user's alone", async () => {
  expect(await login("s3cret")).toMatchObject({ code: 0, stdout: "Login Succeeded\n" });
  expect((await stat(configPath())).mode & 0o777).toBe(0o600);
  await gantry.ok(["image", "push", image]);
  await gantry.ok(["image", "rm", image]);
  await gantry.ok(["image", "pull", "-q", image]);
});

it("pulls for up, and pins digests, with the same credentials", async () => {
  await gantry.ok(["image", "rm", image]);
  const project = await gantry.projectOf("private", `services: { app: { image: "${image}", command: "true" } }\n`);
  await project.ok("up", "-d");
  expect(await project.ok("config", "--resolve-image-digests")).toMatch(/team\/app:1@sha256:[0-9a-f]{64}/);
  await project.clear();
});

it("asks a person for name and password, and shows the password nowhere", async () => {
  await gantry.ok(["logout", registry.address]);
  const program = fileURLToPath(new URL("../../../bin/gantry", import.meta.url));
  const env = {
    ...{ PATH: process.env.PATH, HOME: "/root", TERM: "xterm", DOCKER_CONFIG: `${dir}/config` },
    ...{ GANTRY_STATE_ROOT: gantry.stateRoot, GANTRY_RUN_DIR: `${gantry.workDir}/run` },
  };
  const child = spawn("script", ["-qec", `${program} login ${registry.address}`, "/dev/null"], { env });
  let shown = "";
  const answers = new Map([
    ["Username: ", "me\r"],
    ["Password: ", "s3cret\r"],
  ]);
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
    for (const [question, answer] of answers) {
      if (!shown.includes(question)) continue;
      answers.delete(question);
      child.stdin.write(answer);
    }
  });
  const [code] = await once(child, "close");
  expect(code).toBe(0);
  expect(shown).toContain("Login Succeeded");
  expect(shown).not.toContain("s3cret");
});

it("forgets a login", async () => {
  await gantry.ok(["image", "rm", image]);
  expect(await gantry.ok(["logout", registry.address])).toContain("Removing login credentials");
  expect(await gantry.run(["image", "pull", image])).toMatchObject({ code: 1 });
  expect(await gantry.ok(["logout", registry.address])).toContain("Not logged in");
});

it("asks the helper that keeps a registry's credentials, and leaves them there", async () => {
  await writeFile(`${dir}/bin/docker-credential-test`, helper(`${dir}/secret`));
  await chmod(`${dir}/bin/docker-credential-test`, 0o755);
  await mkdir(`${dir}/config`, { recursive: true });
  await writeFile(configPath(), JSON.stringify({ credHelpers: { [registry.address]: "test" }, psFormat: "{{.ID}}" }));
  expect(await login("s3cret")).toMatchObject({ code: 0 });
  const config = JSON.parse(await readFile(configPath(), "utf8"));
  expect(config).toEqual({
    credHelpers: { [registry.address]: "test" },
    psFormat: "{{.ID}}",
    auths: { [registry.address]: {} },
  });
  await gantry.ok(["image", "pull", "-q", image]);
  await gantry.ok(["logout", registry.address]);
  await gantry.ok(["image", "rm", image]);
  expect(await gantry.run(["image", "pull", image])).toMatchObject({ code: 1 });
});

it("says which helper fails, and nothing of what it knows", async () => {
  await writeFile(configPath(), JSON.stringify({ credsStore: "nowhere" }));
  const outcome = await gantry.run(["image", "pull", image]);
  expect(outcome).toMatchObject({ code: 1 });
  expect(outcome.stderr).toContain("docker-credential-nowhere get: it cannot be started");
});

/** A credential helper that keeps one secret in a file. */
function helper(file: string): string {
  return `#!/bin/sh
case $1 in
store) cat > ${file} ;;
get) cat ${file} 2>/dev/null || { echo 'credentials not found in native keychain'; exit 1; } ;;
erase) rm -f ${file} ;;
esac
`;
}
