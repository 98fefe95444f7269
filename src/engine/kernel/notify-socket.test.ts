import { closeSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { checked, libcFunction } from "./libc.js";
import { notifyService } from "./notify-socket.js";

const socket = libcFunction("int socket(int domain, int type, int protocol)");
const bind = libcFunction("int bind(int fd, const void *address, uint32_t length)");
const recv = libcFunction("long recv(int fd, void *buffer, unsigned long length, int flags)");

it("says one datagram to the socket of the service manager, and fails where there is none", () => {
  const folder = mkdtempSync(join(tmpdir(), "gantry-notify-"));
  const path = join(folder, "notify");
  const address = Buffer.concat([Buffer.from([1, 0]), Buffer.from(path)]);
  const fd = checked("socket", socket(1, 2, 0));
  try {
    expect(() => notifyService(path, "READY=1\n")).toThrow("ENOENT");
    checked("bind", bind(fd, address, address.length));
    notifyService(path, "READY=1\n");
    const heard = Buffer.alloc(100);
    expect(heard.toString("utf8", 0, Number(recv(fd, heard, heard.length, 0)))).toBe("READY=1\n");
  } finally {
    closeSync(fd);
    rmSync(folder, { recursive: true, force: true });
  }
});
