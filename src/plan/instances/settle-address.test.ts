import { expect, it } from "vitest";
import { instanceAddress } from "../../compose/instance/instance.js";
import { composeLabels, instanceLabels } from "../../wire/labels.js";
import { instancesOf, type LabelledThing } from "./observed-instances.js";
import { settleAddress } from "./settle-address.js";

const thing = (kind: LabelledThing["kind"], name: string, address: string, more: Partial<LabelledThing> = {}) => ({
  kind,
  name: `${name}-${kind}`,
  labels: {
    [composeLabels.project]: `shop-${name}`,
    [instanceLabels.name]: name,
    [instanceLabels.address]: address,
    [instanceLabels.directory]: `/src/${name}`,
  },
  ...more,
});
const [first, second, third] = [0, 1, 2].map((attempt) => instanceAddress("shop-a", attempt));
const settle = (things: readonly LabelledThing[], listening: readonly string[] = []) =>
  settleAddress("shop-a", { instances: instancesOf(things), listening: new Set(listening) });

it("a new copy gets the address that its name stands for", () => expect(settle([])).toBe(first));

it("not one that another copy has, even if only its volume is left, nor one at which something listens", () => {
  expect(settle([thing("volume", "b", first ?? "")])).toBe(second);
  expect(settle([thing("volume", "b", first ?? "")], [second ?? ""])).toBe(third);
});

it("a copy keeps its address, which its volumes remember, as long as nobody else has it", () => {
  expect(settle([thing("volume", "a", "127.9.9.9")])).toBe("127.9.9.9");
  expect(settle([thing("volume", "a", "127.9.9.9")], ["127.9.9.9"])).toBe(first);
  const moved = [thing("volume", "a", "127.9.9.9"), thing("container", "b", "127.9.9.9", { state: "running" })];
  expect(settle(moved)).toBe(first);
});

it("that something listens at the address of a running copy is the copy itself", () => {
  expect(settle([thing("container", "a", "127.9.9.9", { state: "running" })], ["127.9.9.9"])).toBe("127.9.9.9");
  expect(settle([thing("container", "a", "127.9.9.9", { state: "exited" })], ["127.9.9.9"])).toBe(first);
});

it("what runs says where a copy is, and what is nobody's is no copy", () => {
  const things = [
    thing("volume", "a", "127.1.1.1"),
    thing("container", "a", "127.2.2.2", { state: "exited" }),
    thing("container", "a", "127.3.3.3", { state: "running" }),
    thing("network", "b", "127.4.4.4"),
    { kind: "container", name: "alone", labels: { [composeLabels.project]: "shop" }, state: "running" } as const,
  ];
  expect(instancesOf(things)).toEqual([
    {
      ...{ name: "a", project: "shop-a", address: "127.3.3.3", directory: "/src/a", networks: 0 },
      ...{ states: ["exited", "running"], volumes: ["a-volume"] },
    },
    {
      ...{ name: "b", project: "shop-b", address: "127.4.4.4", directory: "/src/b", networks: 1 },
      ...{ states: [], volumes: [] },
    },
  ]);
});
