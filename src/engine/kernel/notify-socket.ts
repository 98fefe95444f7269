/** Tells systemd how its service does: one datagram to the socket that `NOTIFY_SOCKET` names. See sd_notify(3). */
import { closeSync } from "node:fs";
import { checked, libcFunction } from "./libc.js";

const unixFamily = 1;
const datagramCloseOnExec = 2 | 0o2000000;

const socket = libcFunction("int socket(int domain, int type, int protocol)");
const sendto = libcFunction(
  "long sendto(int fd, const void *data, unsigned long size, int flags, const void *address, uint32_t length)",
);

/** `path` begins with `/`, or `@` for an abstract socket; `text` is lines as `READY=1`. Throws "syscall-failed". */
export function notifyService(path: string, text: string): void {
  const name = Buffer.from(path.replace(/^@/, "\0"));
  const address = Buffer.concat([Buffer.from([unixFamily, 0]), name]);
  const data = Buffer.from(text);
  const fd = checked("socket", socket(unixFamily, datagramCloseOnExec, 0));
  try {
    checked(`notify ${path}`, Number(sendto(fd, data, data.length, 0, address, address.length)));
  } finally {
    closeSync(fd);
  }
}
