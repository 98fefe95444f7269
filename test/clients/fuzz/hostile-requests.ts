/** Requests that nobody should send, made from the route table and the shapes of the bodies. Pure. */
import type { Shape } from "../../../src/engine/api/http/shape.js";
import type { Random } from "./random.js";

export interface HostileRequest {
  /** The bytes on the connection, all of them. */
  readonly bytes: Buffer;
  /** The client ends its side after them. */
  readonly halfClose: boolean;
  /** For the message of a failure. */
  readonly about: string;
}

export interface Target {
  readonly method: string;
  readonly pattern: string;
  /** Of the JSON body, where the route takes one. */
  readonly shape: Shape | undefined;
}

const names = [
  ...([
    "box",
    "nothing",
    "..",
    "../../etc/passwd",
    "%2e%2e%2f%2e%2e%2fetc",
    "%00",
    "a%00b",
    "%zz",
    "%",
    "%c3%28",
  ] as const),
  ...(["/proc/self/root", "%F0%9F%90%B3", "sha256:zz", "sha256:..%2f..%2fx", "a:b:c@d", "{id}", "__proto__"] as const),
  ...(["constructor", "-", "--help", "%0d%0aX-Evil:%201", "busybox", "bridge", "data", " ", "%20", "~"] as const),
] as const;
const queries = [
  ..."all limit size filters since until tail follow timestamps stdout stderr stream logs stdin signal t path h w".split(
    " ",
  ),
  ..."name force v condition ps_args fromImage fromSrc tag repo container changes names type one-shot q remote".split(
    " ",
  ),
  ..."dockerfile buildargs labels target platform detachKeys noOverwriteDirNonDir copyUIDGID wait project".split(" "),
];
const values = [
  ...([
    "1",
    "true",
    "-1",
    "NaN",
    "1e309",
    "99999999999999999999",
    "%00",
    "%zz",
    "..%2f..%2fetc%2fpasswd",
    "/proc/self",
  ] as const),
  ...([
    '{"label":{"a":true}}',
    '{"label":1}',
    "[]",
    "{",
    '{"__proto__":["x"]}',
    '{"name":["["]}',
    "KILL",
    "SIGKILL;ls",
  ] as const),
  ...(["2020-01-01", "1970-01-01T00:00:00.000000000Z", "%F0%9F%92%A5", "bad name", "a".repeat(3000)] as const),
] as const;
const wrongValues: readonly [unknown, ...unknown[]] = [
  ...([null, true, 0, -1, 1.5, 1e308, 2 ** 60, "", "x", "\u0000", "../..", "/proc/self/exe", "$(id)"] as const),
  ...[[], [null], [[]], {}, { "": "" }, { a: { b: { c: [] } } }, "a".repeat(100_000), Array(2000).fill("x")],
  JSON.parse('{"__proto__": {"polluted": true}}'),
];

/** One request, aimed at the route. */
export function hostileRequest(target: Target, random: Random): HostileRequest {
  const path = pathOf(target, random);
  const kind = random.below(12);
  const about = `${target.method} ${path.slice(0, 200)}`;
  const plain = (body: Buffer, type = "application/json") => ({
    bytes: request(target.method, path, body, [`Content-Type: ${type}`]),
    halfClose: random.below(8) === 0,
    about: `${about} ${body.toString("latin1", 0, 300)}`,
  });
  if (kind < 6 && target.shape) return plain(Buffer.from(JSON.stringify(mutated(target.shape, random))));
  if (kind < 9)
    return plain(brokenBody(random), random.pick(["application/json", "text/plain", "application/x-tar", ""]));
  return { ...brokenTransport({ method: target.method, path }, random), about: `${about} (broken transport)` };
}

