/**
 * What an engine was started with, kept for those who start the next one without a user's environment: mirrors,
 * proxies, certificates. `bin/gantry-guard --wake` reads it.
 *
 * A file of lines `NAME=VALUE`. Secrets do not belong on the disk: a proxy's address with a password in it is left out.
 */
import { renameSync, writeFileSync } from "node:fs";

/** `user:password@` in an address, with or without its scheme. */
const credentials = /(^|\/\/)[^/\s]*@/;
const secretNames = /TOKEN|PASSWORD|SECRET|KEY/i;

/** Pure: the file's text, sorted by name. What has several lines, or looks like a secret, is left out. */
export function printSettings(settings: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(settings)
    .filter(([name, value]) => /^[A-Za-z_]\w*$/.test(name) && !secretNames.test(name) && value !== undefined)
    .filter(([, value]) => !/[\n\r\0]/.test(value ?? "") && !credentials.test(value ?? ""))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

/** Replaces the file, mode 0600. Not synced: after a power cut the service manager or a user starts the engine. */
export function keepSettings(path: string, settings: Readonly<Record<string, string | undefined>>): void {
  writeFileSync(`${path}.new`, printSettings(settings), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
