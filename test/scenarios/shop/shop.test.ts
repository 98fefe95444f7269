/** The shop must come up from a registry, count through all its tiers, and keep its orders as long as its volume. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Registry, startRegistryWith } from "../../images/registry.js";
import { eventually } from "../harness/eventually.js";
import { aGantry, type Gantry, type Project, sampleDir } from "../harness/gantry.js";
import { aFreePort, page } from "../harness/host.js";

let registry: Registry;
let gantry: Gantry;
let shop: Project;
let orders: string;

beforeAll(async () => {
  registry = await startRegistryWith("nginx", "python", "redis");
  gantry = await aGantry({ GANTRY_REGISTRY_MIRRORS: `docker.io=${registry.url}` });
  const port = await aFreePort();
  shop = gantry.project(sampleDir("shop"), { PORT: String(port) });
  orders = `http://127.0.0.1:${port}/api/orders`;
});
afterAll(async () => {
  await gantry?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
});

const countOrder = async () => JSON.parse(await page(orders, { method: "POST" })) as { orders: number };
const countOrders = async () => (JSON.parse(await page(orders)) as { orders: number }).orders;

describe("the shop", () => {
  it("comes up, every tier healthy, from images that are pulled from a registry", async () => {
    await shop.ok("up", "-d", "--wait");
    for (const service of ["proxy", "api", "redis"]) {
      const { State } = await gantry.inspect(await shop.container(service));
      expect([service, State.Status, State.Health?.Status]).toEqual([service, "running", "healthy"]);
    }
  });

  it("takes a request through the published port to Redis and back", async () => {
    expect((await countOrder()).orders).toBe(1);
    expect((await countOrder()).orders).toBe(2);
    expect(await countOrders()).toBe(2);
  });

  it("is left alone by a second up", async () => {
    const before = await shop.ok("ps", "-q");
    await shop.ok("up", "-d", "--wait");
    expect(await shop.ok("ps", "-q")).toBe(before);
    expect(await countOrders()).toBe(2);
  });

  it("hands the secret to Redis without showing it in inspect or in a process's arguments or environment", async () => {
    const password = "a-password-for-a-sample";
    expect(await shop.exec("redis", "cat", "/run/secrets/redis_password")).toBe(password);
    for (const service of ["api", "redis"]) {
      const container = await shop.container(service);
      expect(await gantry.ok(["container", "inspect", container])).not.toContain(password);
      const pid = (await gantry.inspect(container)).State.Pid;
      for (const file of ["cmdline", "environ"]) {
        expect(await readFile(`/proc/${pid}/${file}`, "utf8")).not.toContain(password);
      }
    }
  });

  it("keeps its proxy away from the network of Redis", async () => {
    const asked = await shop.run("exec", "-T", "proxy", "getent", "ahostsv4", "redis");
    expect([asked.code, asked.stdout]).toEqual([2, ""]);
  });

  it("is found again by the proxy after the API was recreated", async () => {
    await shop.ok("up", "-d", "--wait", "--force-recreate", "--no-deps", "api");
    expect(await eventually(countOrders)).toBe(2);
  });

  it("keeps its orders over down and up, and forgets them with down -v", async () => {
    await shop.ok("down");
    await shop.ok("up", "-d", "--wait");
    expect(await countOrders()).toBe(2);
    await shop.ok("down", "-v");
    await shop.ok("up", "-d", "--wait");
    expect(await countOrders()).toBe(0);
    await shop.ok("down", "-v");
    expect(await gantry.ok(["container", "ls", "-aq"])).toBe("");
    expect(await gantry.ok(["volume", "ls", "-q"])).toBe("");
  });
});
