import { expect, it } from "vitest";
import { CacheMounts } from "./cache-mounts.js";

it("gives shared steps one directory at once", async () => {
  const mounts = new CacheMounts();
  const [a, b] = [await mounts.use("apt", "shared"), await mounts.use("apt", "shared")];
  expect(a.name).toBe(b.name);
  expect((await mounts.use("npm", "shared")).name).not.toBe(a.name);
});

it("lets locked steps take turns", async () => {
  const mounts = new CacheMounts();
  const first = await mounts.use("apt", "locked");
  const order: string[] = [];
  const second = mounts.use("apt", "locked").then((use) => {
    order.push("second");
    return use;
  });
  await new Promise(setImmediate);
  order.push("first ends");
  first[Symbol.dispose]();
  expect((await second).name).toBe(first.name);
  expect(order).toEqual(["first ends", "second"]);
});

it("gives a private step a directory that nobody uses, and the first one again when it is free", async () => {
  const mounts = new CacheMounts();
  const first = await mounts.use("apt", "private");
  const second = await mounts.use("apt", "private");
  expect(second.name).not.toBe(first.name);
  first[Symbol.dispose]();
  expect((await mounts.use("apt", "private")).name).toBe(first.name);
});

it("knows what is used, so that it is not removed meanwhile", async () => {
  const mounts = new CacheMounts();
  const [a, b] = [await mounts.use("apt", "shared"), await mounts.use("apt", "shared")];
  a[Symbol.dispose]();
  expect(mounts.isUsed(b.name)).toBe(true);
  b[Symbol.dispose]();
  expect(mounts.isUsed(b.name)).toBe(false);
});
