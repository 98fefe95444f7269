import { expect, it } from "vitest";
import { parseBuildCache, withAbsolutePath } from "./build-cache.js";

const plain = { max: false, ignoreError: false };

it("reads an image's name, registries, directories and the image itself", () => {
  expect(parseBuildCache("r.example/a:cache", "from")).toEqual({
    kind: "registry",
    reference: "r.example/a:cache",
    ...plain,
  });
  expect(parseBuildCache("type=registry,ref=a,mode=max,ignore-error=true", "to")).toEqual({
    ...{ kind: "registry", reference: "a", max: true, ignoreError: true },
  });
  expect(parseBuildCache("type=local,src=/d,tag=t", "from")).toEqual({
    kind: "local",
    path: "/d",
    reference: "t",
    ...plain,
  });
  expect(parseBuildCache("type=local,dest=/d", "to")).toEqual({ kind: "local", path: "/d", ...plain });
  expect(parseBuildCache("type=inline", "to")).toEqual({ kind: "inline", ...plain });
});

it("refuses by name what it cannot talk to, and says what is missing", () => {
  expect(() => parseBuildCache("type=gha,scope=x", "to")).toThrow("cache_to: the type gha is not supported");
  expect(() => parseBuildCache("type=x", "from")).toThrow("unknown type x");
  expect(() => parseBuildCache("type=local,dest=/d", "from")).toThrow("needs src=");
});

it("makes directories absolute and leaves the rest alone", () => {
  expect(withAbsolutePath("type=local,src=a,tag=src", (path) => `/p/${path}`)).toBe("type=local,src=/p/a,tag=src");
  expect(withAbsolutePath("user/app:cache", (path) => `/p/${path}`)).toBe("user/app:cache");
});
