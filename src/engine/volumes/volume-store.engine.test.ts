import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../base/clock.js";
import { getXattr, makeNode, nodeTypes, setXattr } from "../kernel/mount.js";
import { copyTree } from "./copy-tree.js";
import { isMountPoint } from "./mount-point.js";
import { openVolumes, type VolumeStore } from "./volume-store.js";

let directory: string;
let rootfs: string;
let volumes: VolumeStore;
const copyInto = ({ root, path }: { root: string; path: string }, to: string) => copyTree(join(root, path), to);
const rooms = { clock: systemClock, onDamaged: () => {}, copyInto };
const open = () => openVolumes({ directory: join(directory, "volumes"), ...rooms });
const data = (name: string, ...path: string[]) => join(volumes.get(name).Mountpoint, ...path);

/** Disks of files need a kernel and a machine that have them. */
const hasLoopDevices =
  existsSync("/dev/loop-control") && ["/sbin", "/usr/sbin"].some((folder) => existsSync(join(folder, "mkfs.ext2")));

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "gantry-vol-"));
  rootfs = join(directory, "rootfs");
  mkdirSync(join(rootfs, "srv/sub"), { recursive: true });
  volumes = await open();
});
afterEach(async () => {
  for (const { Name } of volumes.list({})) await volumes.remove(Name, { force: true, usedBy: () => [] });
  rmSync(directory, { recursive: true, force: true });
});

describe("a volume", () => {
  it("outlives the engine, and is the same when it is created again", async () => {
    const first = await volumes.create({ Name: "db", Labels: { a: "b" } });
    await volumes.mount("db");
    writeFileSync(data("db", "file"), "kept");
    volumes = await open();
    expect(await volumes.create({ Name: "db" })).toEqual(first);
    expect(readFileSync(data("db", "file"), "utf8")).toBe("kept");
  });

  it("without a name gets one of 64 digits and the label of anonymous ones", async () => {
    const { Name, Labels } = await volumes.create({});
    expect(Name).toMatch(/^[0-9a-f]{64}$/);
    expect(Labels).toEqual({ "com.docker.volume.anonymous": "" });
  });

  it("in use is not removed, and what is removed leaves nothing", async () => {
    await volumes.create({ Name: "db" });
    const path = data("db");
    const users = ["a".repeat(64)];
    await expect(volumes.remove("db", { force: true, usedBy: () => users })).rejects.toMatchObject({
      message: `remove db: volume is in use - [${users[0]}]`,
      hint: "Remove its containers first: gantry container rm aaaaaaaaaaaa",
    });
    await volumes.remove("db", { force: false, usedBy: () => [] });
    expect(existsSync(join(path, ".."))).toBe(false);
    await expect(volumes.remove("db", { force: false, usedBy: () => [] })).rejects.toThrow("get db: no such volume");
    await volumes.remove("db", { force: true, usedBy: () => [] });
  });

  it("with a tmpfs as its device is mounted once and unmounted at removal", async () => {
    await volumes.create({ Name: "fast", DriverOpts: { type: "tmpfs", device: "tmpfs", o: "size=1m,uid=7" } });
    const path = await volumes.mount("fast");
    await volumes.mount("fast");
    expect(await isMountPoint(path)).toBe(true);
    expect(lstatSync(path).uid).toBe(7);
    await volumes.remove("fast", { force: false, usedBy: () => [] });
    expect(await isMountPoint(path)).toBe(false);
  });

  it("with a directory of the host as its device shows that, and its removal leaves the directory alone", async () => {
    const host = join(directory, "host");
    mkdirSync(host);
    writeFileSync(join(host, "file"), "here");
    await volumes.create({ Name: "bound", DriverOpts: { type: "none", device: host, o: "bind" } });
    const path = await volumes.mount("bound");
    expect(readFileSync(join(path, "file"), "utf8")).toBe("here");
    await volumes.remove("bound", { force: false, usedBy: () => [] });
    expect(readdirSync(host)).toEqual(["file"]);
  });

  it("spares the directory of the host too where the engine's own path leads through a link", async () => {
    const host = join(directory, "host");
    mkdirSync(host);
    writeFileSync(join(host, "file"), "here");
    mkdirSync(join(directory, "elsewhere"));
    symlinkSync("elsewhere", join(directory, "link"));
    const linked = await openVolumes({ directory: join(directory, "link/volumes"), ...rooms });
    await linked.create({ Name: "bound", DriverOpts: { type: "none", device: host, o: "bind" } });
    const path = await linked.mount("bound");
    await linked.mount("bound");
    await linked.remove("bound", { force: false, usedBy: () => [] });
    expect(readdirSync(host)).toEqual(["file"]);
    expect(existsSync(path)).toBe(false);
  });

  it.skipIf(!hasLoopDevices)(
    "with a disk as its device is mounted by a process of its own, whose command line tells no options",
    async () => {
      const disk = join(directory, "a disk");
      writeFileSync(disk, "");
      truncateSync(disk, 2 * 1024 ** 2);
      execFileSync("mkfs.ext2", ["-q", "-F", disk]);
      await volumes.create({ Name: "disk", DriverOpts: { type: "ext2", device: disk, o: "loop,noexec" } });
      const path = await volumes.mount("disk");
      expect(await isMountPoint(path)).toBe(true);
      expect(readFileSync("/proc/mounts", "utf8")).toMatch(new RegExp(`${path} ext2 rw,noexec`));
      expect(readdirSync(join(path, ".."))).toEqual(["_data"]);
      await volumes.remove("disk", { force: false, usedBy: () => [] });
    },
  );

  it("whose server does not answer is refused, and the engine serves on meanwhile", async () => {
    await volumes.create({ Name: "far", DriverOpts: { type: "nosuchfs", device: ":/export", o: "addr=127.0.0.1" } });
    await expect(volumes.mount("far")).rejects.toMatchObject({ code: "mount-failed" });
    expect(readdirSync(data("far", ".."))).toEqual(["_data"]);
  });

  it("whose device cannot be mounted says so", async () => {
    const device = join(directory, "absent");
    await volumes.create({ Name: "bad", DriverOpts: { type: "none", device, o: "bind" } });
    await expect(volumes.mount("bad")).rejects.toMatchObject({ code: "mount-failed" });
  });
});

