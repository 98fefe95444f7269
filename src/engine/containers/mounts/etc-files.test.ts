import { describe, expect, it } from "vitest";
import { hostsText, resolvText, searchDomains } from "./etc-files.js";

describe("files of /etc", () => {
  it("name the container by its addresses, and the extra hosts", () => {
    const text = hostsText({
      hostname: "web",
      domainname: "example.org",
      addresses: ["10.0.0.2"],
      extraHosts: ["db:10.0.0.9", "host.docker.internal:host-gateway", "six=[fd00::1]"],
      gateway: "10.0.0.1",
      links: ["10.0.0.7\tdatabase db-1"],
    });
    expect(text.split("\n").slice(6)).toEqual([
      "10.0.0.9\tdb",
      "10.0.0.1\thost.docker.internal",
      "fd00::1\tsix",
      "10.0.0.7\tdatabase db-1",
      "10.0.0.2\tweb.example.org web",
      "",
    ]);
  });

  it("ask the engine's own server with ndots:0, others as they are", () => {
    expect(resolvText({ nameServers: ["127.0.0.11"], search: ["lan"], options: [] })).toBe(
      "nameserver 127.0.0.11\nsearch lan\noptions ndots:0\n",
    );
    expect(resolvText({ nameServers: ["1.1.1.1"], search: ["."], options: [] })).toBe("nameserver 1.1.1.1\n");
  });

  it("take the host's last search line", () => {
    expect(searchDomains("domain a\nsearch b c\nnameserver 1.1.1.1\n")).toEqual(["b", "c"]);
    expect(searchDomains("")).toEqual([]);
  });
});
