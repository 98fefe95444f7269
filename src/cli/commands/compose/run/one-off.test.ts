import { expect, it } from "vitest";
import { type RunFacts, type RunFlags, readOneOff, splitWords } from "./one-off.js";

const flags: RunFlags = { deps: true, interactive: true, tty: true, waitLock: true };
const facts: RunFacts = {
  service: "web",
  command: [],
  project: { environment: { HOME: "/root", LEVEL: "info" } },
  cwd: "/src",
  home: "/root",
  slug: "0".repeat(64),
  isTerminal: true,
  envFiles: [],
};

it("lets -e win over files, takes bare names from the project, and unsets what is nowhere set", () => {
  const envFiles = [{ name: "a.env", text: "A=file\nB=file\n" }];
  const { environment } = readOneOff({ ...flags, env: ["A=flag", "LEVEL", "GONE"] }, { ...facts, envFiles });
  expect(environment).toEqual({ A: "flag", B: "file", LEVEL: "info", GONE: null });
});

it("names the line of an environment file that cannot be read", () => {
  const envFiles = [{ name: "a.env", text: 'A=1\nB="open\n' }];
  expect(() => readOneOff(flags, { ...facts, envFiles })).toThrow(/a\.env:2/);
});

it("binds paths and mounts words as volumes", () => {
  const { volumes } = readOneOff({ ...flags, volume: ["./a:/a:ro", "~/b:/b", "data:/d", "/anon"] }, facts);
  expect(volumes).toEqual([
    { type: "bind", source: "/src/a", target: "/a", read_only: true, bind: { create_host_path: true } },
    { type: "bind", source: "/root/b", target: "/b", read_only: false, bind: { create_host_path: true } },
    { type: "volume", source: "data", target: "/d", read_only: false },
    { type: "volume", target: "/anon", read_only: false },
  ]);
  expect(() => readOneOff({ ...flags, volume: ["a:b"] }, facts)).toThrow(/SOURCE:\/TARGET/);
});

it("publishes ports as the file's short form does, and refuses both kinds at once", () => {
  const { ports } = readOneOff({ ...flags, publish: ["8080:80"] }, facts);
  expect(ports).toMatchObject([{ target: 80, published: "8080", protocol: "tcp" }]);
  expect(() => readOneOff({ ...flags, publish: ["x:80"] }, facts)).toThrow(/--publish/);
  expect(() => readOneOff({ ...flags, publish: ["80"], servicePorts: true }, facts)).toThrow(/cannot be combined/);
});

it("takes a terminal only where there is one, and none in the background", () => {
  expect(readOneOff(flags, facts).tty).toBe(true);
  expect(readOneOff({ ...flags, tty: false }, facts).tty).toBe(false);
  expect(readOneOff({ ...flags, detach: true }, facts).tty).toBe(false);
  expect(readOneOff(flags, { ...facts, isTerminal: false }).tty).toBe(false);
});

it("splits an entrypoint as a shell does", () => {
  expect(splitWords(`sh -c 'echo "a b"' x\\ y ""`)).toEqual(["sh", "-c", 'echo "a b"', "x y", ""]);
  expect(splitWords("")).toEqual([]);
  expect(() => splitWords("'open")).toThrow(/quote/);
});
