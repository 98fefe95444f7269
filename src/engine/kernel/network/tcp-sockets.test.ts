import { expect, it } from "vitest";
import { countClients } from "./tcp-sockets.js";

const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const table = (...lines: string[]) =>
  [head, ...lines.map((line, at) => `   ${at}: ${line} 00000000:00000000 00:0 0 0 1`)].join("\n");

it("counts connections from outside to ports on which somebody listens, while bytes may be under way", () => {
  const tcp = table(
    "00000000:0050 00000000:0000 0A", // listens on 80
    "0300005A:0050 0100005A:C001 01", // a client
    "0300005A:0050 0100005A:C002 04", // its last bytes are under way
    "0300005A:0050 0100005A:C003 06", // over
    "0300005A:0050 0100005A:C004 05", // all has arrived
    "0300005A:0050 0100005A:C005 08", // a client that said its last word and still listens
  );
  expect(countClients([tcp, ""])).toBe(3);
});

it("leaves out what the container asks of others, and what it says to itself", () => {
  const tcp = table(
    "00000000:0050 00000000:0000 0A",
    "0300005A:D431 0400005A:1538 01", // its own connection to a database
    "0100007F:0050 0100007F:C001 01", // a health check
  );
  const tcp6 = table(
    "00000000000000000000000000000000:0051 00000000000000000000000000000000:0000 0A",
    "0000000000000000FFFF00000100007F:0051 0000000000000000FFFF00000100007F:C001 01",
    "00000000000000000000000001000000:0051 00000000000000000000000001000000:C001 01",
    "0000000000000000FFFF00000300005A:0051 0000000000000000FFFF00000100005A:C001 01",
  );
  expect(countClients([tcp, tcp6])).toBe(1);
});
