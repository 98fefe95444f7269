import { expect, it } from "vitest";
import { parsePlace } from "./copy.js";

it("takes NAME:PATH for a container's, and all that begins like a path for the host's", () => {
  expect(parsePlace("web:/etc/hosts")).toEqual({ container: "web", path: "/etc/hosts" });
  expect(parsePlace("web:")).toEqual({ container: "web", path: "/" });
  for (const path of ["./a:b", "/a:b", "-", "plain", ":x"]) expect(parsePlace(path)).toBeUndefined();
});
