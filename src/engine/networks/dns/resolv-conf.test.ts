import { expect, it } from "vitest";
import { nameServersIn } from "./resolv-conf.js";

it("reads name servers in order and passes over everything else", () => {
  const text = "# nameserver 9.9.9.9\nsearch lan\nnameserver 192.0.2.1\n nameserver\tfd00::1 \nnameserver nonsense\n";
  expect(nameServersIn(text)).toEqual(["192.0.2.1", "fd00::1"]);
});
