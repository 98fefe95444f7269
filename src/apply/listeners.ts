/** Who listens on this host: read from the kernel's tables of sockets, which needs no rights. */
import { readFile } from "node:fs/promises";

/** A socket that takes connections, or datagrams of anybody, by IPv4: one on every IPv6 address takes those as well. */
export interface ListeningSocket {
  readonly protocol: "tcp" | "udp";
  readonly address: string;
  readonly port: number;
}

/** Empty where the kernel does not tell. */
export async function listeningSockets(): Promise<ListeningSocket[]> {
  const tables = await Promise.all(
    (["tcp", "udp"] as const).map(async (protocol) => {
      const read = (name: string) => readFile(`/proc/net/${name}`, "utf8").catch(() => "");
      const [table, table6] = await Promise.all([read(protocol), read(`${protocol}6`)]);
      return [...parseSocketTable(table), ...parseSocketTable6(table6)].map((one) => ({ protocol, ...one }));
    }),
  );
  return tables.flat();
}

/** TCP_LISTEN, and the state of a UDP socket that is not connected. */
const listeningStates = new Set(["0A", "07"]);

/** The listening ones of a table of the kernel's: `0: 0100007F:1538 00000000:0000 0A …`. */
export function parseSocketTable(table: string): Array<{ readonly address: string; readonly port: number }> {
  return table.split("\n").flatMap((line) => {
    const [, last, third, second, first, port = "", state = ""] =
      /^\s*\d+: (\w\w)(\w\w)(\w\w)(\w\w):(\w{4}) \w{8}:\w{4} (\w\w) /.exec(line) ?? [];
    if (!listeningStates.has(state)) return [];
    const address = [first, second, third, last].map((byte) => Number.parseInt(byte ?? "", 16)).join(".");
    return [{ address, port: Number.parseInt(port, 16) }];
  });
}

/**
 * Those of the IPv6 table that take IPv4 too: the wildcard, unless its program says otherwise, which the table does not
 * tell; and addresses of IPv4 that are written as IPv6.
 */
export function parseSocketTable6(table: string): Array<{ readonly address: string; readonly port: number }> {
  const asIpv4 = table.replace(/^(\s*\d+: )(?:0{24}(?=0{8}:)|0{16}FFFF0000)(\w{8}:\w{4} )\w{24}/gm, "$1$2");
  return parseSocketTable(asIpv4);
}
