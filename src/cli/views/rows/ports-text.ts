/** Ports of a container as docker's listings show them. Pure. */
import type { PortSummary } from "../../../wire/container.js";

/** Ports that follow each other on both sides, shown as one range. */
interface Run {
  readonly address: string | undefined;
  readonly type: string;
  readonly inner: number;
  readonly outer: number | undefined;
  readonly length: number;
}

/** `0.0.0.0:8080->80/tcp, 9000-9002/tcp`: published ones first. */
export function portsText(ports: readonly PortSummary[]): string {
  const runs: Run[] = [];
  for (const { IP, Type, PrivatePort, PublicPort } of ports.toSorted(byPlace)) {
    const next: Run = { address: IP, type: Type, inner: PrivatePort, outer: PublicPort, length: 1 };
    const last = runs.at(-1);
    if (last && follows(last, next)) runs.splice(-1, 1, { ...last, length: last.length + 1 });
    else runs.push(next);
  }
  const isOpen = (run: Run) => run.outer !== undefined;
  return [...runs.filter((run) => isOpen(run)), ...runs.filter((run) => !isOpen(run))].map(runText).join(", ");
}

function byPlace(a: PortSummary, b: PortSummary): number {
  const [first, second] = [a.IP ?? "", b.IP ?? ""];
  if (a.Type !== b.Type) return a.Type < b.Type ? -1 : 1;
  if (first !== second) return first < second ? -1 : 1;
  return a.PrivatePort - b.PrivatePort || (a.PublicPort ?? 0) - (b.PublicPort ?? 0);
}

function follows(last: Run, { address, type, inner, outer }: Run): boolean {
  if (last.address !== address || last.type !== type || inner !== last.inner + last.length) return false;
  return outer === undefined ? last.outer === undefined : outer === (last.outer ?? Number.NaN) + last.length;
}

function runText({ address, type, inner, outer, length }: Run): string {
  const range = (from: number) => (length > 1 ? `${from}-${from + length - 1}` : String(from));
  if (outer === undefined) return `${range(inner)}/${type}`;
  const host = address === undefined ? "" : `${address.includes(":") ? `[${address}]` : address}:`;
  return `${host}${range(outer)}->${range(inner)}/${type}`;
}
