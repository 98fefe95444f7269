import { expect, it } from "vitest";
import { urlsOf } from "./service-urls.js";

const facts = { host: "localhost", protocols: new Map([[7000, "https"]]) };
const text = (IP: string, PrivatePort: number, PublicPort?: number, Type = "tcp") =>
  urlsOf("a", [{ IP, PrivatePort, Type, ...(PublicPort === undefined ? {} : { PublicPort }) }], facts).map(
    ({ url }) => url,
  );

it.each([
  ["a well-known port has its scheme", text("0.0.0.0", 80, 8080), ["http://localhost:8080"]],
  ["a copy's address stands as it is", text("127.5.6.7", 5432, 5432), ["postgresql://127.5.6.7:5432"]],
  ["a scheme's own port is left out", text("127.5.6.7", 443, 443), ["https://127.5.6.7"]],
  ["the file may name the protocol", text("0.0.0.0", 7000, 7001), ["https://localhost:7001"]],
  ["else it is an address", text("0.0.0.0", 9999, 9998), ["localhost:9998"]],
  ["with the protocol when it is not TCP", text("0.0.0.0", 53, 53, "udp"), ["localhost:53/udp"]],
  ["IPv6 stands in brackets", text("fd00::1", 80, 80), ["http://[fd00::1]"]],
  ["a port that is not published has none", text("", 80), []],
])("%s", (_, urls, expected) => expect(urls).toEqual(expected));

it("a port published on IPv4 and IPv6 is one", () => {
  const ports = ["::", "0.0.0.0"].map((IP) => ({ IP, PrivatePort: 80, PublicPort: 8080, Type: "tcp" }));
  expect(urlsOf("web", ports, facts)).toEqual([{ service: "web", target: 80, url: "http://localhost:8080" }]);
});
