import { expect, it } from "vitest";
import { buildCalls } from "./build-calls.js";
import type { EngineIdentity } from "./engines/engine-identity.js";
import type { Transport } from "./transport.js";

it("refuses what another engine's classic builder has no place for, by the names that people write", async () => {
  const transport = {} as Transport; // nothing is asked of it
  const { build } = buildCalls(transport, { kind: "docker" } as EngineIdentity); // no more of it is looked at
  const inputs = { secrets: { a: "" }, cacheTo: ["type=inline"], contexts: { x: "/y" }, allow: ["network.host"] };
  const nothing = { dockerfile: "", tags: [], args: {}, labels: {}, noCache: false, pull: false };
  const asked = build({ context: "inputs", inputs, ...nothing, ulimits: [], extraHosts: [] });
  await expect(asked[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    code: "not-supported",
    message:
      "This engine's classic builder has no secrets, cache_to, additional_contexts (--build-context), " +
      "entitlements (--allow)",
  });
});
