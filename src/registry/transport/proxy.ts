/**
 * Which proxy stands between this host and an address, by the variables that every tool reads. Does not touch the
 * world.
 *
 * @see Go's httpproxy package, whose rules docker, containerd and skopeo have: `NO_PROXY` names hosts with what is
 * below them, addresses, ranges and `*`; this host itself is never asked for through a proxy.
 */
import { BlockList, isIP } from "node:net";
import { GantryError } from "../../base/errors.js";

/** Addresses as written; "" and undefined mean none. `none` lists who is spoken to directly. */
export interface ProxySettings {
  readonly http?: string | undefined;
  readonly https?: string | undefined;
  readonly none?: string | undefined;
}

/** `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, in capitals or not; `ALL_PROXY` where one of the first two is not set. */
export function proxySettingsOf(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  const one = (name: string) => env[name] || env[name.toLowerCase()] || undefined;
  const all = one("ALL_PROXY");
  return { http: one("HTTP_PROXY") ?? all, https: one("HTTPS_PROXY") ?? all, none: one("NO_PROXY") };
}

/** The proxy to ask for `url`, or undefined. Throws "bad-parameter" for an address that is no proxy's. */
export function proxyFor(url: URL, settings: ProxySettings): URL | undefined {
  const text = url.protocol === "https:" ? settings.https : settings.http;
  if (!text || isDirect(url, settings.none ?? "")) return undefined;
  const withScheme = text.includes("://") ? text : `http://${text}`;
  if (!URL.canParse(withScheme)) throw new GantryError("bad-parameter", `The proxy's address ${masked(text)} is none`);
  const proxy = new URL(withScheme);
  if (proxy.protocol === "http:" || proxy.protocol === "https:") return proxy;
  throw new GantryError("bad-parameter", `The proxy ${masked(text)} is of a kind that is not supported`, {
    hint: "Use a proxy of http:// or https://",
  });
}

/** The header that a proxy wants of who has a name in its address. */
export function proxyAuthorization({ username, password }: URL): Record<string, string> {
  if (username === "") return {};
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(text).toString("base64")}` };
}

function isDirect(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  if (host === "localhost" || host.endsWith(".localhost") || loopback.check(host, familyOf(host))) return true;
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => entry === "*" || matches(entry.toLowerCase(), host, port));
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8);
loopback.addAddress("::1", "ipv6");

function matches(entry: string, host: string, port: string): boolean {
  const [address = "", bits] = entry.split("/", 2);
  if (bits !== undefined) return isInRange(host, address, Number(bits));
  const [, bare = entry, wantedPort] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? [];
  if (wantedPort !== undefined && wantedPort !== port) return false;
  const name = bare.replace(/^\[|\]$/g, "");
  if (isIP(name) || isIP(host)) return name === host;
  // `.x.org` and `*.x.org` speak of what is below alone.
  if (/^\*?\./.test(name)) return host.endsWith(name.replace(/^\*/, ""));
  return host === name || host.endsWith(`.${name}`);
}

/** True for an address of the range; a name is in none. */
export function isInRange(host: string, network: string, bits: number): boolean {
  const family = isIP(network);
  if (family === 0 || !Number.isInteger(bits) || bits < 0 || bits > (family === 6 ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(network, bits, familyOf(network));
  return isIP(host) === family && list.check(host, familyOf(host));
}

function familyOf(host: string): "ipv4" | "ipv6" {
  return isIP(host) === 6 ? "ipv6" : "ipv4";
}

/** For messages: a proxy's password is nobody's business. */
function masked(text: string): string {
  return text.replace(/\/\/[^/@]*@/, "//…@").replace(/^[^/@]*@/, "…@");
}
