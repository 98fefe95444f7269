/** A take-over is one step for everybody who looks, and a crash in the middle leaves exactly one that publishes. */
import { afterEach, beforeEach, expect, it } from "vitest";
import type { ContainerStore } from "../container-store.js";
import { World } from "../containers.fixture.js";

let world: World;
let engine: ContainerStore;
beforeEach(async () => {
  world = new World();
  engine = world.engine();
  await engine.restore();
});
afterEach(() => world[Symbol.dispose]());

async function aPair(): Promise<{ old: string; fresh: string }> {
  const { Id: old } = await engine.create("web", { Image: "busybox" });
  await engine.start(old);
  const name = `${old.slice(0, 12)}_web`;
  const { Id: fresh } = await engine.create(name, { Image: "busybox", HostConfig: { GantryStandby: true } });
  await engine.start(fresh);
  return { old, fresh };
}

const look = (store: ContainerStore, id: string) => {
  const { Name, State } = store.inspect(id);
  return {
    name: Name,
    standby: State.GantryStandby === true,
    isPublishing: world.sandboxes.get(id)?.standby === false,
  };
};

it("stands by until it takes over, and again in its next run", async () => {
  const { fresh } = await aPair();
  expect(world.sandboxes.get(fresh)?.standby).toBe(true);
  await engine.restart(fresh, { timeoutS: 0 });
  expect(world.sandboxes.get(fresh)?.standby).toBe(true);
  expect(engine.inspect(fresh).HostConfig).not.toHaveProperty("GantryStandby");
});

it("swaps names and standby, does so once, and can be undone", async () => {
  const { old, fresh } = await aPair();
  expect(await engine.takeOver(fresh, "web")).toBe(true);
  expect(look(engine, fresh)).toEqual({ name: "/web", standby: false, isPublishing: true });
  expect(look(engine, old)).toEqual({ name: `/${old.slice(0, 12)}_web`, standby: true, isPublishing: false });
  expect(engine.inspect("web").Id).toBe(fresh);
  expect(await engine.takeOver(fresh, old)).toBe(false);
  expect(await engine.takeOver(old, fresh)).toBe(true);
  expect(look(engine, old)).toEqual({ name: "/web", standby: false, isPublishing: true });
});

it("refuses one that does not run, and one that does not stand by", async () => {
  const { old, fresh } = await aPair();
  await expect(engine.takeOver(old, fresh)).rejects.toThrow("does not stand by");
  await engine.stop(fresh, { timeoutS: 0 });
  await expect(engine.takeOver(fresh, old)).rejects.toMatchObject({ code: "container-not-running" });
  expect(look(engine, old)).toEqual({ name: "/web", standby: false, isPublishing: true });
});

it("ends standby alone where there is nobody to replace", async () => {
  const { old, fresh } = await aPair();
  await engine.remove(old, { force: true, volumes: false });
  expect(await engine.takeOver(fresh, undefined)).toBe(true);
  expect(await engine.takeOver(fresh, undefined)).toBe(false);
  expect(look(engine, fresh)).toMatchObject({ standby: false, isPublishing: true });
});

it("has not happened when a crash came before the first record was written", async () => {
  const { old, fresh } = await aPair();
  const before = new Map(world.records);
  await engine.takeOver(fresh, old);
  for (const [id, text] of before) world.records.set(id, text);
  const next = world.engine();
  await next.restore();
  expect([look(next, old), look(next, fresh)]).toMatchObject([{ name: "/web", standby: false }, { standby: true }]);
});

it("has happened when a crash came between the two records", async () => {
  const { old, fresh } = await aPair();
  const before = world.records.get(old) ?? "";
  await engine.takeOver(fresh, old);
  world.records.set(old, before);
  const next = world.engine();
  await next.restore();
  expect(look(next, fresh)).toMatchObject({ name: "/web", standby: false });
  expect(look(next, old)).toMatchObject({ name: `/${old.slice(0, 12)}_web`, standby: true });
  expect(JSON.parse(world.records.get(old) ?? "{}")).toMatchObject({ state: { standby: true } });
});

it("leaves exactly one that publishes when a crash comes on the way back", async () => {
  const { old, fresh } = await aPair();
  await engine.takeOver(fresh, old);
  const before = world.records.get(fresh) ?? "";
  await engine.takeOver(old, fresh);
  world.records.set(
    fresh,
    JSON.stringify({ ...JSON.parse(before), state: { ...JSON.parse(before).state, tookOverFrom: undefined } }),
  );
  const next = world.engine();
  await next.restore();
  expect([look(next, old).standby, look(next, fresh).standby]).toEqual([false, true]);
});
