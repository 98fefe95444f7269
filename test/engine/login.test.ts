/** Docker's client logs in at a registry that wants to know who asks, by way of the engine. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Registry, startRegistry } from "../images/registry.js";
import { startTestEngine, type TestEngine } from "./engine-fixture.js";

/** A line of an htpasswd file: the user `me` with the password `secret`. */
const users = "me:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n";
const storage = mkdtempSync(join(tmpdir(), "gantry-login-"));
let engine: TestEngine;
let registry: Registry;
beforeAll(async () => {
  registry = await startRegistry(storage, { users });
  engine = await startTestEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
  rmSync(storage, { recursive: true, force: true });
});

it("takes the credentials that the registry takes, and refuses others as Docker does", async () => {
  const login = (password: string) =>
    engine.docker(["login", "-u", "me", "--password-stdin", registry.address], { stdin: password });
  expect(await login("wrong")).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/unauthorized|denied/i) });
  expect(await login("secret")).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("Login Succeeded") });
  const name = `${registry.address}/busybox:1`;
  await engine.docker(["tag", "busybox", name]);
  expect(await engine.docker(["push", name])).toMatchObject({ exitCode: 0 });
  expect(await engine.docker(["logout", registry.address])).toMatchObject({ exitCode: 0 });
  expect(await engine.docker(["push", name])).toMatchObject({ exitCode: 1 });
});

it("answers by status and message, without the password", async () => {
  const body = { username: "me", password: "hush-hush", serveraddress: registry.address };
  const refused = await authenticate(body);
  expect(refused).toMatchObject({ status: 401, text: expect.stringMatching(/^\{"message":"/) });
  expect(refused.text).not.toContain("hush");
  expect(await authenticate({ ...body, password: "secret" })).toEqual({
    status: 200,
    text: `${JSON.stringify({ Status: "Login Succeeded", IdentityToken: "" })}\n`,
  });
  expect((await authenticate({ ...body, serveraddress: "127.0.0.1:1" })).status).toBe(500);
});

async function authenticate(body: object) {
  const headers = { "Content-Type": "application/json" };
  const request = http.request({ socketPath: engine.socket, path: "/auth", method: "POST", headers, agent: false });
  request.end(JSON.stringify(body));
  const [reply] = (await once(request, "response")) as [http.IncomingMessage];
  return { status: reply.statusCode, text: await text(reply) };
}
