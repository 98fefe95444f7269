/**
 * Links of `HostConfig.Links` (`container:alias`), Docker's older way of naming one container in another.
 *
 * On user-defined networks they are names in the DNS for the linking container alone. On the default bridge they are
 * lines of /etc/hosts, written at start; the environment variables that Docker used to set with them are not.
 */
import { GantryError, isGantryError } from "../../../base/errors.js";
import type { HostConfig } from "../../../wire/container.js";
import type { ContainerRecord } from "../record/container-record.js";
import type { Rooms } from "../rooms.js";

export interface Link {
  /** Name or id of the other container. */
  readonly target: string;
  readonly alias: string;
}

/** Reads `db:database`, or `db` alone. Throws "bad-parameter". */
export function parseLink(text: string): Link {
  const [target = "", alias = target.replace(/^\//, ""), more] = text.split(":");
  const link = { target: target.replace(/^\//, ""), alias: alias.replace(/^.*\//, "") };
  // As an alias it becomes a word of /etc/hosts.
  if (link.target !== "" && /^[\w.-]+$/.test(link.alias) && more === undefined) return link;
  throw new GantryError("bad-parameter", `invalid format for links: ${text}`);
}

/** Throws "bad-parameter" for a link to a container that does not exist, or that has the host's network. */
export function checkLinks({ index }: Pick<Rooms, "index">, { Links }: HostConfig): void {
  for (const { target } of (Links ?? []).map(parseLink)) {
    let mode: string | undefined;
    try {
      mode = index.find(target).record.hostConfig.NetworkMode;
    } catch (error) {
      if (!isGantryError(error, "container-not-found")) throw error;
      // Its own code would tell a client that the image is missing.
      throw new GantryError("bad-parameter", `could not get container for ${target}: ${error.message}`);
    }
    if (mode === "host") {
      const reason = "host type networking can't be used with links. This would result in undefined behavior";
      throw new GantryError("bad-parameter", `conflicting options: ${reason}`);
    }
  }
}

/** Lines of /etc/hosts on the default bridge; none elsewhere. Throws "container-conflict". */
export function linkLines({ index }: Pick<Rooms, "index">, record: ContainerRecord): string[] {
  if ((record.hostConfig.NetworkMode ?? "bridge") !== "bridge") return [];
  return (record.hostConfig.Links ?? []).map(parseLink).map(({ target, alias }) => {
    const other = index.find(target);
    const { name, config, state } = other.record;
    const address = state.sandbox?.endpoints.bridge?.IPAddress;
    if (!address) {
      const message = `Cannot link to a non running container: /${name} AS /${record.name}/${alias}`;
      throw new GantryError("container-conflict", message);
    }
    return `${address}\t${[...new Set([alias, config.Hostname ?? "", name])].filter(Boolean).join(" ")}`;
  });
}

/** As an inspection shows them: `/db:/web/database`. */
export function shownLinks({ hostConfig, name }: ContainerRecord): string[] | null {
  const links = (hostConfig.Links ?? []).map(parseLink);
  return links.length > 0 ? links.map(({ target, alias }) => `/${target}:/${name}/${alias}`) : null;
}