function pathOf({ pattern }: Target, random: Random): string {
  const path = pattern.replace(/\{\w+\}/g, () => random.pick(names).replaceAll(" ", "%20"));
  const asked = Array.from({ length: random.below(4) }, () => {
    const value = random
      .pick(values)
      .replaceAll(" ", "%20")
      .replace(/["{}[\]]/g, (c) => encodeURIComponent(c));
    return `${queries[random.below(queries.length)]}=${value}`;
  });
  const version = random.pick(["", "", "/v1.51", "/v1.24", "/v9.99", "/v1.41/", "/v0"]);
  return `${version}${path}${asked.length > 0 ? "?" : ""}${asked.join("&")}`;
}

/** A body of the shape in which some fields have values of other types. */
function mutated(shape: Shape, random: Random): unknown {
  if (random.below(5) === 0) return random.pick(wrongValues);
  if (shape === "text")
    return random.pick(["busybox", "box", "bridge", "", "a:b", "/x", "container:box", "1000g", "\n"]);
  if (shape === "integer") return random.pick([0, 1, -1, 2 ** 31, 2 ** 53 - 1, -(2 ** 53), 65536]);
  if (shape === "flag") return random.below(2) === 0;
  if (Array.isArray(shape)) return Array.from({ length: random.below(4) }, () => mutated(shape[0], random));
  const fields = Object.entries(shape as Record<string, Shape>);
  const chosen = fields.filter(() => random.below(Math.max(2, Math.floor(fields.length / 3))) === 0);
  return Object.fromEntries(
    chosen.map(([name, member]) => [
      name === "*" ? random.pick(["a", "80/tcp", "/x", "__proto__"]) : name,
      mutated(member, random),
    ]),
  );
}

function brokenBody(random: Random): Buffer {
  return random.pick([
    Buffer.from("{"),
    Buffer.from('{"Image":"busybox"} trailing'),
    Buffer.from("null"),
    Buffer.from("[1,2"),
    Buffer.from('"text"'),
    Buffer.from([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]),
    Buffer.from('{"Image":"\ud800"}'),
    Buffer.from(`${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`),
    Buffer.from(`${"[".repeat(20_000)}`),
    Buffer.alloc(3 * 1024 * 1024, "a"),
    Buffer.from("\x1f\x8b\x08broken gzip"),
    Buffer.alloc(2048),
  ]);
}

function brokenTransport(
  { method, path }: { method: string; path: string },
  random: Random,
): { bytes: Buffer; halfClose: boolean } {
  const head = (...headers: string[]) => `${method} ${path} HTTP/1.1\r\nHost: d\r\n${headers.join("\r\n")}\r\n\r\n`;
  const text = random.pick([
    `${head("Transfer-Encoding: chunked", "Content-Type: application/json")}5\r\n{"a"`,
    `${head("Transfer-Encoding: chunked", "Content-Type: application/json")}zz\r\n{}\r\n0\r\n\r\n`,
    `${head("Transfer-Encoding: chunked", "Content-Length: 2")}2\r\n{}\r\n0\r\n\r\n`,
    `${head("Content-Length: 2", "Content-Length: 3")}{}`,
    head("Content-Length: -1"),
    `${head("Content-Length: 100", "Content-Type: application/json")}{`,
    `${head("Connection: Upgrade", "Upgrade: tcp", "Content-Length: 50")}{`,
    `${head("Connection: Upgrade", "Upgrade: tcp", "Transfer-Encoding: chunked")}ffffffff\r\n`,
    head("Connection: Upgrade", "Upgrade: h2c"),
    head(`X-Registry-Auth: ${"x".repeat(5000)}`, "Content-Length: 0"),
    head(`X-Registry-Config: {`, "Content-Length: 0"),
    head("Expect: 100-continue", "Content-Length: 5"),
    head(`X-Big: ${"x".repeat(2 * 1024 * 1024)}`),
    `${method} ${path}\r\n\r\n`,
    `${method} \u0000 HTTP/1.1\r\n\r\n`,
    "\u0000\u0001\u0002\r\n\r\n",
  ]);
  return { bytes: Buffer.from(text, "latin1"), halfClose: true };
}

function request(method: string, path: string, body: Buffer, headers: readonly string[]): Buffer {
  const head = [
    `${method} ${path} HTTP/1.1`,
    "Host: d",
    "Connection: close",
    ...headers.filter((line) => !line.endsWith(": ")),
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\nContent-Length: ${body.length}\r\n\r\n`, "latin1"), body]);
}
