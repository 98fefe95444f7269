/** Who listens on this host: read from the kernel's tables of sockets, which needs no rights. */
import { readFile } from "node:fs/promises";

/** An IPv4 socket that takes connections, or datagrams of anybody. */
export interface ListeningSocket {
  readonly protocol: "tcp" | "udp";
  readonly address: string;
  readonly port: number;
}

/** Empty where the kernel does not tell. */
export async function listeningSockets(): Promise<ListeningSocket[]> {
  const tables = await Promise.all(
    (["tcp", "udp"] as const).map(async (protocol) => {
      const table = await readFile(`/proc/net/${protocol}`, "utf8").catch(() => "");
      return parseSocketTable(table).map((one) => ({ protocol, ...one }));
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
