/**
 * Builds every case on a Docker Engine and writes down what came out, as what is expected of this engine:
 *
 *   node --import ./bench/typescript.mjs test/builder/record.ts unix:///run/docker.sock [unix:///engine.sock]
 *
 * The Docker Engine needs an image `busybox`, the same as the tests make. Cases of modern syntax are built by the second
 * engine, which is this one; without it what was written down of them stays.
 */
import { directDialer } from "../../src/client/dial/dialer.js";
import { connectHttpClient } from "../../src/client/http-client.js";
import { buildCases } from "./cases.js";
import { readExpectations, writeExpectations } from "./expectations.js";
import { observeBase, observeBuild } from "./observe-build.js";

const [docker = "", own] = process.argv.slice(2);
const clientAt = (address: string) =>
  connectHttpClient(directDialer({ kind: "unix", path: address.replace(/^unix:\/\//, "") }));
const clients = { docker: await clientAt(docker), own: own === undefined ? undefined : await clientAt(own) };
const before = (() => {
  try {
    return readExpectations();
  } catch {
    return new Map<string, string>();
  }
})();
const bases = {
  docker: await observeBase(clients.docker),
  own: clients.own && (await observeBase(clients.own)),
};
const found = new Map<string, string>();
for (const one of buildCases) {
  if (!one.modern) found.set(one.name, await observeBuild(clients.docker, one, bases.docker));
  else if (clients.own && bases.own) found.set(one.name, await observeBuild(clients.own, one, bases.own));
  else found.set(one.name, before.get(one.name) ?? "");
}
writeExpectations(found);
for (const client of [clients.docker, clients.own]) client?.close();
