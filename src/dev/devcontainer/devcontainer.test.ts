import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parseJsonc } from "./parse-jsonc.js";
import { type Devcontainer, readDevcontainer } from "./read-devcontainer.js";
import { devcontainerProject } from "./to-compose.js";

const place = {
  ...{ localFolder: "/src/shop", fileFolder: "/src/shop/.devcontainer", environment: { USER: "me" }, resolve },
};
const read = (value: unknown): Devcontainer => {
  const found = readDevcontainer(value, place);
  if ("problem" in found) throw new Error(found.problem);
  return found;
};
const composeOf = (value: object) => JSON.parse(devcontainerProject(read(value)).composeText) as object;
const jobsOf = (value: object) => devcontainerProject(read({ image: "a", ...value })).jobs;

it.each([
  ["comments and trailing commas", '// a\n{ "a": [1, 2,], /* b\n */ "c": "d", // e\n}', { a: [1, 2], c: "d" }],
  ["what looks like them in texts", '{ "a": "// b /* c */ ,}", "d": "\\"//" }', { a: "// b /* c */ ,}", d: '"//' }],
  ["a comment between a comma and its bracket", '{ "a": [1, // one\n ] }', { a: [1] }],
])("JSON is read with %s", (_, text, value) => expect(parseJsonc(text)).toEqual(value));

it.each(["{", '{ "a": 1,, "b": 2 }', '{ "a": "b }', "{ a: 1 }"])("%j is no JSON even so", (text) =>
  expect(() => parseJsonc(text)).toThrow(SyntaxError),
);

