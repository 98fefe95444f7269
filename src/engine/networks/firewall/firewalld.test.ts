/** Against a stand-in for firewall-cmd that knows the options used: firewalld itself is not run by any test. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Firewalld } from "./firewalld.js";

let directory: string;
let firewalld: Firewalld;
const logged: string[] = [];
const path = process.env.PATH;
const zone = () => readFileSync(join(directory, "trusted"), "utf8").split("\n").filter(Boolean);
const calls = () => readFileSync(join(directory, "calls"), "utf8").split("\n").filter(Boolean);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "gantry-firewalld-"));
  writeFileSync(join(directory, "trusted"), "virbr7\n");
  writeFileSync(join(directory, "calls"), "");
  writeFileSync(join(directory, "firewall-cmd"), standIn);
  chmodSync(join(directory, "firewall-cmd"), 0o755);
  process.env.PATH = `${directory}:${path}`;
  logged.length = 0;
  firewalld = new Firewalld((text) => logged.push(text));
});
afterEach(() => {
  process.env.PATH = path;
  rmSync(directory, { recursive: true });
});

const standIn = `#!/bin/sh
cd "$(dirname "$0")"
echo "$2" >>calls
[ "$1" = --zone=trusted ] || exit 2
case $2 in
  --list-interfaces) tr '\\n' ' ' <trusted ;;
  --change-interface=*) echo "\${2#*=}" >>trusted; echo success ;;
  --remove-interface=*) grep -vx "\${2#*=}" trusted >new; mv new trusted; echo success ;;
  *) exit 2 ;;
esac
`;

it("puts bridges into the zone, and takes out those that are gone and were its own", async () => {
  firewalld.sync(["gn-a", "gn-b"], true);
  await firewalld.settled();
  expect(zone()).toEqual(["virbr7", "gn-a", "gn-b"]);
  firewalld.sync(["gn-b"], true);
  await firewalld.settled();
  expect(zone()).toEqual(["virbr7", "gn-b"]);
  expect(logged).toEqual([]);
});

it("puts them in again after a reload, and does nothing where nothing is missing", async () => {
  firewalld.sync(["gn-a"], true);
  await firewalld.settled();
  writeFileSync(join(directory, "trusted"), "");
  firewalld.sync(["gn-a"], true);
  firewalld.sync(["gn-a"], true);
  await firewalld.settled();
  expect(zone()).toEqual(["gn-a"]);
  expect(calls().filter((option) => option.startsWith("--change"))).toHaveLength(2);
});

it("runs nothing where firewalld does not run", async () => {
  firewalld.sync(["gn-a"], false);
  await firewalld.settled();
  expect(calls()).toEqual([]);
});

it("reports what fails, and goes on", async () => {
  rmSync(join(directory, "trusted"));
  writeFileSync(join(directory, "firewall-cmd"), "#!/bin/sh\nexit 252\n");
  firewalld.sync(["gn-a"], true);
  await firewalld.settled();
  expect(logged).toEqual([expect.stringContaining("Cannot put networks into firewalld's zone trusted")]);
});
