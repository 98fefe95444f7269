import { decode, encode, type RecordType } from "dns-packet";
import { expect, it } from "vitest";
import { decideDns, serverFailure } from "./dns-answer.js";
import { DnsDirectory } from "./dns-directory.js";

const directory = new DnsDirectory();
const member = (containerId: string, network: string, names: string[], ...addresses: string[]) =>
  directory.add({ containerId, networkId: `id-${network}`, networkName: network, names, addresses, links: [] });
const links = ["web-1:site", "/web-2:Other"];
directory.add({
  ...{ containerId: "asking", networkId: "id-front", networkName: "front", names: ["asking"], links },
  addresses: ["10.90.0.2", "fd00:90::2"],
});
member("web1", "front", ["web-1", "web"], "10.90.0.3", "fd00:90::3");
member("web2", "front", ["web-2", "web"], "10.90.0.4");
member("db1", "back", ["db"], "10.90.16.2");

const view = {
  addressesOf: (name: string) => directory.addressesOf("asking", name),
  nameOf: (address: string) => directory.nameOf("asking", address),
};
const queryFor = (name: string, type: RecordType = "A") =>
  encode({ type: "query", id: 4711, flags: 0x100, questions: [{ type, name }] });

/** The decision as one line: response code and data, or its kind. */
function decide(query: Buffer, turn = 0, transport: "udp" | "tcp" = "udp"): string {
  const decision = decideDns(query, view, { transport, turn });
  if (decision.kind !== "answer") return decision.kind;
  const reply = decode(decision.reply) as ReturnType<typeof decode> & { rcode: string };
  expect(reply.id).toBe(query.readUInt16BE(0));
  const data = (reply.answers ?? []).map((answer) => ("data" in answer ? String(answer.data) : ""));
  return [reply.rcode, ...(reply.flag_tc ? ["truncated"] : []), ...data].join(" ");
}

it("answers names of shared networks in any case, narrowed down by the network's name too", () => {
  expect(decide(queryFor("web-1"))).toBe("NOERROR 10.90.0.3");
  expect(decide(queryFor("Web-1.FRONT"))).toBe("NOERROR 10.90.0.3");
});

it("gives every replica's address, each coming first in turn", () => {
  expect(decide(queryFor("web"), 0)).toBe("NOERROR 10.90.0.3 10.90.0.4");
  expect(decide(queryFor("web"), 1)).toBe("NOERROR 10.90.0.4 10.90.0.3");
});

it("gives IPv6 addresses too, and says that a name without one exists all the same", () => {
  expect(decide(queryFor("web-1", "AAAA"))).toBe("NOERROR fd00:90::3");
  expect(decide(queryFor("web-2", "AAAA"))).toBe("NOERROR");
});

it("knows another container under the name that a link gives it, for the linking container alone", () => {
  expect(decide(queryFor("site"))).toBe("NOERROR 10.90.0.3");
  expect(decide(queryFor("other"))).toBe("NOERROR 10.90.0.4");
  expect(directory.addressesOf("web1", "site")).toBeUndefined();
});

it("forwards names of networks that the asking container does not share, and all others", () => {
  expect(decide(queryFor("db"))).toBe("forward");
  expect(decide(queryFor("example.org", "MX"))).toBe("forward");
});

it("answers reverse lookups of shared networks, and forwards others", () => {
  expect(decide(queryFor("3.0.90.10.in-addr.arpa", "PTR"))).toBe("NOERROR web-1.front");
  expect(decide(queryFor("2.16.90.10.in-addr.arpa", "PTR"))).toBe("forward");
  expect(decide(queryFor("999.0.0.0.in-addr.arpa", "PTR"))).toBe("forward");
  const nibbles = ["3", ...new Array<string>(23).fill("0"), ..."0900", ..."00df"].join(".");
  expect(decide(queryFor(`${nibbles}.ip6.arpa`, "PTR"))).toBe("NOERROR web-1.front");
  expect(decide(queryFor("3.0.ip6.arpa", "PTR"))).toBe("forward");
});

it("says over UDP that an answer is too long, and gives it whole over TCP", () => {
  for (let n = 0; n < 60; n += 1) member(`many${n}`, "front", ["many"], `10.90.1.${n}`);
  expect(decide(queryFor("many"))).toBe("NOERROR truncated");
  expect(decide(queryFor("many"), 0, "tcp").split(" ")).toHaveLength(61);
});

it("forgets a container with all of its names", () => {
  member("short", "front", ["short", "lived"], "10.90.2.1");
  directory.remove("short");
  expect(["short", "lived"].map((name) => decide(queryFor(name)))).toEqual(["forward", "forward"]);
  expect(directory.nameOf("asking", "10.90.2.1")).toBeUndefined();
});

it("ignores answers and scraps, and refuses what is not one plain question", () => {
  const reply = encode({ type: "response", id: 1, questions: [{ type: "A", name: "web" }] });
  expect(decide(reply)).toBe("ignore");
  expect(decide(Buffer.from([1, 2, 3]))).toBe("ignore");
  expect(decide(encode({ type: "query", id: 1, questions: [] }))).toBe("FORMERR");
  const two = { type: "A" as const, name: "web" };
  expect(decide(encode({ type: "query", id: 1, questions: [two, two] }))).toBe("FORMERR");
  const update = queryFor("web");
  update[2] = 0x28;
  expect(decide(update)).toBe("NOTIMP");
});

it("survives any bytes", () => {
  let seed = 1;
  const random = () => {
    seed = (seed * 48271) % 0x7fffffff;
    return seed;
  };
  for (let round = 0; round < 3000; round += 1) {
    const query = round % 2 ? queryFor("web.front") : Buffer.alloc(random() % 80);
    for (let n = 0; n < 4 && query.length > 0; n += 1) query[random() % query.length] = random() % 256;
    const { kind } = decideDns(query, view, { transport: "udp", turn: round });
    expect(["answer", "forward", "ignore"]).toContain(kind);
    if (query.length >= 12) expect(serverFailure(query).length).toBeGreaterThanOrEqual(12);
  }
});
