/**
 * Lets programs in a container ask 127.0.0.11:53 although the engine's sockets are on another port there: what serves
 * names itself (dnsmasq, CoreDNS) can then have 0.0.0.0:53. Touches the world.
 *
 * Ports are rewritten without tracking connections: such packets stay within the loopback of the namespace. A question
 * is rewritten after the tracking that a program in the container may have set up, its answer before it, so that both
 * look there like port 53.
 */
import { nftablesOnce } from "../../kernel/network/nftables.js";

const table = "ip gantry_dns";
const dnsPort = 53;

/**
 * Port 53 of `address` is `port` in the thread's present namespace from now on, for UDP and TCP. `anew` where an
 * earlier engine has set another port. Throws "network-failed".
 */
export function redirectDns(address: string, port: number, { anew }: { anew: boolean }): void {
  nftablesOnce(`${anew ? `table ${table}\ndelete table ${table}\n` : ""}${redirection(address, port)}`);
}

function redirection(address: string, port: number): string {
  const rules = (chain: string, rule: (protocol: string) => string) =>
    ["udp", "tcp"].map((protocol) => `add rule ${table} ${chain} ${rule(protocol)}`);
  return [
    `table ${table} {`,
    "  chain ask { type filter hook output priority mangle; }",
    "  chain answer { type filter hook output priority raw; }",
    "}",
    ...rules("ask", (of) => `ip daddr ${address} ${of} dport ${dnsPort} ${of} dport set ${port}`),
    ...rules("answer", (of) => `ip saddr ${address} ${of} sport ${port} ${of} sport set ${dnsPort}`),
    "",
  ].join("\n");
}