describe("filling a volume", () => {
  const fill = (name: string, path = "/srv") => volumes.fill(name, { rootfs, path });

  it("keeps owners, modes, times, links, devices and attributes", async () => {
    const at = (...path: string[]) => join(rootfs, "srv", ...path);
    writeFileSync(at("sub/file"), "text");
    chownSync(at("sub/file"), 33, 44);
    chmodSync(at("sub/file"), 0o4750);
    setXattr(at("sub/file"), "user.note", Buffer.from("x"));
    utimesSync(at("sub/file"), 1000, 2000);
    linkSync(at("sub/file"), at("hard"));
    symlinkSync("/etc/passwd", at("link"));
    makeNode(at("null"), nodeTypes.character | 0o600, { major: 1, minor: 3 });
    chmodSync(at(), 0o1770);
    await volumes.create({ Name: "vol" });
    await fill("vol");
    const copy = lstatSync(data("vol", "sub/file"));
    expect([copy.uid, copy.gid, copy.mode & 0o7777, copy.mtimeMs]).toEqual([33, 44, 0o4750, 2_000_000]);
    expect(getXattr(data("vol", "sub/file"), "user.note")?.toString()).toBe("x");
    expect(lstatSync(data("vol", "hard")).ino).toBe(copy.ino);
    expect(readlinkSync(data("vol", "link"))).toBe("/etc/passwd");
    expect(lstatSync(data("vol", "null")).rdev).toBe((1 << 8) | 3);
    expect(lstatSync(data("vol")).mode & 0o7777).toBe(0o1770);
  });

  it("leaves a volume alone that has something in it", async () => {
    writeFileSync(join(rootfs, "srv/file"), "image");
    await volumes.create({ Name: "vol" });
    writeFileSync(data("vol", "own"), "own");
    await fill("vol");
    expect(readdirSync(data("vol"))).toEqual(["own"]);
  });

  it("begins anew what a crash broke off", async () => {
    for (const name of ["moved", "rest"]) writeFileSync(join(rootfs, "srv", name), "whole");
    await volumes.create({ Name: "vol" });
    writeFileSync(data("vol", "moved"), "whole");
    mkdirSync(data("vol", "../filling"));
    writeFileSync(data("vol", "../filling/rest"), "wh");
    await fill("vol");
    for (const name of ["moved", "rest"]) expect(readFileSync(data("vol", name), "utf8")).toBe("whole");
    expect(existsSync(data("vol", "../filling"))).toBe(false);
  });

  it("is not led away by links that another container puts into the volume meanwhile", async () => {
    const host = join(directory, "host");
    mkdirSync(host);
    for (let n = 0; n < 200; n += 1) {
      mkdirSync(join(rootfs, `srv/d${n}`));
      writeFileSync(join(rootfs, `srv/d${n}/file`), "");
    }
    await volumes.create({ Name: "vol" });
    let filling = true;
    const attack = (async () => {
      for (; filling; await new Promise(setImmediate)) {
        if (!existsSync(data("vol", "../filling"))) continue;
        for (let n = 0; n < 200; n += 1) if (!existsSync(data("vol", `d${n}`))) symlinkSync(host, data("vol", `d${n}`));
      }
    })();
    await fill("vol").catch(() => {}); // the attacker may make it fail, and no more
    filling = false;
    await attack;
    expect(readdirSync(host)).toEqual([]);
  });

  it("never leaves the image's tree, whatever links it has", async () => {
    mkdirSync(join(rootfs, "etc"));
    writeFileSync(join(rootfs, "etc/inside"), "");
    symlinkSync("../../../../etc", join(rootfs, "up"));
    symlinkSync("/etc", join(rootfs, "abs"));
    symlinkSync("loop", join(rootfs, "loop"));
    for (const path of ["/up", "/abs", "/srv/../up"]) {
      await volumes.create({ Name: "v1" });
      await fill("v1", path);
      expect(readdirSync(data("v1"))).toEqual(["inside"]);
      await volumes.remove("v1", { force: true, usedBy: () => [] });
    }
    await volumes.create({ Name: "v2" });
    for (const path of ["/loop", "/absent/x", "/etc/inside"]) await fill("v2", path);
    expect(readdirSync(data("v2"))).toEqual([]);
  });
});
