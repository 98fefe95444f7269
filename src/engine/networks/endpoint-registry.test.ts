/** Which addresses endpoints get, and when one is given to another. */
import { expect, it } from "vitest";
import { EndpointRegistry } from "./endpoint-registry.js";
import type { NetworkRecord } from "./network-record.js";

let nowMs = 0;

/** A network of so many addresses, its gateway's among them; `take` gives a container one, `leave` gives it back. */
function aNetwork(subnet: string) {
  const registry = new EndpointRegistry(() => nowMs);
  const pools = [{ Subnet: subnet, Gateway: subnet.replace(/0\/\d+$/, "1") }];
  // The registry reads no more.
  const record = { id: "n", name: "front", driver: "bridge", pools, internal: false } as unknown as NetworkRecord;
  const taken = new Map<string, ReturnType<typeof registry.plan>["settings"]>();
  return {
    take: (id: string) => {
      const { settings } = registry.plan(record, { id, name: id }, {});
      registry.add(id, id, settings);
      taken.set(id, settings);
      return settings.IPAddress;
    },
    leave: (id: string, wasReplaced = false) => registry.remove(id, taken.get(id) ?? {}, { wasReplaced }),
  };
}

it("gives the lowest free address, so that a container that starts again mostly has its own", () => {
  const network = aNetwork("10.0.0.0/24");
  expect(["a", "b", "c"].map(network.take)).toEqual(["10.0.0.2", "10.0.0.3", "10.0.0.4"]);
  network.leave("b");
  expect(network.take("b")).toBe("10.0.0.3");
});

it("leaves the address of a container that was replaced alone for two minutes", () => {
  const network = aNetwork("10.0.0.0/24");
  network.take("old");
  network.take("new");
  network.leave("old", true);
  expect(network.take("other")).toBe("10.0.0.4");
  nowMs += 121_000;
  expect(network.take("late")).toBe("10.0.0.2");
});

it("gives it to others before there are none at all", () => {
  const network = aNetwork("10.0.0.0/29");
  const ids = ["a", "b", "c", "d", "e"];
  ids.map(network.take);
  network.leave("c", true);
  expect(network.take("f")).toBe("10.0.0.4");
  expect(() => network.take("g")).toThrow("no available IPv4 addresses");
});
