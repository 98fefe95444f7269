import { expect, it } from "vitest";
import { readyUrls, summaryLines } from "./summary.js";

const ports = [
  { service: "db", target: 5432, url: "postgresql://127.1.2.3:5432" },
  { service: "web", target: 80, url: "http://127.1.2.3:8080" },
  { service: "web", target: 443, url: "https://127.1.2.3:8443" },
];

it("names what the project names, or every published port", () => {
  expect(readyUrls(undefined, ports)).toHaveLength(3);
  const wanted = [
    { service: "web", name: "Shop", path: "admin" },
    { service: "web", port: 443 },
    { service: "gone" },
    { url: "https://example.com" },
  ];
  expect(readyUrls(wanted, ports)).toEqual([
    { name: "Shop", url: "http://127.1.2.3:8080/admin" },
    { name: "web", url: "https://127.1.2.3:8443" },
    { name: "", url: "https://example.com" },
  ]);
});

it("says what is ready in lines that stand below each other, and no empty heading", () => {
  const urls = readyUrls([{ service: "web", name: "Shop" }, { service: "db" }], ports);
  const logins = [{ user: "admin", name: "Admin", password: "x" }, { user: "guest" }];
  expect(summaryLines("shop", { urls, logins, next_steps: ["Look around"] }, (text) => `*${text}*`)).toEqual([
    ...["*shop is ready*", "", "*Open*", "  Shop  http://127.1.2.3:8080", "  db    postgresql://127.1.2.3:5432"],
    ...["", "*Log in*", "  Admin  admin / x", "         guest", "", "*Next*", "  Look around"],
  ]);
  expect(summaryLines("shop", { urls: [] }, (text) => text)).toEqual(["shop is ready"]);
});
