import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { systemClock } from "../base/clock.js";
import { createRegistryClient } from "./registry-client.js";
import { noRegistryConfig } from "./registry-config.js";
import { nextPage, parseTagPage } from "./tag-list.js";

const call = { signal: new AbortController().signal };

/** A registry whose repository `app` has the given pages, each naming the next one. */
async function serving(pages: readonly string[], next = (at: number) => `</v2/app/tags/list?last=${at}>; rel="next"`) {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://registry");
    const at = Number(url.searchParams.get("last") ?? -1) + 1;
    const page = url.pathname === "/v2/app/tags/list" ? pages[at] : undefined;
    if (page === undefined) return void response.writeHead(404).end();
    if (at + 1 < pages.length) response.setHeader("Link", next(at));
    response.end(page);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const domain = `127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on TCP
  const client = createRegistryClient({ config: noRegistryConfig, clock: systemClock });
  return {
    list: (path: string) => client.listTags({ domain, path }, call),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

it("follows the pages to the last one", async () => {
  await using registry = await serving(['{"tags":["1","2"]}', '{"tags":["2","3"]}', '{"tags":null}']);
  expect(await registry.list("app")).toEqual(["1", "2", "3"]);
});

it("gives up where pages go round in a circle", async () => {
  await using registry = await serving(['{"tags":["1"]}', '{"tags":["2"]}'], () => '<?x=1>; rel="next"');
  await expect(registry.list("app")).rejects.toMatchObject({ code: "registry-failed" });
});

it("says in Docker's words that there is no such repository", async () => {
  await using registry = await serving([]);
  await expect(registry.list("app")).rejects.toMatchObject({
    code: "image-not-found",
    message: expect.stringMatching(/^repository 127\.0\.0\.1:\d+\/app not found: name unknown/),
  });
});

it("leaves out what can be no tag", () => {
  expect(parseTagPage('{"name":"app","tags":["1.0","-x","a/b",7,"v"]}')).toEqual(["1.0", "v"]);
});

it.each(["", "[]", '{"tags":"x"}'])("refuses %j as a list", (text) => {
  expect(() => parseTagPage(text)).toThrow("cannot be read");
});

it.each([
  ['</v2/app/tags/list?last=b&n=2>; rel="next"', "last=b&n=2"],
  ["<https://elsewhere.example/steal?n=1#x>; rel=next", "n=1"],
  ['</v2/app/tags/list?n=2>; rel="prev"', undefined],
  ["<?n=1 2>; rel=next", undefined],
  [undefined, undefined],
])("takes the next page of %j", (link, query) => {
  expect(nextPage(link)).toBe(query);
});
