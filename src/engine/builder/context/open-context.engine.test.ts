import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { noRegistryConfig } from "../../../registry/registry-config.js";
import { openRemote, readDockerfile } from "./open-context.js";
import { reachOf } from "./reach.js";

const reach = reachOf(noRegistryConfig);
let work: string;
let server: Server;
let url: string;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "gantry-context-"));
  server = createServer((_, response) => response.end("FROM scratch\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // a TCP server's address has a port
  url = `http://127.0.0.1:${port}/anything`;
});
afterAll(() => {
  server?.close();
  server?.closeAllConnections();
  rmSync(work, { recursive: true, force: true });
});

it.each(["Dockerfile", "deep/down/Dockerfile", "../../escaped", "/rooted"])(
  "keeps a remote Dockerfile that is to be called %s in the context, and finds it there",
  async (dockerfile) => {
    const scratch = join(work, "a/b/scratch");
    const signal = AbortSignal.timeout(20_000);
    await using context = await openRemote(url, dockerfile, { scratch, signal, reach });
    expect(readDockerfile(context, dockerfile)).toBe("FROM scratch\n");
    expect([readdirSync(work), readdirSync(join(work, "a")), readdirSync(scratch)]).toEqual([
      ["a"],
      ["b"],
      [context.root.slice(scratch.length + 1)],
    ]);
  },
);
