import { expect, it } from "vitest";
import { canonicalReference, familiarReference, parseReference, withDefaultTag } from "./reference.js";

const digest = `sha256:${"a".repeat(64)}`;

it.each([
  ["nginx", "docker.io/library/nginx:latest", "nginx:latest"],
  ["nginx:1.27", "docker.io/library/nginx:1.27", "nginx:1.27"],
  ["library/nginx", "docker.io/library/nginx:latest", "nginx:latest"],
  ["docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"],
  ["index.docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"],
  ["me/app", "docker.io/me/app:latest", "me/app:latest"],
  ["localhost/app", "localhost/app:latest", "localhost/app:latest"],
  ["localhost:5000/app:1", "localhost:5000/app:1", "localhost:5000/app:1"],
  ["quay.io/a/b/c__d-e.f", "quay.io/a/b/c__d-e.f:latest", "quay.io/a/b/c__d-e.f:latest"],
  ["Host/app", "Host/app:latest", "Host/app:latest"],
  ["[::1]:5000/app", "[::1]:5000/app:latest", "[::1]:5000/app:latest"],
  [`nginx@${digest}`, `docker.io/library/nginx@${digest}`, `nginx@${digest}`],
  [`nginx:1@${digest}`, `docker.io/library/nginx:1@${digest}`, `nginx:1@${digest}`],
])("%s means %s and is shown as %s", (text, canonical, familiar) => {
  const reference = withDefaultTag(parseReference(text));
  expect(canonicalReference(reference)).toBe(canonical);
  expect(familiarReference(reference)).toBe(familiar);
});

it.each(["", "a b", "Nginx", "nginx:", "nginx:a/b", "nginx@sha256:12", "../etc", "a//b", "-a", "a".repeat(256), "a:!"])(
  "refuses %j as the name of an image",
  (text) => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: "bad-parameter" }));
  },
);

it("says so when a name is not in lower case, or is an id", () => {
  expect(() => parseReference("me/App")).toThrow("repository name (me/App) must be lowercase");
  expect(() => parseReference("a".repeat(64))).toThrow("cannot specify 64-byte hexadecimal strings");
});
