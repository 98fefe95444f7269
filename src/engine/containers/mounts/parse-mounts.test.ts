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
});
