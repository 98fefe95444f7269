/**
 * Where the engine listens beside its socket, and who else may use that: from flags, else from `engine.json`:
 * `{ "listen": { "address": "tcp://0.0.0.0:2376", "tlsCa": …, "tlsCert": …, "tlsKey": … }, "socketGroup": "docker" }`.
 */
import { readFileSync } from "node:fs";
import { GantryError } from "../../base/errors.js";
import { isRecord } from "../../base/json.js";
import { type ListenRequest, parseListen, type TlsListener } from "./http/listen-tls.js";

export interface Listeners {
  readonly tls: TlsListener | undefined;
  readonly socketGid: number | undefined;
}

/** `config` is the text of `engine.json`. Throws "bad-parameter", naming what is wrong. */
export function readListeners(
  flags: { listen?: ListenRequest | undefined; socketGroup?: string | undefined },
  config: string | undefined,
): Listeners {
  const told = config === undefined ? {} : parseMembers(config);
  const asked = flags.listen && Object.values(flags.listen).some((value) => value !== undefined);
  const group = flags.socketGroup ?? told.socketGroup;
  return {
    tls: parseListen((asked ? flags.listen : told.listen) ?? {}),
    socketGid: group === undefined ? undefined : groupId(group, readFileSync("/etc/group", "utf8")),
  };
}

/** Pure: the id of a group in the text of `/etc/group`. Throws "bad-parameter" for one that is not there. */
export function groupId(name: string, groups: string): number {
  const line = groups.split("\n").find((entry) => entry.startsWith(`${name}:`));
  const id = line?.split(":")[2];
  if (id !== undefined && /^\d+$/.test(id)) return Number(id);
  throw new GantryError("bad-parameter", `There is no group ${name} on this host`, {
    hint: `Make it: groupadd --system ${name}`,
  });
}

function parseMembers(config: string): { listen?: ListenRequest; socketGroup?: string } {
  const parsed: unknown = JSON.parse(config);
  if (!isRecord(parsed)) return {};
  const { listen, socketGroup } = parsed;
  if (listen !== undefined && !isTexts(listen)) throw wrong("listen");
  if (socketGroup !== undefined && typeof socketGroup !== "string") throw wrong("socketGroup");
  return { ...(listen === undefined ? {} : { listen }), ...(socketGroup === undefined ? {} : { socketGroup }) };
}

function isTexts(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((member) => typeof member === "string");
}

function wrong(member: string): GantryError {
  return new GantryError("bad-parameter", `${member} in engine.json is not what it has to be; see docs/remote.md`);
}
