import { expect, it } from "vitest";
import type { EngineEvent } from "../../wire/system.js";
import type { Images, StoredImage } from "../images/images.js";
import { announcingImages } from "./image-events.js";

const id = `sha256:${"a".repeat(64)}`;
const image = { id, chainIds: [], config: { Labels: { a: "b" } }, os: "linux", architecture: "amd64" } as StoredImage;

/** A store in which every name stands for one image, with what it says as `ACTION ID name`. */
function aStore(parts: Partial<Images>) {
  const said: string[] = [];
  const publish = ({ Action, Actor }: Pick<EngineEvent, "Action" | "Actor">) => {
    expect(Actor.Attributes).toMatchObject({ a: "b" });
    said.push(`${Action} ${Actor.ID} ${Actor.Attributes.name}`.replaceAll(id, "ID"));
  };
  const store = announcingImages({ resolve: () => image, ...parts } as unknown as Images, { publish });
  return { store, said };
}

it("tells tags by the new name, and what came from a registry by its own", async () => {
  const { store, said } = aStore({ tag: async () => {}, pull: async () => image, push: async () => {} });
  await store.tag("web", "docker.io/library/shop:1");
  const transfer = { signal: new AbortController().signal, onProgress: () => {} };
  await store.pull("busybox", transfer);
  await store.push("localhost:5000/a/b:2", transfer);
  expect(said).toEqual([
    "tag ID shop:1",
    "pull busybox:latest busybox",
    "push localhost:5000/a/b:2 localhost:5000/a/b",
  ]);
});

it("tells of an image that was built, and of nothing else that builds do", async () => {
  const forBuilds = { putTogether: async () => id, hasArchive: () => true } as unknown as Images["forBuilds"];
  const { store, said } = aStore({ forBuilds });
  expect(store.forBuilds.hasArchive(id as never)).toBe(true); // any digest will do
  expect(await store.forBuilds.putTogether({} as never)).toBe(id); // its parts do not matter here
  expect(said).toEqual(["create ID ID"]);
});

it("tells of a removal its tags and the image, and nothing of a refused one", async () => {
  const items = [{ Untagged: "web:1" }, { Untagged: `web@${id}` }, { Deleted: id }, { Deleted: "sha256:layer" }];
  const { store, said } = aStore({ remove: async () => items });
  await store.remove("web:1", { force: false, usedBy: () => [] });
  expect(said).toEqual(["untag ID ID", "delete ID ID"]);
  const refusing = aStore({ remove: () => Promise.reject(new Error("in use")) });
  await expect(refusing.store.remove("web:1", { force: false, usedBy: () => [] })).rejects.toThrow("in use");
  expect(refusing.said).toEqual([]);
});

it("leaves a store with private members what it is", () => {
  class Store {
    #count = 1;
    resolve = () => image;
    list() {
      return Array(this.#count).fill({});
    }
  }
  const store = announcingImages(new Store() as unknown as Images, { publish: () => {} });
  expect(store.list({})).toHaveLength(1);
});
