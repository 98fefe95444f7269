/** What `logs --details` shows before each line: labels and variables that the log's options name. Pure. */
import type { ContainerConfig } from "../../../wire/container.js";

/** `k=v,k2=v2` in the order of the keys, escaped as in a query; "" when the options name nothing. */
export function logDetails(
  { Labels, Env }: Pick<ContainerConfig, "Labels" | "Env">,
  options: Readonly<Record<string, string>> | null | undefined,
): string {
  const variables = (Env ?? []).map((entry): [string, string] => {
    const at = entry.indexOf("=");
    return [entry.slice(0, at), entry.slice(at + 1)];
  });
  const named = [
    ...chosen(Object.entries(Labels ?? {}), options?.labels),
    ...chosen(variables, options?.env),
    ...(options?.tag ? [["tag", options.tag] as const] : []),
  ];
  return [...new Map(named)]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
    .join(",");
}

function chosen(
  pairs: ReadonlyArray<readonly [string, string]>,
  names: string | undefined,
): ReadonlyArray<readonly [string, string]> {
  const wanted = (names ?? "").split(",");
  return pairs.filter(([name]) => wanted.includes(name));
}
