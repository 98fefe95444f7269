/** Registries that try to have the user's credentials sent elsewhere, or to keep the client busy for ever. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, it } from "vitest";
import { systemClock } from "../base/clock.js";
import type { Digest } from "../oci/digest.js";
import { parseReference } from "../oci/reference.js";
import { digestOfContent, type FakeRegistry, startFakeRegistry } from "./fake-registry.fixture.js";
import { createRegistryClient } from "./registry-client.js";
import { noRegistryConfig } from "./registry-config.js";

let registry: FakeRegistry;
let other: FakeRegistry;
const servers: Server[] = [];
const call = { signal: new AbortController().signal, credentials: { username: "me", password: "secret" } };
const client = createRegistryClient({ config: noRegistryConfig, clock: systemClock });
const named = () => parseReference(`${registry.host}/app:1`);
const basic = { "www-authenticate": 'Basic realm="x"' };

beforeEach(async () => {
  [registry, other] = [await startFakeRegistry(), await startFakeRegistry()];
});
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await registry[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

/** Demands a password as a registry does, then answers as `then` says. */
function guarded(then: FakeRegistry["onEach"]): FakeRegistry["onEach"] {
  return (request, response, incoming) => {
    if (request.headers.authorization) return then(request, response, incoming);
    incoming.resume();
    response.writeHead(401, basic).end();
    return true;
  };
}

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on TCP
}

const seenBy = ({ requests }: FakeRegistry) => requests.map(({ headers }) => headers.authorization);

function push(content = "content"): Promise<unknown> {
  const digest = digestOfContent(content) as Digest;
  const blob = { digest, sizeBytes: content.length, open: () => Readable.from([Buffer.from(content)]) };
  return client.pusher.pushBlob(named(), blob, { ...call, from: [], onBytes: () => {} });
}

it("shows no credentials to another host that an upload is sent to", async () => {
  registry.onEach = guarded(({ method }, response) => {
    if (method !== "POST") return false;
    other.uploads.set("7", []);
    response.writeHead(202, { location: `http://${other.host}/v2/app/blobs/uploads/7` }).end();
    return true;
  });
  expect(await push()).toEqual({ kind: "pushed" });
  expect(seenBy(registry)).toContain(`Basic ${Buffer.from("me:secret").toString("base64")}`);
  expect(seenBy(other)).toEqual([undefined]);
});

it("does not answer another host that demands credentials, after a redirect or for an upload", async () => {
  other.onEach = (_request, response) => {
    response.writeHead(401, { "www-authenticate": `Bearer realm="http://${other.host}/token"` }).end();
    return true;
  };
  registry.onEach = guarded(({ method }, response) => {
    const status = method === "POST" ? 202 : 307;
    response.writeHead(status, { location: `http://${other.host}/elsewhere` }).end();
    return true;
  });
  await expect(client.fetchManifest(named(), call)).rejects.toMatchObject({ code: "registry-denied" });
  registry.onEach = guarded(({ method }, response, incoming) => {
    if (method !== "POST") return false;
    incoming.resume();
    response.writeHead(202, { location: `http://${other.host}/upload` }).end();
    return true;
  });
  await expect(push()).rejects.toMatchObject({ code: "registry-denied" });
  expect(new Set(seenBy(other))).toEqual(new Set([undefined]));
  expect(other.seen("/token")).toEqual([]);
});

it.each([
  ["to a file", "file:///etc/passwd"],
  ["to nowhere", "http://"],
  ["to itself", ""],
])("refuses a redirect %s", async (_what, location) => {
  registry.onEach = ({ path }, response) => {
    if (!path.includes("manifests")) return false;
    response.writeHead(302, { location: location || path }).end();
    return true;
  };
  await expect(client.fetchManifest(named(), call)).rejects.toMatchObject({ code: "registry-failed" });
});

it.each([
  ["a file", "file:///etc/shadow"],
  ["nothing", "realm"],
])("takes a server of tokens that is %s for none", async (_what, realm) => {
  registry.onEach = ({ path }, response) => {
    if (path === "/v2/") return false;
    response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}"` }).end();
    return true;
  };
  await expect(client.fetchManifest(named(), call)).rejects.toMatchObject({ code: "registry-denied" });
});

it("refuses a token that would be more than one header", async () => {
  const host = await listen((_request, response) => response.end(JSON.stringify({ token: "a\r\nx-evil: 1" })));
  registry.onEach = ({ path }, response) => {
    if (path === "/v2/") return false;
    response.writeHead(401, { "www-authenticate": `Bearer realm="http://${host}/token"` }).end();
    return true;
  };
  await expect(client.fetchManifest(named(), call)).rejects.toMatchObject({
    ...{ code: "registry-failed", message: expect.stringContaining("gave no token") },
  });
});

it("does not read an answer without end that it has no use for", async () => {
  let isClosed = false;
  registry.onEach = ({ path }, response) => {
    if (path.includes("manifests")) {
      response.on("close", () => {
        isClosed = true;
      });
      response.writeHead(307, { location: "/v2/" });
      const write = () =>
        void (response.write(Buffer.alloc(65_536)) ? setImmediate(write) : response.once("drain", write));
      write();
      return true;
    }
    return false;
  };
  await client.fetchManifest(named(), call);
  await expect.poll(() => isClosed).toBe(true);
});

it("gives up on manifests and lists of tags that have no end", async () => {
  registry.onEach = ({ path }, response) => {
    if (path.includes("tags/list")) {
      const next = Number(new URL(path, "http://x").searchParams.get("n") ?? 0) + 1;
      response.writeHead(200, { link: `<http://${other.host}/v2/app/tags/list?n=${next}>; rel="next"` });
      response.end(JSON.stringify({ tags: [`t${next}`] }));
    } else if (path.includes("manifests")) response.end(Buffer.alloc(5 * 1024 * 1024, " "));
    else return false;
    return true;
  };
  await expect(client.fetchManifest(named(), call)).rejects.toMatchObject({ code: "registry-failed" });
  await expect(client.listTags(named(), call)).rejects.toMatchObject({ code: "registry-failed" });
  expect(other.requests).toEqual([]);
});
