import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env as ownEnv } from "node:process";
import { afterEach, beforeEach, expect, it } from "vitest";
import { helperGet } from "./credential-helper.js";
import { CredentialStore } from "./credential-store.js";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gantry-credentials-"));
  path = join(folder, "config.json");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const me = { username: "me", password: "secret" };

it("leaves a file that it cannot understand as it is, whether somebody logs in or out", async () => {
  const store = new CredentialStore({ DOCKER_CONFIG: folder });
  for (const text of ['{"auths": {"r.example": {"auth": "bWU6eA=="}},}', '{"auths":', "[]", '{"auths": []}']) {
    await writeFile(path, text);
    await expect(store.store("q.example", me)).rejects.toMatchObject({ code: "bad-parameter" });
    await expect(store.erase("r.example")).rejects.toMatchObject({ code: "bad-parameter" });
    expect(await readFile(path, "utf8")).toBe(text);
  }
  await rm(path);
  await writeFile(join(folder, "file"), "");
  const astray = new CredentialStore({ DOCKER_CONFIG: join(folder, "file") }); // ENOTDIR: not simply "not there"
  await expect(astray.store("q.example", me)).rejects.toMatchObject({ code: "read-only" });
  expect(await readdir(folder)).toEqual(["file"]);
});

it("begins with an empty file or none, and keeps all else of one that is there", async () => {
  const store = new CredentialStore({ DOCKER_CONFIG: join(folder, "new") });
  await store.store("q.example", me);
  expect((await stat(join(folder, "new/config.json"))).mode & 0o777).toBe(0o600);
  const here = new CredentialStore({ DOCKER_CONFIG: folder });
  await writeFile(path, "\n");
  await here.store("q.example", me);
  await writeFile(path, JSON.stringify({ currentContext: "far", auths: { "r.example": { auth: "bWU6eA==" } } }));
  await here.store("q.example", me);
  const written = JSON.parse(await readFile(path, "utf8"));
  expect(written).toMatchObject({ currentContext: "far", auths: { "r.example": { auth: "bWU6eA==" } } });
  expect(await here.find("q.example")).toEqual(me);
});

it("says of a helper that hangs that it did not answer", async () => {
  const helper = join(folder, "docker-credential-slow");
  await writeFile(helper, "#!/bin/sh\nexec sleep 30\n");
  await chmod(helper, 0o755);
  const env = { PATH: `${folder}:${ownEnv.PATH}` };
  const asked = helperGet("slow", "r.example", env, { limitMs: 200 });
  await expect(asked).rejects.toThrow("did not answer within 0.2 s");
  await expect(helperGet("absent", "r.example", env)).rejects.toThrow("cannot be started");
});
