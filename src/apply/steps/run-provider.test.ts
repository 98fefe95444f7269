import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { findProvider } from "./find-program.js";
import { prepareModel } from "./prepare-model.js";
import { checkProvider, runProvider } from "./run-provider.js";

// Programs of the system are run; a loaded machine takes its time to start them.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-provider-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program that answers `compose metadata` with `metadata`, and else does what `script` says. */
function provider(script: string, metadata = "exit 1", name = "cloud"): void {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\nif [ "$2" = metadata ]; then\n${metadata}\nexit 0\nfi\n${script}\n`);
  chmodSync(path, 0o755);
}

const context = () => ({
  project: "shop",
  workingDir: folder,
  environment: { PATH: `${folder}:/bin:/usr/bin`, HOME: folder, MINE: "1" },
  signal: new AbortController().signal,
});
const up = {
  kind: "run-provider",
  service: "db",
  type: "cloud",
  command: "up",
  options: { size: ["2", "3"] },
} as const;

it("calls the program with the project, the options and the service, and takes what it says", async () => {
  provider(`echo "$@" > args; pwd >> args; echo "$MINE" >> args
printf '%s\\n' '{"type":"info","message":"making it\\nmore"}'
echo '{"type":"debug","message":"hidden"}'
echo '{"type":"setenv","message":"URL=a=b"}'
printf '{"type":"rawsetenv","message":"R=1"}'`);
  const texts: string[] = [];
  const variables = await runProvider(up, context(), (text) => texts.push(text));
  expect([variables, texts]).toEqual([{ prefixed: { URL: "a=b" }, raw: { R: "1" } }, ["making it"]]);
  const { readFileSync } = await import("node:fs");
  expect(readFileSync(join(folder, "args"), "utf8")).toBe(
    `compose --project-name=shop up --size=2 --size=3 db\n${folder}\n1\n`,
  );
});

it.each([
  [`echo '{"type":"error","message":"no quota"}'; sleep 60`, 'Provider "cloud" could not bring up "db": no quota'],
  ["echo oops", 'Provider "cloud" could not bring up "db": it printed a line that is not JSON'],
  [`echo '{"type":"what","message":""}'`, "it sent a message of the unknown type"],
  [`echo '{"type":"setenv","message":"=x"}'`, "it gave a variable without a name"],
  ["echo why >&2; exit 3", "it exited with code 3"],
])("fails with what the program says: %s", async (script, message) => {
  provider(script);
  const failure = await runProvider(up, context(), () => {}).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "provider-failed", message: expect.stringContaining(message) as string });
});

it("shows the end of standard error, and never a line that is not understood", async () => {
  provider("echo password; echo why >&2; exit 3");
  const failure = await runProvider(up, context(), () => {}).catch((error: unknown) => error);
  expect(JSON.stringify(failure)).not.toContain("password");
  provider("echo why >&2; exit 3");
  await expect(runProvider(up, context(), () => {})).rejects.toMatchObject({ lines: ["why"], exitCode: 3 });
});

it("leaves out options that the program does not know, and stops only what can be stopped", async () => {
  const metadata = (more: string) =>
    `echo '{"description":"d","up":{"parameters":[{"name":"other","required":${more}}]},"down":{"parameters":[]}}'`;
  provider(`echo "$@" > args`, metadata("false"));
  await runProvider(up, context(), () => {});
  const { existsSync, readFileSync, unlinkSync } = await import("node:fs");
  expect(readFileSync(join(folder, "args"), "utf8")).toBe("compose --project-name=shop up db\n");
  unlinkSync(join(folder, "args"));
  await runProvider({ ...up, command: "stop" }, context(), () => {});
  expect(existsSync(join(folder, "args"))).toBe(false);
  provider("true", metadata("true"));
  await expect(checkProvider(up, context())).rejects.toThrow('Provider "cloud" of service "db" needs the option other');
});

it("an abort ends the program", async () => {
  provider(`echo '{"type":"info","message":"here"}'; exec sleep 60`);
  const stop = new AbortController();
  const run = runProvider(up, { ...context(), signal: stop.signal }, () => stop.abort(new Error("stopped")));
  await expect(run).rejects.toThrow("stopped");
});

it("finds plugins and programs by their name alone", () => {
  const env = context().environment;
  expect(() => findProvider("../cloud", env)).toThrow('"../cloud" is not a type of provider');
  expect(() => findProvider("compose", env)).toThrow("not a type of provider");
  expect(() => findProvider("cloud", env)).toThrow('There is no provider "cloud"');
  provider("", "", "docker-cloud");
  expect(findProvider("cloud", env)).toBe(join(folder, "docker-cloud"));
  expect(() => findProvider("cloud", { PATH: ".:", HOME: folder })).toThrow("There is no provider");
});

it("prepares a model: pulls what is not here, configures it, and tells where it answers", async () => {
  provider(
    `echo "$@" >> calls
case $1 in
ls) echo '[{"tags":["ai/other"]}]' ;;
pull) echo 10% ;;
status) echo '{"endpoint":"http://models"}' ;;
docker-cli-plugin-metadata) echo '{"Version":"v1.0.10"}' ;;
esac`,
    "",
    "docker-model",
  );
  const model = { key: "llm", name: "llm", model: "ai/x", context_size: 9, runtime_flags: ["--a"] };
  const texts: string[] = [];
  expect(await prepareModel(model, context(), (text) => texts.push(text))).toBe("http://models");
  const { readFileSync } = await import("node:fs");
  expect([texts, readFileSync(join(folder, "calls"), "utf8").split("\n")]).toEqual([
    ["Pulling", "10%"],
    [
      "ls --json",
      "pull ai/x",
      "docker-cli-plugin-metadata",
      "configure --context-size 9 ai/x -- --a",
      "status --json",
      "",
    ],
  ]);
});
