/** The client against a registry whose faults are scripted: what is asked again, what is told, and to whom. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../base/clock.js";
import type { Digest } from "../oci/digest.js";
import { parseReference } from "../oci/reference.js";
import { type FakeRegistry, refuse, startFakeRegistry } from "./fake-registry.fixture.js";
import { createRegistryClient } from "./registry-client.js";
import { noRegistryConfig, type RegistryConfig } from "./registry-config.js";

let registry: FakeRegistry;
let work: string;
const signal = new AbortController().signal;
beforeEach(async () => {
  registry = await startFakeRegistry();
});
afterEach(() => registry[Symbol.asyncDispose]());
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), "gantry-client-"));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

const client = (config: Partial<RegistryConfig> = {}) =>
  createRegistryClient({ config: { ...noRegistryConfig, ...config }, clock: systemClock });
const named = (name = "app:1") => parseReference(`${registry.host}/${name}`);
const manifest = { schemaVersion: 2, layers: [] };

async function fetched(content: Buffer, from = client()): Promise<Buffer> {
  const digest = registry.addBlob(content) as Digest;
  const path = join(work, digest.slice(7));
  const blob = { mediaType: "", digest, sizeBytes: content.length };
  await from.fetchBlob(named(), blob, { signal, path, onBytes: () => {} });
  return readFileSync(path);
}

describe("faults", () => {
  it("are waited for as long as the registry says, then it is asked again", async () => {
    registry.addManifest("app", "1", manifest);
    let left = 2;
    registry.onEach = ({ path }, response) => {
      if (!path.includes("manifests") || left === 0) return false;
      left -= 1;
      response.writeHead(left === 1 ? 503 : 429, { "retry-after": left === 1 ? "0" : new Date().toUTCString() }).end();
      return true;
    };
    expect(JSON.parse((await client().fetchManifest(named(), { signal })).text)).toEqual(manifest);
    expect(registry.seen("manifests")).toHaveLength(3);
  });

  it.each<[number, string, string, object]>([
    [401, "UNAUTHORIZED", "authentication required", { code: "image-not-found", hint: /log in/ }],
    [
      403,
      "DENIED",
      "not for you",
      { code: "image-not-found", message: /denied for HOST\/app, .*: denied: not for you$/ },
    ],
    [404, "MANIFEST_UNKNOWN", "x", { code: "image-not-found", message: /^manifest for HOST\/app:1 not found/ }],
    [429, "TOOMANYREQUESTS", "pull rate limit", { code: "registry-failed", message: /429 .*: toomanyrequests: pull/ }],
    [
      500,
      "UNKNOWN",
      "boom",
      { code: "registry-failed", message: /^HOST answered 500 for manifests\/1: unknown: boom$/ },
    ],
  ])("of status %i are told with what the registry says", async (status, code, text, told) => {
    registry.onEach = ({ path }, response) => {
      if (!path.includes("manifests")) return false;
      response.setHeader("retry-after", "3600"); // nobody waits for that long
      return refuse(response, status, code, text);
    };
    const error: unknown = await client()
      .fetchManifest(named(), { signal })
      .catch((thrown: unknown) => thrown);
    const seen = Object.fromEntries(
      Object.entries(error as object).map(([name, value]) => [name, String(value).replaceAll(registry.host, "HOST")]),
    );
    const message = (error as Error).message.replaceAll(registry.host, "HOST");
    for (const [name, value] of Object.entries(told)) {
      if (value instanceof RegExp) expect({ ...seen, message }[name]).toMatch(value);
      else expect(seen[name]).toBe(value);
    }
  });

  it("of credentials are told as such", async () => {
    registry.onEach = ({ path }, response) => path.includes("manifests") && refuse(response, 403, "DENIED", "no");
    await expect(
      client().fetchManifest(named(), { signal, credentials: { username: "me", password: "secret" } }),
    ).rejects.toMatchObject({ code: "registry-denied", message: expect.not.stringContaining("secret") });
  });

  it("in the middle of a blob cost only what was under way", async () => {
    const content = randomBytes(900_000);
    registry.onEach = ({ path, headers }, response) => {
      if (!path.includes("blobs") || headers.range) return false;
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 500_000), () => setTimeout(() => response.destroy(), 20));
      return true;
    };
    expect((await fetched(content)).equals(content)).toBe(true);
    const ranges = registry.requests.flatMap(({ headers }) => headers.range ?? []);
    expect(ranges).toHaveLength(1);
    expect(Number(/\d+/.exec(ranges[0] ?? "")?.[0])).toBeGreaterThan(0);
  });
});

describe("mirrors", () => {
  it("that fail, lack an image or send another one than was asked for are passed over", async () => {
    await using mirror = await startFakeRegistry();
    const digest = registry.addManifest("app", "1", manifest) as Digest;
    const config = { mirrors: { [registry.host]: [`http://${mirror.host}`] } };
    expect((await client(config).fetchManifest(named(), { signal })).digest).toBe(digest); // 404 there
    mirror.manifests.set(`app:${digest}`, { type: "", text: '{"schemaVersion":2}' });
    expect((await client(config).fetchManifest(named(), { signal, digest })).digest).toBe(digest);
    mirror.onEach = (_request, response) => refuse(response, 404, "X", "x");
    await expect(client(config).fetchManifest(named("app:2"), { signal })).rejects.toMatchObject({
      code: "image-not-found",
      hint: expect.stringContaining(`The mirrors said: http://${mirror.host}`),
    });
    const toMirror = mirror.requests.filter(({ headers }) => headers.authorization !== undefined);
    expect(toMirror).toEqual([]);
  });

  it("are asked after the registry itself for a blob that came damaged from one", async () => {
    await using mirror = await startFakeRegistry();
    const content = randomBytes(1000);
    const digest = registry.addBlob(content) as Digest;
    mirror.blobs.set(digest, randomBytes(1000));
    const from = client({ mirrors: { [registry.host]: [`http://${mirror.host}`] } });
    const path = join(work, "distrusted");
    const blob = { mediaType: "", digest, sizeBytes: 1000 };
    await from.fetchBlob(named(), blob, { signal, path, onBytes: () => {} });
    expect(readFileSync(path).equals(content)).toBe(false);
    rmSync(path);
    await from.fetchBlob(named(), blob, { signal, path, onBytes: () => {}, isDistrusted: true });
    expect(readFileSync(path).equals(content)).toBe(true);
  });
});

describe("tokens", () => {
  const challenge = () => `Bearer realm="http://${registry.host}/token",service="s",scope="repository:app:pull"`;
  /** Hands out tokens by number; `isGood` says which are taken. */
  function guarded(isGood: (token: string) => boolean): { issued: string[] } {
    const issued: string[] = [];
    registry.addManifest("app", "1", manifest);
    registry.onEach = ({ path, headers }, response) => {
      if (path.startsWith("/token")) {
        issued.push(path);
        response.end(JSON.stringify({ token: `t${issued.length}`, expires_in: 300 }));
        return true;
      }
      const token = headers.authorization?.replace("Bearer ", "") ?? "";
      if (path === "/v2/" || isGood(token)) return false;
      response.setHeader("www-authenticate", challenge());
      return refuse(response, 401, "UNAUTHORIZED", "authentication required");
    };
    return { issued };
  }

  it("are fetched once, and anew when one is no longer taken, also in the middle of a pull", async () => {
    let good = "t1";
    const { issued } = guarded((token) => token === good);
    const from = client();
    await from.fetchManifest(named(), { signal });
    await from.fetchManifest(named(), { signal });
    expect(issued).toEqual(["/token?service=s&scope=repository%3Aapp%3Apull"]);
    good = "t2";
    await fetched(randomBytes(10), from);
    expect(issued).toHaveLength(2);
  });

  it("are not given to others than they were made out to", async () => {
    const { issued } = guarded((token) => token !== "");
    const from = client();
    const credentials = { username: "me", password: "1" };
    await from.fetchManifest(named(), { signal, credentials });
    await from.fetchManifest(named(), { signal });
    await from.fetchManifest(named(), { signal, credentials: { username: "me", password: "2" } });
    await from.fetchManifest(named(), { signal, credentials: { identitytoken: "x" } });
    expect(issued).toHaveLength(4);
    await from.fetchManifest(named(), { signal, credentials: { registrytoken: "mine" } });
    expect(issued).toHaveLength(4);
    expect(registry.requests.at(-1)?.headers.authorization).toBe("Bearer mine");
  });

  it("are asked for again when their server is overloaded, and by an identity token where there is one", async () => {
    guarded((token) => token !== "");
    const before = registry.onEach;
    let failures = 1;
    registry.onEach = (request, response, incoming) => {
      if (request.path.startsWith("/token") && failures > 0) {
        failures -= 1;
        response.writeHead(503, { "retry-after": "0" }).end();
        return true;
      }
      return before(request, response, incoming);
    };
    await client().fetchManifest(named(), { signal, credentials: { identitytoken: "mine" } });
    expect(registry.seen("POST /token")).toHaveLength(2);
  });

  it("that stand for a password are given at login", async () => {
    registry.onEach = ({ path, headers }, response) => {
      if (path.startsWith("/token")) {
        response.end(
          JSON.stringify({ token: "t", ...(path.includes("offline") ? { refresh_token: "identity" } : {}) }),
        );
        return true;
      }
      if (headers.authorization === "Bearer t") return false;
      response.setHeader("www-authenticate", challenge());
      return refuse(response, 401, "UNAUTHORIZED", "x");
    };
    const credentials = { username: "me", password: "1" };
    expect(await client().pusher.login(registry.host, { signal, credentials })).toEqual({ identityToken: "identity" });
  });
});

