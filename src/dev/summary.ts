/** What `gantry dev` says when everything is ready: where things answer, who may log in, what to do next. Pure. */
import type { DevSpec, DevUrl } from "../compose/extension.js";

/** Where a published port of a service is reached. */
export interface ReachedPort {
  readonly service: string;
  readonly target: number;
  readonly url: string;
}

/** A line of the summary, before anybody lines it up. */
export interface ReadyUrl {
  readonly name: string;
  readonly url: string;
}

/** Those that the project names, else every published port. One whose service publishes nothing is left out. */
export function readyUrls(wanted: readonly DevUrl[] | undefined, ports: readonly ReachedPort[]): ReadyUrl[] {
  if (!wanted) return ports.map(({ service, url }) => ({ name: service, url }));
  return wanted.flatMap((one): ReadyUrl[] => {
    if ("url" in one) return [{ name: "", url: one.url }];
    const found = ports.find(
      ({ service, target }) => service === one.service && (one.port === undefined || one.port === target),
    );
    return found ? [{ name: one.name ?? one.service, url: `${found.url}${pathOf(one.path)}` }] : [];
  });
}

function pathOf(path = ""): string {
  return path === "" || path.startsWith("/") ? path : `/${path}`;
}

/** The lines; `bold` marks headings. A heading without lines is left out. */
export function summaryLines(
  project: string,
  {
    urls,
    logins = [],
    next_steps = [],
  }: { urls: readonly ReadyUrl[] } & Partial<Pick<DevSpec, "logins" | "next_steps">>,
  bold: (text: string) => string,
): string[] {
  const wide = Math.max(0, ...urls.map(({ name }) => name.length));
  const named = Math.max(0, ...logins.map(({ name = "" }) => name.length));
  const sections: Array<[string, string[]]> = [
    ["Open", urls.map(({ name, url }) => `${name.padEnd(wide)}  ${url}`)],
    [
      "Log in",
      logins.map(({ name = "", user, password }) => {
        const account = password === undefined ? user : `${user} / ${password}`;
        return `${name.padEnd(named)}  ${account}`;
      }),
    ],
    ["Next", next_steps.map((step) => step)],
  ];
  const shown = sections.filter(([, lines]) => lines.length > 0);
  return [
    bold(`${project} is ready`),
    ...shown.flatMap(([title, lines]) => ["", bold(title), ...lines.map((line) => `  ${line.trimEnd()}`)]),
  ];
}
