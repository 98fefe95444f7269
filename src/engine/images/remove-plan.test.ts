import { expect, it } from "vitest";
import { digestOf } from "../../oci/digest.js";
import { familiarReference, parseReference } from "../../oci/reference.js";
import { planRemove } from "./remove-plan.js";

const imageId = digestOf("image");
const pinned = `nginx@${digestOf("manifest")}`;

function remove(
  names: string[],
  options: { by?: string; force?: boolean; users?: string[]; running?: string[] },
): { untag: string[]; deleteImage: boolean } {
  const { by, force = false, users = [], running = [] } = options;
  const plan = planRemove({
    imageId,
    reference: by ? parseReference(by) : undefined,
    names: names.map(parseReference),
    force,
    users: { all: [...running, ...users], running },
  });
  return { ...plan, untag: plan.untag.map(familiarReference) };
}

it("removes the image with its last name, and the digest that came with the tag", () => {
  expect(remove(["nginx:1", pinned], { by: "nginx:1" })).toEqual({ untag: ["nginx:1", pinned], deleteImage: true });
});

it("only takes the name away while there is another one, even when a container uses the image", () => {
  expect(remove(["nginx:1", "nginx:2"], { by: "nginx:1", users: ["web"] })).toEqual({
    untag: ["nginx:1"],
    deleteImage: false,
  });
});

it("refuses the last name of an image that a container uses, and with force leaves a running one's image", () => {
  expect(() => remove(["nginx:1"], { by: "nginx:1", users: ["web"] })).toThrow(
    'conflict: unable to remove repository reference "nginx:1" (must force) - container web is using',
  );
  expect(remove(["nginx:1"], { by: "nginx:1", force: true, running: ["web"] }).deleteImage).toBe(false);
  expect(remove(["nginx:1"], { by: "nginx:1", force: true, users: ["web"] }).deleteImage).toBe(true);
});

it("removes by id whatever names there are, with force when there are several", () => {
  expect(remove(["nginx:1", pinned], {})).toEqual({ untag: ["nginx:1", pinned], deleteImage: true });
  expect(() => remove(["nginx:1", "me/nginx:1"], {})).toThrow("(must be forced) - image is referenced in multiple");
  expect(remove(["nginx:1", "me/nginx:1"], { force: true }).deleteImage).toBe(true);
});

it("never removes the image of a running container by id, and that of a stopped one with force only", () => {
  expect(() => remove(["nginx:1"], { force: true, running: ["web"] })).toThrow("(cannot be forced)");
  expect(() => remove(["nginx:1"], { users: ["web"] })).toThrow("(must be forced) - image is being used by stopped");
  expect(remove(["nginx:1"], { force: true, users: ["web"] }).deleteImage).toBe(true);
});
