import { expect, it } from "vitest";
import { parseSocketTable, parseSocketTable6 } from "./listeners.js";

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 8F2A057F:46A0 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0000 100 0 0 10 0
   1: 0100007F:1538 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 112 1 0000 100 0 0 10 0
   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 113 1 0000 100 0 0 10 0
 303: 3500007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 114 2 0000 0
`;

it("finds what listens, and no connections", () => {
  expect(parseSocketTable(table)).toEqual([
    { address: "127.5.42.143", port: 18080 },
    { address: "0.0.0.0", port: 22 },
    { address: "127.0.0.53", port: 53 },
  ]);
  expect(parseSocketTable("")).toEqual([]);
});

it("counts a program that listens on every IPv6 address, as it takes IPv4 too, and none that is on ::1", () => {
  const remote = "00000000000000000000000000000000:0000";
  const rows = [
    `   0: 00000000000000000000000000000000:1F90 ${remote} 0A 00000000:00000000 00:00000000 00000000     0        0 1`,
    `   1: 0000000000000000FFFF00000100007F:1538 ${remote} 0A 00000000:00000000 00:00000000 00000000     0        0 2`,
    `   2: 00000000000000000000000001000000:0016 ${remote} 0A 00000000:00000000 00:00000000 00000000     0        0 3`,
    `   3: B80D0120000000000000000001000000:0017 ${remote} 0A 00000000:00000000 00:00000000 00000000     0        0 4`,
  ];
  expect(parseSocketTable6(`  sl  local_address\n${rows.join("\n")}\n`)).toEqual([
    { address: "0.0.0.0", port: 8080 },
    { address: "127.0.0.1", port: 5432 },
  ]);
});
