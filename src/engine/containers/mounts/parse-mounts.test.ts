import { describe, expect, it } from "vitest";
import type { HostConfig } from "../../../wire/container.js";
import { parseMounts } from "./parse-mounts.js";

const parse = (hostConfig: HostConfig, Volumes: Record<string, object> = {}) =>
  parseMounts({
    ...{ hostConfig, config: { Volumes }, donors: [], newName: () => "anon" },
    resolveImage: (name) => ({ id: `id of ${name}`, chainIds: ["layer"] }),
  });

describe("mounts of a create request", () => {
  it("tell a path on the host from a volume's name", () => {
    expect(parse({ Binds: ["/srv:/data:ro", "db:/var/lib"] })).toMatchObject([
      { kind: "bind", source: "/srv", target: "/data", readOnly: true, createSource: true },
      { kind: "volume", name: "db", target: "/var/lib", anonymous: false },
    ]);
  });

  it("are sorted by depth, so that none hides another", () => {
    const sorted = parse({ Binds: ["/a:/x/y/z", "/b:/x"], Tmpfs: { "/x/y": "" } });
    expect(sorted.map(({ target }) => target)).toEqual(["/x", "/x/y", "/x/y/z"]);
  });

  it("give each volume of the image a volume of its own, unless something is mounted there", () => {
    expect(parse({ Binds: ["db:/data"] }, { "/data/": {}, "/cache": {} })).toMatchObject([
      { name: "anon", target: "/cache", anonymous: true },
      { name: "db", target: "/data" },
    ]);
  });

  it("are refused twice at one place", () => {
    expect(() => parse({ Binds: ["/a:/x", "/b:/x/"] })).toThrow("Duplicate mount point: /x");
  });

  it("are refused over the root, at relative places, and with unknown modes", () => {
    expect(() => parse({ Binds: ["/a:/"] })).toThrow("destination can't be '/'");
    expect(() => parse({ Binds: ["/a:x"] })).toThrow("mount path must be absolute");
    expect(() => parse({ Binds: ["/a:/x:rx"] })).toThrow("invalid mode: rx");
    expect(() => parse({ Binds: ["../a:/x"] })).toThrow("includes invalid characters for a local volume name");
  });

  it("do not leave a volume by their subpath", () => {
    const VolumeOptions = { Subpath: "a/../../b" };
    const Mounts: HostConfig["Mounts"] = [{ Type: "volume", Source: "v", Target: "/v", VolumeOptions }];
    expect(() => parse({ Mounts })).toThrow("subpath must be a relative path");
  });

  it("of type tmpfs have the options of a harmless file system first, and what is asked for after", () => {
    const [mount] = parse({
      Mounts: [{ Type: "tmpfs", Target: "/t", TmpfsOptions: { SizeBytes: 1024, Mode: 0o700 } }],
    });
    expect(mount).toMatchObject({ options: ["noexec", "nosuid", "nodev", "mode=700", "size=1024"] });
    expect(parse({ Tmpfs: { "/t": "exec,size=1m" } })[0]).toMatchObject({
      options: ["nosuid", "nodev", "exec", "size=1m"],
    });
  });

  it("keep what is asked of a volume: NoCopy, Labels, and the Options of its DriverConfig", () => {
    const VolumeOptions = {
      ...{ NoCopy: true, Labels: { a: "b" } },
      DriverConfig: { Name: "local", Options: { type: "tmpfs", device: "tmpfs" } },
    };
    expect(parse({ Mounts: [{ Type: "volume", Source: "v", Target: "/v", VolumeOptions }] })).toMatchObject([
      { noCopy: true, labels: { a: "b" }, driver: "local", driverOptions: { type: "tmpfs", device: "tmpfs" } },
    ]);
    expect(parse({ Binds: ["v:/v:nocopy"] })).toMatchObject([{ noCopy: true }]);
    expect(() => parse({ Binds: ["v:/v:shared"] })).toThrow("a volume has no propagation");
  });

  it("of an image are its layers, read-only, under an id of their own", () => {
    const ImageOptions = { Subpath: "etc" };
    expect(parse({ Mounts: [{ Type: "image", Source: "busybox", Target: "/i", ImageOptions }] })).toEqual([
      {
        ...{ kind: "image", target: "/i", readOnly: true, image: "busybox", imageId: "id of busybox" },
        ...{ chainIds: ["layer"], layerId: "anon", subpath: "etc" },
      },
    ]);
    expect(() => parse({ Mounts: [{ Type: "image", Target: "/i" }] })).toThrow("field Source must not be empty");
  });

  it("say how far down a bind is read-only", () => {
    const below = (ReadOnly: boolean, BindOptions: object) => () =>
      parse({ Mounts: [{ Type: "bind", Source: "/s", Target: "/t", ReadOnly, BindOptions }] })[0];
    expect(below(true, {})()).toMatchObject({ readOnlyBelow: "may" });
    expect(below(true, { ReadOnlyNonRecursive: true })()).toMatchObject({ readOnlyBelow: "no" });
    expect(below(true, { ReadOnlyForceRecursive: true })()).toMatchObject({ readOnlyBelow: "must" });
    expect(below(false, { ReadOnlyNonRecursive: true })).toThrow("ReadOnlyNonRecursive requires ReadOnly");
    expect(below(true, { ReadOnlyForceRecursive: true, Propagation: "rslave" })).toThrow("requires the propagation");
  });

  it("have no options of another type, and no unknown ones of tmpfs", () => {
    const Mounts: HostConfig["Mounts"] = [{ Type: "tmpfs", Target: "/t", BindOptions: {} }];
    expect(() => parse({ Mounts })).toThrow('type "tmpfs": field BindOptions must not be specified');
    expect(() => parse({ Tmpfs: { "/t": "foo=bar" } })).toThrow('invalid tmpfs option ["foo" "bar"]');
  });
});
