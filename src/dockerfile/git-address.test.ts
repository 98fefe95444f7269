import { expect, it } from "vitest";
import { isGitAddress, parseGitAddress } from "./git-address.js";

it("tells repositories from files to download", () => {
  const addresses = ["https://h/r.git", "https://h/r.git#v1", "https://h/r.git?tag=v1", "git@h:r", "ssh://h/r"];
  expect(addresses.every(isGitAddress)).toBe(true);
  expect(["https://h/r", "https://h/r.git/file", "r.git", "https://h/f?x=.git"].some(isGitAddress)).toBe(false);
});

it("reads ref and directory of a fragment", () => {
  const plain = { url: "https://h/r.git", submodules: true };
  expect(parseGitAddress("https://h/r.git")).toEqual({ ...plain, directory: "" });
  expect(parseGitAddress("https://h/r.git#v1:a/b")).toEqual({ ...plain, ref: "v1", directory: "a/b" });
  expect(parseGitAddress("https://h/r.git#:a")).toEqual({ ...plain, directory: "a" });
  expect(parseGitAddress("github.com/o/r#v1").url).toBe("https://github.com/o/r");
});

it("reads each key of a query, and refuses others by name", () => {
  const query = "branch=b&subdir=d&commit=0123456789&keep-git-dir=true&submodules=false";
  expect(parseGitAddress(`https://h/r.git?${query}`)).toEqual({
    ...{ url: "https://h/r.git", ref: "refs/heads/b", directory: "d", checksum: "0123456789" },
    ...{ keepGitDir: true, submodules: false },
  });
  expect(parseGitAddress("https://h/r.git?tag=t").ref).toBe("refs/tags/t");
  expect(() => parseGitAddress("https://h/r.git?brunch=b")).toThrow("unexpected query brunch");
  expect(() => parseGitAddress("https://h/r.git?tag=t&ref=r")).toThrow("exclude one another");
  expect(() => parseGitAddress("https://h/r.git?tag=t#r")).toThrow("cannot both be given");
});

it("refuses what git would take for an option, and what is no commit", () => {
  expect(() => parseGitAddress("https://h/r.git#--upload-pack=x")).toThrow("dash");
  expect(() => parseGitAddress("https://h/r.git?checksum=main")).toThrow("main is no commit");
});
