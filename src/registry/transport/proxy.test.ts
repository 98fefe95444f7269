import { expect, it } from "vitest";
import { proxyAuthorization, proxyFor, proxySettingsOf } from "./proxy.js";

const settings = (none: string) => ({ http: "http://plain:3128", https: "tls-proxy:8080", none });
const seen = (url: string, none = "") => proxyFor(new URL(url), settings(none))?.host;

it("chooses by the address's scheme, and never goes through a proxy to this host", () => {
  expect(seen("http://r.example/")).toBe("plain:3128");
  expect(seen("https://r.example/")).toBe("tls-proxy:8080");
  for (const own of ["http://localhost:5000", "https://127.0.0.9", "http://[::1]:5000", "http://a.localhost"]) {
    expect(seen(own)).toBeUndefined();
  }
});

it.each([
  ["r.example", "https://r.example/", true],
  ["r.example", "https://a.r.example/", true],
  ["r.example", "https://other.example/", false],
  ["r.example", "https://bad-r.example/", false],
  [".r.example", "https://a.r.example/", true],
  [".r.example", "https://r.example/", false],
  ["*.r.example", "https://a.r.example/", true],
  ["R.EXAMPLE", "https://r.example/", true],
  ["r.example:5000", "https://r.example:5000/", true],
  ["r.example:5000", "https://r.example/", false],
  ["r.example:443", "https://r.example/", true],
  ["10.1.2.3", "https://10.1.2.3/", true],
  ["10.0.0.0/8", "https://10.1.2.3:5000/", true],
  ["10.0.0.0/8", "https://11.1.2.3/", false],
  ["10.0.0.0/99", "https://10.1.2.3/", false],
  ["fd00::/8", "https://[fd00::1]/", true],
  ["a, b,r.example", "https://r.example/", true],
  ["*", "https://anything.example/", true],
])("with NO_PROXY=%s speaks to %s directly: %s", (none, url, isDirect) => {
  expect(seen(url, none) === undefined).toBe(isDirect);
});

it("reads the variables in capitals or not, and ALL_PROXY for what is not set", () => {
  expect(proxySettingsOf({ https_proxy: "a", HTTP_PROXY: "", ALL_PROXY: "b", no_proxy: "c" })).toEqual({
    ...{ http: "b", https: "a", none: "c" },
  });
});

it("refuses other kinds of proxies without showing a password, and shows it to the proxy alone", () => {
  const socks = { https: "socks5://me:secret@p:1" };
  expect(() => proxyFor(new URL("https://r.example"), socks)).toThrow(
    expect.objectContaining({ code: "bad-parameter", message: expect.not.stringContaining("secret") }),
  );
  expect(proxyAuthorization(new URL("http://me:p%40ss@p:1"))).toEqual({
    "proxy-authorization": `Basic ${Buffer.from("me:p@ss").toString("base64")}`,
  });
});