describe("a dev container", () => {
  it("of an image is a service that stays, with the project mounted", () => {
    expect(composeOf({ image: "debian", containerUser: "me", init: true, capAdd: ["SYS_PTRACE"] })).toEqual({
      services: {
        devcontainer: {
          ...{ image: "debian", user: "me", init: true, cap_add: ["SYS_PTRACE"], working_dir: "/workspaces/shop" },
          entrypoint: ["/bin/sh", "-c", expect.stringContaining("sleep")],
          volumes: [{ type: "bind", source: "/src/shop", target: "/workspaces/shop" }],
        },
      },
    });
    expect(composeOf({ image: "debian", overrideCommand: false })).not.toHaveProperty(
      "services.devcontainer.entrypoint",
    );
  });

  it("of a Dockerfile is built by it, wherever that is written", () => {
    const build = { context: "/src/shop", dockerfile: "/src/shop/.devcontainer/Dockerfile", args: { A: "1" } };
    const value = { build: { dockerfile: "Dockerfile", context: "..", args: { A: "1" } } };
    expect(composeOf(value)).toMatchObject({ services: { devcontainer: { build } } });
    expect(composeOf({ dockerFile: "Dockerfile" })).toMatchObject({
      services: { devcontainer: { build: { context: "/src/shop/.devcontainer" } } },
    });
  });

  it("of Compose files goes on top of them, and leaves their command alone", () => {
    const value = { dockerComposeFile: ["../compose.yaml", "more.yaml"], service: "app", containerEnv: { A: "b" } };
    expect(read(value).source).toEqual({
      ...{ kind: "compose", service: "app", files: ["/src/shop/compose.yaml", "/src/shop/.devcontainer/more.yaml"] },
    });
    expect(composeOf(value)).toEqual({ services: { app: { environment: { A: "b" } } } });
    expect(composeOf({ ...value, overrideCommand: true })).toHaveProperty("services.app.entrypoint");
    expect(readDevcontainer({ dockerComposeFile: "a.yaml" }, place)).toHaveProperty("problem");
    expect(readDevcontainer({ name: "nothing" }, place)).toHaveProperty("problem");
    expect(readDevcontainer([], place)).toHaveProperty("problem");
    const problem = "mounts[1] is neither a text nor an object";
    expect(readDevcontainer({ image: "a", mounts: ["type=tmpfs,target=/t", null] }, place)).toEqual({ problem });
  });

  it("has its ports at the copy's address, and names them by their labels", () => {
    const value = {
      ...{ dockerComposeFile: "c.yaml", service: "app", forwardPorts: [3000, "db:5432", "nonsense"], appPort: [8080] },
      portsAttributes: { "3000": { label: "Shop" } },
    };
    const address = "$" + "{GANTRY_ADDRESS:-127.0.0.1}";
    expect(composeOf(value)).toEqual({
      services: { app: { ports: [`${address}:3000:3000`, "8080:8080"] }, db: { ports: [`${address}:5432:5432`] } },
    });
    expect(devcontainerProject(read(value)).urls).toEqual([
      { service: "app", port: 3000, name: "Shop" },
      { service: "db", port: 5432 },
    ]);
  });

  it("has variables replaced, and every other dollar sign left as it is", () => {
    const names = ["localEnv:USER", "localEnv:NO:else", "localWorkspaceFolderBasename", "containerWorkspaceFolder"];
    const containerEnv = { A: names.map((name) => `\${${name}}`).join(" "), B: "$5 ${other}" };
    expect(composeOf({ image: "a", containerEnv })).toMatchObject({
      services: { devcontainer: { environment: { A: "me else shop /workspaces/shop", B: "$$5 $${other}" } } },
    });
    const [job] = jobsOf({
      containerEnv: { P: "/bin" },
      remoteEnv: { PATH: "${containerEnv:P}:/x" },
      postCreateCommand: "x",
    });
    expect(job?.environment).toEqual({ PATH: "/bin:/x" });
  });

  it("has mounts of either form, and volumes by the names that are written", () => {
    const mounts = [
      "source=cache,target=/cache,type=volume",
      { type: "bind", source: "/a", target: "/b", readonly: true },
    ];
    expect(composeOf({ image: "a", mounts, workspaceMount: "type=bind,src=/elsewhere,dst=/w" })).toMatchObject({
      services: {
        devcontainer: {
          volumes: [
            { type: "bind", source: "/elsewhere", target: "/w" },
            { type: "volume", source: "cache", target: "/cache" },
            { type: "bind", source: "/a", target: "/b", read_only: true },
          ],
        },
      },
      volumes: { cache: { name: "cache" } },
    });
  });

  it("has commands of each form run in their order, as the remote user", () => {
    const jobs = jobsOf({
      ...{ postCreateCommand: { a: "one && two", b: ["three", "$four"] }, onCreateCommand: ["first"] },
      ...{ postStartCommand: "start", postAttachCommand: "attach", remoteUser: "dev" },
    });
    expect(jobs.map(({ name, command, after, repeats }) => [name, command, after, repeats])).toEqual([
      ["onCreateCommand", ["first"], [], undefined],
      ["postCreateCommand-a", ["sh", "-c", "one && two"], ["onCreateCommand"], undefined],
      ["postCreateCommand-b", ["three", "$four"], ["onCreateCommand"], undefined],
      ["postStartCommand", ["sh", "-c", "start"], ["postCreateCommand-a", "postCreateCommand-b"], "start"],
      ["postAttachCommand", ["sh", "-c", "attach"], ["postStartCommand"], "always"],
    ]);
    expect(jobs.every(({ user, exec }) => user === "dev" && exec)).toBe(true);
    expect(jobsOf({ postCreateCommand: "" })).toEqual([]);
    const alike = jobsOf({ postCreateCommand: { "a b": "one", "a-b": "two" } });
    expect(alike.map(({ name }) => name)).toEqual(["postCreateCommand-a-b", "postCreateCommand-a-b-2"]);
  });

  it("tells by name what has no effect", () => {
    const value = { image: "a", features: {}, initializeCommand: "x", customizations: {}, name: "n", runArgs: [] };
    expect(read(value).unsupported).toEqual(["features", "runArgs"]);
    expect(read(value).initialize).toEqual({ "": ["sh", "-c", "x"] });
  });
});
