import { expect, it } from "vitest";
import { printable } from "./printable.js";

it("takes out what terminals act upon and leaves every letter", () => {
  expect(printable("a\u001b[31mb\u0007\u009bc\r\u007f")).toBe("a[31mbc");
  expect(printable("tab\tline\nÜ–漢😀")).toBe("tab\tline\nÜ–漢😀");
});