describe("offline", () => {
  it("nobody is asked anything", async () => {
    const from = client({ isOffline: true, mirrors: { [registry.host]: [`http://${registry.host}`] } });
    const offline = expect.objectContaining({ code: "offline", message: expect.stringContaining("is not asked") });
    await expect(from.fetchManifest(named(), { signal })).rejects.toEqual(offline);
    await expect(from.listTags(named("app"), { signal })).rejects.toEqual(offline);
    await expect(from.pusher.login(registry.host, { signal, credentials: {} })).rejects.toEqual(offline);
    await expect(from.pusher.pushManifest(named(), { mediaType: "", text: "" }, { signal })).rejects.toEqual(offline);
    expect(registry.requests).toEqual([]);
  });
});

describe("TLS", () => {
  let keys: { ca: string; key: string; cert: string };
  beforeAll(() => {
    const subject = ["-subj", "/CN=r.test", "-addext", "subjectAltName=DNS:r.test", "-days", "2", "-nodes"];
    const files = ["-keyout", `${work}/key.pem`, "-out", `${work}/cert.pem`];
    execFileSync(
      "openssl",
      ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", ...subject, ...files],
      {
        stdio: "ignore",
      },
    );
    const cert = readFileSync(`${work}/cert.pem`, "utf8");
    keys = { ca: cert, cert, key: readFileSync(`${work}/key.pem`, "utf8") };
  });

  it("of a registry on this host is spoken where plain HTTP is not, whatever its certificate", async () => {
    await using secure = await startFakeRegistry({ tls: keys });
    secure.addManifest("app", "1", manifest);
    const from = client();
    await from.fetchManifest(parseReference(`${secure.host}/app:1`), { signal });
    const text = JSON.stringify(manifest);
    await from.pusher.pushManifest(parseReference(`${secure.host}/app:2`), { mediaType: "x", text }, { signal });
    expect(secure.manifests.has("app:2")).toBe(true);
  });

  it("is believed by the certificates of its folder, through a proxy, as soon as they are there", async () => {
    await using secure = await startFakeRegistry({ tls: { ...keys, requestCert: true, rejectUnauthorized: false } });
    secure.addManifest("app", "1", manifest);
    await using proxy = await startProxy(secure.port);
    const directory = join(work, "certs.d");
    const config = {
      proxies: { https: `http://me:secret@127.0.0.1:${proxy.port}` },
      certificates: { directories: [directory] },
    };
    const image = parseReference("r.test:5000/app:1");
    await expect(client(config).fetchManifest(image, { signal })).rejects.toMatchObject({
      code: "registry-unreachable",
      message: expect.stringContaining("Cannot trust the registry r.test:5000: tls: failed to verify certificate"),
      hint: expect.stringContaining("/etc/docker/certs.d/r.test:5000/ca.crt"),
    });
    const folder = join(directory, "r.test:5000");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "ca.crt"), keys.ca);
    writeFileSync(join(folder, "client.cert"), keys.cert);
    const missing = { code: "bad-parameter", message: expect.stringContaining("missing key client.key") };
    await expect(client(config).fetchManifest(image, { signal })).rejects.toMatchObject(missing);
    writeFileSync(join(folder, "client.key"), keys.key);
    await client(config).fetchManifest(image, { signal });
    expect(proxy.asked).toContain(`r.test:5000 Basic ${Buffer.from("me:secret").toString("base64")}`);
    const none = { ...config, proxies: { https: `http://127.0.0.1:${proxy.port}/`, none: "" } };
    proxy.refuses = true;
    await expect(client(none).fetchManifest(image, { signal })).rejects.toMatchObject({
      message: `The proxy 127.0.0.1:${proxy.port} refuses to connect to r.test:5000 (407)`,
    });
  });
});

