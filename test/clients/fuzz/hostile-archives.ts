/** Archives that try to leave the place they are unpacked in, or to fill the memory of who reads them. Pure. */

import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";

export interface HostileArchive {
  readonly about: string;
  readonly bytes: Buffer;
}

/** `sentinel` is an absolute path of the host that must not come to be. */
export async function hostileArchives(sentinel: string): Promise<HostileArchive[]> {
  const up = "../".repeat(20) + sentinel.slice(1);
  const cases: Record<string, (archive: ReturnType<typeof pack>) => void> = {
    "a name that climbs": (archive) => archive.entry({ name: up }, "x"),
    "an absolute name": (archive) => archive.entry({ name: sentinel }, "x"),
    "a climb through a folder": (archive) => archive.entry({ name: `a/b/${up}` }, "x"),
    "a symbolic link out, and a file through it": (archive) => {
      archive.entry({ name: "out", type: "symlink", linkname: "/" });
      archive.entry({ name: `out${sentinel}` }, "x");
    },
    "a relative link out, and a file through it": (archive) => {
      archive.entry({ name: "up", type: "symlink", linkname: "../".repeat(20) });
      archive.entry({ name: `up${sentinel}` }, "x");
    },
    "a hard link to a file of the host": (archive) => {
      archive.entry({ name: "shadow", type: "link", linkname: "/etc/shadow" });
      archive.entry({ name: "up", type: "link", linkname: `${"../".repeat(20)}etc/shadow` });
    },
    "a hard link through a symbolic one": (archive) => {
      archive.entry({ name: "etc2", type: "symlink", linkname: "/etc" });
      archive.entry({ name: "hard", type: "link", linkname: "etc2/shadow" });
    },
    devices: (archive) => {
      archive.entry({ name: "disk", type: "block-device", devmajor: 8, devminor: 0, mode: 0o666 });
      archive.entry({ name: "mem", type: "character-device", devmajor: 1, devminor: 1, mode: 0o666 });
      archive.entry({ name: "pipe", type: "fifo" });
    },
    "set-id programs": (archive) => archive.entry({ name: "suid", mode: 0o6755, uid: 0, gid: 0 }, "#!/bin/sh\n"),
    "one name as file, folder and link": (archive) => {
      archive.entry({ name: "n" }, "x");
      archive.entry({ name: "n/", type: "directory" });
      archive.entry({ name: "n", type: "symlink", linkname: "n" });
      archive.entry({ name: "n/n/n" }, "x");
    },
    "a file over /proc": (archive) => archive.entry({ name: "proc/self/../../proc/sysrq-trigger" }, "x"),
    "white-outs": (archive) => {
      archive.entry({ name: ".wh..wh..opq" }, "");
      archive.entry({ name: ".wh..." }, "");
      archive.entry({ name: "bin/.wh./" }, "");
      archive.entry({ name: ".wh.../x" }, "");
    },
    "a name of 5000 characters": (archive) => archive.entry({ name: "n".repeat(5000) }, "x"),
    "a name of 3000 folders": (archive) => archive.entry({ name: `${"d/".repeat(3000)}x` }, "x"),
    "a NUL in a name": (archive) => archive.entry({ name: "a\0b", pax: { path: "a\0b" } }, "x"),
    "a time before all times": (archive) => archive.entry({ name: "t", mtime: new Date(-1e14) }, "x"),
  };
  const made = await Promise.all(
    Object.entries(cases).map(async ([about, fill]) => {
      const archive = pack();
      fill(archive);
      archive.finalize();
      return { about, bytes: await buffer(archive) };
    }),
  );
  const whole = made[0]?.bytes ?? Buffer.alloc(0);
  return [
    ...made,
    { about: "an archive cut in a header", bytes: whole.subarray(0, 100) },
    { about: "an archive cut in a body", bytes: whole.subarray(0, 513) },
    { about: "a size that is none", bytes: withField(whole, { at: 124, text: "zzzzzzzzzzz\0" }) },
    { about: "a size beyond all disks", bytes: withField(whole, { at: 124, text: "77777777777\0" }) },
    {
      about: "a negative size",
      bytes: withField(whole, { at: 124, text: "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" }),
    },
    { about: "nothing", bytes: Buffer.alloc(0) },
    { about: "noise", bytes: Buffer.from(Array.from({ length: 4096 }, (_none, at) => (at * 7919) % 251)) },
  ];
}

/** The first header with another field, and a checksum that fits. */
function withField(archive: Buffer, { at, text }: { at: number; text: string }): Buffer {
  const copy = Buffer.from(archive);
  copy.write(text, at, "latin1");
  copy.fill(" ", 148, 156);
  const sum = copy.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  copy.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return copy;
}
