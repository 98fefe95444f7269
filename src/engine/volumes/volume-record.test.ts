import { describe, expect, it } from "vitest";
import { mountFlags } from "../kernel/mount.js";
import { fstabLine } from "./fstab.js";
import { checkVolumeName, checkVolumeOptions, deviceMountOf, isImmediate } from "./volume-record.js";

const record = (options: Record<string, string>) => ({ name: "v", createdAt: "", labels: {}, options });

describe("options of the local driver", () => {
  it("name no device for a plain volume", () => {
    expect(deviceMountOf(record({}))).toBeUndefined();
  });

  it("bind a directory of the host", () => {
    const bind = deviceMountOf(record({ type: "none", o: "bind,ro", device: "/srv" }));
    expect(bind).toMatchObject({ device: "/srv", flags: mountFlags.bind | mountFlags.readOnly, data: "" });
  });

  it("split what the kernel takes as flags from what the file system takes", () => {
    const tmpfs = deviceMountOf(record({ type: "tmpfs", o: "size=1m,nosuid,uid=5", device: "tmpfs" }));
    expect(tmpfs).toMatchObject({ type: "tmpfs", flags: mountFlags.noSuid, data: "size=1m,uid=5" });
  });

  it("name an NFS server, whose address has to be looked up", () => {
    const nfs = deviceMountOf(record({ type: "nfs", o: "addr=files.lan,rw,vers=4", device: ":/export" }));
    expect(nfs).toMatchObject({ address: "files.lan", data: "vers=4", device: ":/export" });
    expect(nfs && isImmediate(nfs)).toBe(false);
    expect(nfs && fstabLine(nfs, "/a b")).toBe(":/export /a\\040b nfs addr=files.lan,rw,vers=4 0 0\n");
  });

  it("are refused when they are unknown or incomplete", () => {
    expect(() => checkVolumeOptions("v", { color: "red" })).toThrow('create v: invalid option: "color"');
    expect(() => checkVolumeOptions("v", { type: "nfs" })).toThrow('missing required option: "device"');
    expect(() => checkVolumeOptions("v", { o: "uid=5" })).toThrow('missing required option: "device"');
    expect(() => checkVolumeOptions("v", { device: "/srv" })).toThrow('missing required option: "type"');
    checkVolumeOptions("v", { o: "bind", device: "/srv" });
  });
});

describe("names of volumes", () => {
  it("cannot leave their directory", () => {
    for (const name of ["../x", "a/b", ".x", "", "x", "x".repeat(300)]) expect(() => checkVolumeName(name)).toThrow();
    checkVolumeName("shop_data.1");
  });
});
