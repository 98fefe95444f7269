import { expect, it } from "vitest";
import { resolveUser } from "./users.js";

const files = {
  passwd: "root:x:0:0:root:/root:/bin/sh\nweb:x:33:33:web:/var/www:/bin/sh\nbroken:x:no\n77:x:5:6:n:/n:/x\n",
  group: "root:x:0:\nwww:x:33:\nlogs:x:40:web,other\nssl:x:41:web\n",
};

it.each([
  ["", [], { uid: 0, gid: 0, additionalGids: [0], home: "/root" }],
  ["web", [], { uid: 33, gid: 33, additionalGids: [33, 40, 41], home: "/var/www" }],
  ["33", ["ssl", "99"], { uid: 33, gid: 33, additionalGids: [33, 40, 41, 99], home: "/var/www" }],
  ["web:logs", [], { uid: 33, gid: 40, additionalGids: [40], home: "/var/www" }],
  ["1234", [], { uid: 1234, gid: 0, additionalGids: [0], home: undefined }],
  ["1234:55", [], { uid: 1234, gid: 55, additionalGids: [55], home: undefined }],
  ["77", [], { uid: 5, gid: 6, additionalGids: [6], home: "/n" }],
])("finds user %j with groups %j", (user, groups, expected) => {
  expect(resolveUser(user, groups, files)).toEqual(expected);
});

it("refuses names that the container does not have", () => {
  expect(() => resolveUser("nobody", [], files)).toThrow(
    "unable to find user nobody: no matching entries in passwd file",
  );
  expect(() => resolveUser("web:x", [], files)).toThrow("unable to find group x: no matching entries in group file");
  expect(() => resolveUser("-1", [], files)).toThrow("unable to find user -1");
});

it("works without tables", () => {
  expect(resolveUser("0", [], { passwd: "", group: "" })).toMatchObject({ uid: 0, gid: 0 });
});
