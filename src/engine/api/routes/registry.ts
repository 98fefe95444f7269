/** Routes that speak with a registry on the client's behalf, pulls aside: push, login, what a name stands for. */
import { GantryError } from "../../../base/errors.js";
import { parseReference } from "../../../oci/reference.js";
import type { AuthBody } from "../../../wire/system.js";
import { authShape } from "../body-shapes.js";
import { registryConfig } from "../build-query.js";
import { json, type Reply } from "../http/reply.js";
import { type ApiRequest, jsonBody, param, text } from "../http/request.js";
import type { Route } from "../http/router.js";
import { progressReply } from "../progress.js";
import type { ApiRooms } from "../rooms.js";
import { registryAuth } from "./images.js";

/** See Docker Engine API, "ImagePush", "SystemAuth", "DistributionInspect". */
export function registryRoutes(rooms: ApiRooms): Route[] {
  const { images } = rooms;
  return [
    { method: "POST", pattern: "/images/{name}/push", handle: (request) => push(rooms, request) },
    {
      method: "POST",
      pattern: "/auth",
      handle: async (request) => {
        const body = await jsonBody<AuthBody>(request, authShape);
        const { identityToken = "" } = await images.login(hostOf(body.serveraddress), body, request.signal);
        return json({ Status: "Login Succeeded", IdentityToken: identityToken });
      },
    },
    {
      method: "GET",
      pattern: "/distribution/{name}/json",
      handle: async (request) => {
        const auth = registryAuth(request.headers["x-registry-auth"]);
        const { signal } = request;
        return json(await images.describeRemote(param(request, "name"), { signal, ...(auth ? { auth } : {}) }));
      },
    },
  ];
}

/** Without a tag every tag of the repository goes. */
function push({ images }: ApiRooms, request: ApiRequest): Promise<Reply> {
  request.body.resume(); // some clients send `{}`
  const name = param(request, "name");
  const tag = text(request, "tag");
  const { domain, path } = parseReference(name);
  const names = tag === undefined ? images.tagsOf(name) : [`${name}:${tag}`];
  const auth = registryAuth(request.headers["x-registry-auth"]);
  const authFor = registryConfig(request.headers["x-registry-config"]);
  const { signal } = request;
  return progressReply(async (onProgress) => {
    onProgress({ status: `The push refers to repository [${domain}/${path}]` });
    if (names.length === 0) {
      throw new GantryError("image-not-found", `An image does not exist locally with the tag: ${name}`);
    }
    for (const one of names) await images.push(one, { signal, onProgress, authFor, ...(auth ? { auth } : {}) });
    return [];
  });
}

/** `https://index.docker.io/v1/` is Docker Hub; else a host with or without scheme and path. Throws "bad-parameter". */
function hostOf(address: string | undefined): string {
  const host = (address ?? "").replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  if (host !== "" && !URL.canParse(`https://${host}/`)) {
    throw new GantryError("bad-parameter", `invalid registry address: ${address}`);
  }
  return host === "" || host === "index.docker.io" || host === "registry-1.docker.io" ? "docker.io" : host;
}
