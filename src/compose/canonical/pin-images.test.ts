import { expect, it } from "vitest";
import type { Digest } from "../../oci/digest.js";
import { imagesOnly, imagesToPin, pinImages, servicesWithHookImages } from "./pin-images.js";

const digest: Digest = `sha256:${"a".repeat(64)}`;
const pinned = `quay.io/me/app@sha256:${"b".repeat(64)}`;
const model = {
  name: "shop",
  services: {
    web: { image: "nginx", command: null, volumes: [{ type: "image", source: "data:1", target: "/data" }] },
    api: { image: pinned, pre_start: [{ image: "nginx:latest", command: ["true"] }] },
    built: { build: { context: "/src" } },
  },
};

it("asks once for each image that has no digest, by its whole name", () => {
  expect(imagesToPin(model)).toEqual(["docker.io/library/data:1", "docker.io/library/nginx:latest"]);
});

it("pins services, hooks and image mounts, and leaves pinned and built ones alone", () => {
  const digests = new Map([
    ["docker.io/library/nginx:latest", digest],
    ["docker.io/library/data:1", digest],
  ]);
  expect(pinImages(model, digests)).toMatchObject({
    services: {
      web: {
        image: `docker.io/library/nginx:latest@${digest}`,
        volumes: [{ source: `docker.io/library/data:1@${digest}` }],
      },
      api: { image: pinned, pre_start: [{ image: `docker.io/library/nginx:latest@${digest}` }] },
      built: { build: { context: "/src" } },
    },
  });
});

it("locks nothing but images, and names the services whose hooks cannot be locked", () => {
  expect(imagesOnly(model)).toEqual({
    services: { web: { image: "nginx", volumes: [model.services.web.volumes[0]] }, api: { image: pinned }, built: {} },
  });
  expect(servicesWithHookImages(model)).toEqual(["api"]);
});
