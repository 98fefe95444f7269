import { expect, it } from "vitest";
import { CacheMounts } from "./cache-mounts.js";

const { signal } = new AbortController();

it("gives shared steps one directory at once", async () => {
  const mounts = new CacheMounts();
  const [a, b] = [await mounts.use("apt", "shared", signal), await mounts.use("apt", "shared", signal)];
  expect(a.name).toBe(b.name);
  expect((await mounts.use("npm", "shared", signal)).name).not.toBe(a.name);
});

it("lets locked steps take turns", async () => {
  const mounts = new CacheMounts();
  const first = await mounts.use("apt", "locked", signal);
  const order: string[] = [];
  const second = mounts.use("apt", "locked", signal).then((use) => {
    order.push("second");
    return use;
  });
  await new Promise(setImmediate);
  order.push("first ends");
  first[Symbol.dispose]();
  expect((await second).name).toBe(first.name);
  expect(order).toEqual(["first ends", "second"]);
});

it("ends a wait that is cancelled, and the turn goes on to the next", async () => {
  const mounts = new CacheMounts();
  const first = await mounts.use("apt", "locked", signal);
  const cancel = new AbortController();
  const second = mounts.use("apt", "locked", cancel.signal);
  const third = mounts.use("apt", "locked", signal);
  cancel.abort();
  await expect(second).rejects.toThrow();
  first[Symbol.dispose]();
  expect((await third).name).toBe(first.name);
});

it("gives a private step a directory that nobody uses, and the first one again when it is free", async () => {
  const mounts = new CacheMounts();
  const first = await mounts.use("apt", "private", signal);
  const second = await mounts.use("apt", "private", signal);
  expect(second.name).not.toBe(first.name);
  first[Symbol.dispose]();
  expect((await mounts.use("apt", "private", signal)).name).toBe(first.name);
});

it("knows what is used, so that it is not removed meanwhile", async () => {
  const mounts = new CacheMounts();
  const [a, b] = [await mounts.use("apt", "shared", signal), await mounts.use("apt", "shared", signal)];
  a[Symbol.dispose]();
  expect(mounts.isUsed(b.name)).toBe(true);
  b[Symbol.dispose]();
  expect(mounts.isUsed(b.name)).toBe(false);
});
