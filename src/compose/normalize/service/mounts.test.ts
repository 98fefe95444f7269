import { describe, expect, it } from "vitest";
import { problemsOf, serviceOf } from "../../compose.fixture.js";

const volumes = "volumes: { data: , logs: }";
const mounts = (text: string) =>
  serviceOf(`volumes: [${text}]`, volumes, { environment: { HOME: "/home/me" } }).volumes;

describe("a short volume", () => {
  const bind = { type: "bind", read_only: false, bind: { create_host_path: true } };
  const volume = { type: "volume", read_only: false, volume: { nocopy: false } };
  it.each([
    ["./html:/srv", { ...bind, source: "/demo/html", target: "/srv" }],
    ["../up:/srv/", { ...bind, source: "/up", target: "/srv" }],
    ["/etc/./x:/a//b", { ...bind, source: "/etc/x", target: "/a/b" }],
    ["~/x:/srv:ro", { ...bind, source: "/home/me/x", target: "/srv", read_only: true }],
    [
      ".:/srv:Z,rshared",
      {
        ...bind,
        source: "/demo",
        target: "/srv",
        bind: { create_host_path: true, selinux: "Z", propagation: "rshared" },
      },
    ],
    ["data:/data", { ...volume, source: "data", target: "/data" }],
    ["data:/data:nocopy,ro", { ...volume, source: "data", target: "/data", read_only: true, volume: { nocopy: true } }],
    ["/anonymous", { ...volume, target: "/anonymous" }],
  ])("%s", (text, expected) => expect(mounts(`"${text}"`)).toEqual([expected]));
});

describe("a long volume", () => {
  it.each([
    [
      "{ type: bind, source: ./a, target: /a, read_only: true, " +
        "bind: { create_host_path: false, propagation: rslave } }",
      {
        type: "bind",
        source: "/demo/a",
        target: "/a",
        read_only: true,
        bind: { create_host_path: false, propagation: "rslave" },
      },
    ],
    [
      "{ type: volume, source: data, target: /a, volume: { nocopy: true, subpath: x } }",
      { type: "volume", source: "data", target: "/a", read_only: false, volume: { nocopy: true, subpath: "x" } },
    ],
    [
      "{ type: tmpfs, target: /t, tmpfs: { size: 64m, mode: 0700 } }",
      { type: "tmpfs", target: "/t", read_only: false, tmpfs: { size: 67108864, mode: 0o700 } },
    ],
    ["{ type: image, source: tools, target: /t }", { type: "image", source: "tools", target: "/t", read_only: false }],
  ])("%s", (text, expected) => expect(mounts(text)).toEqual([expected]));
});

describe("a volume that cannot be is a diagnostic at its place", () => {
  it.each([
    ["data:relative", 'bad-volume "data:relative" is not a volume'],
    ["relative", 'bad-volume "relative" is not a volume'],
    ["/data:ro", 'bad-volume "/data:ro" is not a volume'],
    [":/data", 'bad-volume ":/data" is not a volume'],
    ["a:/b:ro:x", 'bad-volume "a:/b:ro:x" is not a volume'],
    ["dato:/b", 'undefined-volume Volume "dato" is not defined'],
    ["data:/b:r0", 'unknown-option Volume option "r0" is not known and has no effect'],
  ])("%s", (text, problem) => expect(problemsOf(`volumes: ["${text}"]`, volumes)).toEqual([`4:15 ${problem}`]));
  it.each([
    ["{ type: bind, target: /a }", "bad-volume A bind mount needs a source"],
    ["{ type: volume, source: data }", "bad-volume This volume has no target"],
    ["{ type: nfs, target: /a }", 'bad-value services.web.volumes[0].type cannot be "nfs"'],
    ["{ target: /a }", 'missing-key services.web.volumes[0] has no "type"'],
  ])("%s", (text, problem) => {
    expect(problemsOf(`volumes: [${text}]`, volumes).map((line) => line.replace(/^\S+ /, ""))).toEqual([problem]);
  });
});

it("of two mounts at one place in the container the later one is used; a tmpfs at it is an error", () => {
  const twice = serviceOf('volumes: ["data:/a", "logs:/a/"]', volumes);
  expect(twice.volumes.map(({ source }) => source)).toEqual(["logs"]);
  expect(twice.problems).toEqual([
    "4:15 duplicate-mount Another volume is mounted at the same place, and only that one is used",
  ]);
  expect(problemsOf('volumes: ["data:/a"]\ntmpfs: /a:size=1m', volumes)).toEqual([
    "5:12 duplicate-mount Two volumes are mounted at /a",
  ]);
});
