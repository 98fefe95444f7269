import { expect, it } from "vitest";
import { isBefore } from "./engines/engine-identity.js";
import { splitTag } from "./http-images.js";
import { replyError, streamError } from "./reply-errors.js";
import { jsonLines, segment } from "./transport.js";

it.each([
  ["busybox", "busybox", "latest"],
  ["host:5000/a/b", "host:5000/a/b", "latest"],
  ["host:5000/a:1.0", "host:5000/a", "1.0"],
  ["a:1.0@sha256:abc", "a", "sha256:abc"],
])("splits %s into repository and tag", (name, fromImage, tag) => {
  expect(splitTag(name)).toEqual({ fromImage, tag });
});

it("keeps the slashes and colons of names in paths, and escapes the rest", () => {
  expect(segment("host:5000/a?b#c")).toBe("host:5000/a%3Fb%23c");
});

it("takes our engine's code and hint, and derives a code from another engine's status and route", () => {
  const ours = replyError(409, '{"message":"m","code":"volume-in-use","hint":"h"}', "/volumes/a");
  expect(ours).toMatchObject({ code: "volume-in-use", message: "m", hint: "h" });
  const code = (status: number, message: string, path: string) =>
    replyError(status, JSON.stringify({ message }), path).code;
  expect(code(404, "No such container: x", "/containers/x/json")).toBe("container-not-found");
  expect(code(404, "No such image: x", "/containers/create")).toBe("image-not-found");
  expect(code(404, "page not found", "/gantry/status")).toBe("not-supported");
  expect(code(409, 'The container name "/x" is already in use by container "y"', "/containers/create")) //
    .toBe("container-name-in-use");
  expect(code(500, "Bind for 0.0.0.0:80 failed: port is already allocated", "/containers/x/start")).toBe("port-in-use");
  expect(replyError(500, "plain text", "/info")).toMatchObject({ code: "internal", message: "plain text" });
});

it("reads the failure in a stream's last line", () => {
  expect(streamError({ error: "e", errorDetail: { message: "m" } }, "registry-failed")).toMatchObject({
    code: "registry-failed",
    message: "m",
  });
});

it("gives each JSON value of a stream, however it was cut", async () => {
  async function* chunks() {
    for (const text of ['{"a":', '1}\r\n{"a":"ü', '"}\n']) yield Buffer.from(text);
  }
  const values = [];
  for await (const value of jsonLines(chunks())) values.push(value);
  expect(values).toEqual([{ a: 1 }, { a: "ü" }]);
});

it("compares versions by number", () => {
  expect(isBefore("0.9.0", "0.10.0")).toBe(true);
  expect(isBefore("1.0.0", "1.0.0")).toBe(false);
  expect(isBefore("1.2.0", "1.1.9")).toBe(false);
});
