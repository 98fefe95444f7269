import { expect, it } from "vitest";
import { splitFiles } from "./split-files.js";

const digest = `sha256:${"a".repeat(64)}`;

it.each([
  ["a.yaml:b/c.yaml", ["a.yaml", "b/c.yaml"]],
  [":a.yaml::-:", ["a.yaml", "-"]],
  ["https:b.yaml", ["https", "b.yaml"]],
  ["https://example.com/shop.git:b.yaml", ["https://example.com/shop.git", "b.yaml"]],
  ["a.yaml:https://example.com:8443/shop.git", ["a.yaml", "https://example.com:8443/shop.git"]],
  ["https://me:word@example.com:8443/x.git:/b.yaml", ["https://me:word@example.com:8443/x.git", "/b.yaml"]],
  ["https://example.com/x.git#main:sub:b.yaml", ["https://example.com/x.git#main:sub", "b.yaml"]],
  ["https://example.com/x.git#main:b.yaml", ["https://example.com/x.git#main", "b.yaml"]],
  ["github.com/me/x#main:sub:b.yaml", ["github.com/me/x#main:sub", "b.yaml"]],
  ["git@example.com:me/x.git:b.yaml", ["git@example.com:me/x.git", "b.yaml"]],
  ["ssh://git@example.com:22/me/x.git#v1:sub:git@h:y", ["ssh://git@example.com:22/me/x.git#v1:sub", "git@h:y"]],
  ["oci://localhost:5000/me/app:1.0:b.yaml", ["oci://localhost:5000/me/app:1.0", "b.yaml"]],
  ["oci://example.com/app:compose.yaml", ["oci://example.com/app", "compose.yaml"]],
  [`oci://example.com/app@${digest}:b.yaml`, [`oci://example.com/app@${digest}`, "b.yaml"]],
  [`oci://example.com/app:1@${digest}:b.yaml`, [`oci://example.com/app:1@${digest}`, "b.yaml"]],
  ["oci://example.com/app:oci://example.com/other", ["oci://example.com/app", "oci://example.com/other"]],
  [undefined, []],
])("splits %s", (text, files) => {
  expect(splitFiles(text)).toEqual(files);
});

it("takes any other separator as it is", () => {
  expect(splitFiles("a.yaml;https://h/x.git#v:sub;", ";")).toEqual(["a.yaml", "https://h/x.git#v:sub"]);
  expect(splitFiles("a.yaml:b.yaml", "")).toEqual(["a.yaml", "b.yaml"]);
});
