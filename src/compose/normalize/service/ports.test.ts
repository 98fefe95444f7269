import { describe, expect, it } from "vitest";
import { problemsOf, serviceOf } from "../../compose.fixture.js";
import type { PortSpec } from "../../project.js";

const show = ({ host_ip, published, target, protocol }: PortSpec) =>
  `${host_ip ?? "*"} ${published ?? "?"} → ${target}/${protocol}`;

describe("a short port", () => {
  it.each<[string, string[]]>([
    ["3000", ["* ? → 3000/tcp"]],
    ['"8080:80"', ["* 8080 → 80/tcp"]],
    ['"53:53/udp"', ["* 53 → 53/udp"]],
    ['"127.0.0.1:8080:80"', ["127.0.0.1 8080 → 80/tcp"]],
    ['"127.0.0.1::80"', ["127.0.0.1 ? → 80/tcp"]],
    ['"[::1]:8080:80"', ["::1 8080 → 80/tcp"]],
    ['"[::1]::80"', ["::1 ? → 80/tcp"]],
    ['"::1:8080:80"', ["::1 8080 → 80/tcp"]],
    ['"3000-3002"', ["* ? → 3000/tcp", "* ? → 3001/tcp", "* ? → 3002/tcp"]],
    ['"9000-9001:8000-8001"', ["* 9000 → 8000/tcp", "* 9001 → 8001/tcp"]],
    ['"8000-8010:80"', ["* 8000-8010 → 80/tcp"]],
    ['"0:80"', ["* 0 → 80/tcp"]],
  ])("%s", (text, expected) => expect(serviceOf(`ports: [${text}]`).ports.map(show)).toEqual(expected));
});

it("a long port keeps what it says and takes defaults for the rest", () => {
  const { ports } = serviceOf("ports: [{ target: 80, published: 8080, host_ip: 10.0.0.1, protocol: udp, mode: host }]");
  expect(ports).toEqual([{ target: 80, published: "8080", host_ip: "10.0.0.1", protocol: "udp", mode: "host" }]);
  expect(serviceOf("ports: [{ target: '80' }]").ports).toEqual([{ target: 80, protocol: "tcp", mode: "ingress" }]);
});

describe("a port that cannot be is a diagnostic at its place", () => {
  it.each([
    ['"99999:80"', '"99999" is not a host port in "99999:80"'],
    ['"80:0"', '"0" is not a container port in "80:0"'],
    ['"a:80"', '"a" is not a host port in "a:80"'],
    ['"80:80/http"', '"http" is not a protocol'],
    ['"300.0.0.1:80:80"', '"300.0.0.1" is not an IP address in "300.0.0.1:80:80"'],
    ['"8000-8002:80-81"', 'The ranges in "8000-8002:80-81" have different lengths'],
    ['"80-70"', '"80-70" is not a container port in "80-70"'],
    ['""', '"" is not a container port in ""'],
    ["{ target: 0 }", '"0" is not a container port'],
    ["{ target: 80, published: 70000 }", '"70000" is not a host port'],
    ["{ target: 80, host_ip: here }", '"here" is not an IP address'],
  ])("%s", (text, message) => expect(problemsOf(`ports: [${text}]`)).toEqual([`4:13 bad-port ${message}`]));
});

it("expose lists container ports with their protocol, ranges expanded", () => {
  expect(serviceOf('expose: [3000, "90-91/udp", "3000"]').expose).toEqual(["90/udp", "91/udp", "3000/tcp"]);
  expect(problemsOf("expose: [http]")).toEqual(['4:14 bad-port "http" is not a container port']);
});

describe("one host port cannot be published twice", () => {
  const two = (a: string, b: string) => problemsOf(`ports: ["${a}"]`, `  db:\n    image: db\n    ports: ["${b}"]`);
  it.each([
    ["8080:80", "8080:90", '7:13 duplicate-port Host port 8080/tcp is published by "db" too'],
    ["127.0.0.1:8080:80", "8080:90", '7:13 duplicate-port Host port 8080/tcp is published by "db" too'],
  ])("%s and %s clash", (a, b, problem) => {
    // Services are looked at in name order, so the later one by name is told.
    expect(two(a, b)).toEqual([problem.replace("7:13", "4:13")]);
  });
  it.each([
    ["8080:80", "8081:80"],
    ["8080:80/udp", "8080:80"],
    ["127.0.0.1:8080:80", "127.0.0.2:8080:80"],
    ["8080-8090:80", "8080-8090:80"],
    ["80", "80"],
  ])("%s and %s do not", (a, b) => expect(two(a, b)).toEqual([]));
});