/** A proxy that leads every tunnel to one port of this host. */
async function startProxy(target: number) {
  const sockets = new Set<Socket>();
  const proxy = { asked: [] as string[], refuses: false };
  const server: Server = createServer();
  server.on("connect", (request, socket: Socket) => {
    proxy.asked.push(`${request.url} ${request.headers["proxy-authorization"]}`);
    sockets.add(socket.on("error", () => {}));
    if (proxy.refuses) return socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    const upstream = connect(target, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.pipe(socket).pipe(upstream);
    });
    sockets.add(upstream.on("error", () => {}));
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(proxy, {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
}

describe("a push", () => {
  const content = randomBytes(12_000_000);
  const push = (bytes: Buffer, from: readonly string[] = []) => {
    const digest = `sha256:${execFileSync("sha256sum", { input: bytes }).toString().slice(0, 64)}` as Digest;
    const open = (range: { from: number; to: number }) => Readable.from([bytes.subarray(range.from, range.to)]);
    const blob = { digest, sizeBytes: bytes.length, open };
    return client().pusher.pushBlob(named(), blob, { signal, from, onBytes: () => {} });
  };

  it("sends what is not there in one request, and nothing that is", async () => {
    const bytes = content.subarray(0, 1000);
    expect(await push(bytes)).toEqual({ kind: "pushed" });
    expect(registry.seen("PUT")).toHaveLength(1);
    expect(await push(bytes)).toEqual({ kind: "exists" });
    expect(registry.seen("PUT")).toHaveLength(1);
  });

  it("goes on behind what the registry has when the connection breaks, in chunks", async () => {
    let broken = false;
    registry.onEach = ({ method, path }, _response, incoming) => {
      if (method !== "PUT" || broken) return false;
      const id = /uploads\/(\d+)/.exec(path)?.[1] ?? "";
      let received = 0;
      incoming.on("data", (chunk: Buffer) => {
        registry.uploads.get(id)?.push(chunk);
        received += chunk.length;
        if (received > 1_000_000 && !broken) {
          broken = true;
          incoming.socket.destroy();
        }
      });
      return true;
    };
    expect(await push(content)).toEqual({ kind: "pushed" });
    const ranges = registry.requests.flatMap(({ headers }) => headers["content-range"] ?? []);
    expect(ranges.length).toBeGreaterThan(1);
    expect(Number(ranges[0]?.split("-")[0])).toBeGreaterThan(1_000_000);
  });

  it("is begun anew when the registry has forgotten it, and in chunks where one request is too large", async () => {
    registry.onEach = ({ method, path }, response, incoming) => {
      if (method !== "PUT" || incoming.headers["content-length"] === "0") return false;
      registry.uploads.delete(/uploads\/(\d+)/.exec(path)?.[1] ?? "");
      incoming.resume();
      response.writeHead(413).end();
      return true;
    };
    expect(await push(content.subarray(0, 9_000_000))).toEqual({ kind: "pushed" });
    expect(registry.seen("POST")).toHaveLength(2);
    expect(registry.seen("PATCH")).toHaveLength(2);
  });

  it("is tried again when the registry fails for a moment, and told when it does not take it", async () => {
    let failures = 2;
    registry.onEach = ({ method }, response, incoming) => {
      if (method !== "POST" || failures === 0) return false;
      failures -= 1;
      incoming.resume();
      response.writeHead(500, { "retry-after": "0" }).end();
      return true;
    };
    expect(await push(content.subarray(0, 10))).toEqual({ kind: "pushed" });
    registry.onEach = ({ method }, response) => method === "POST" && refuse(response, 403, "DENIED", "read only");
    await expect(push(content.subarray(0, 11))).rejects.toMatchObject({
      code: "registry-denied",
      message: expect.stringMatching(/^denied: requested access to the resource .* is denied: denied: read only$/),
    });
  });

  it("takes a blob from another repository, or sends it where that is not possible", async () => {
    const bytes = content.subarray(0, 500);
    expect(await push(bytes, ["gone", "other"])).toEqual({ kind: "pushed" });
    expect(registry.seen("DELETE")).toHaveLength(1); // the upload that stood for the first of them
    registry.onEach = ({ method, path }, response) =>
      method === "HEAD" && path.includes("blobs") && refuse(response, 404, "BLOB_UNKNOWN", "x");
    expect(await push(bytes, ["other"])).toEqual({ kind: "mounted", from: "other" });
  });
});
