import { expect, it } from "vitest";
import { parseIgnoreFile } from "../../dockerfile/ignore-patterns.js";
import { aProject } from "../plan.fixture.js";
import { type ChangedPath, judgeChanges, type WatchStep } from "./judge-changes.js";
import { type ActiveRule, activeRule, coveringMount, type WatchRule, watchRules } from "./watch-rules.js";

const rule = (more: Partial<WatchRule> = {}): WatchRule => ({
  ...{ service: "web", action: "sync", path: "/src/app", target: "/app", ignore: [], include: [], copiesFirst: false },
  ...more,
});
const active = (more: Partial<WatchRule> = {}): ActiveRule => activeRule(rule(more), { path: more.path ?? "/src/app" });
const changed = (...paths: string[]): ChangedPath[] =>
  paths.map((path) => ({ path: path.replace(/^-/, ""), isGone: path.startsWith("-"), isDirectory: false }));

/** A line for each step. */
function steps(rules: ActiveRule[], changes: ChangedPath[]): string[] {
  return judgeChanges(rules, changes).map(printed);
}
function printed(step: WatchStep): string {
  switch (step.kind) {
    case "sync": {
      const copies = step.copies.map(({ from, to }) => `${from}→${to}`);
      return [`sync ${step.service}`, ...copies, ...step.removals.map((path) => `-${path}`)].join(" ");
    }
    case "exec":
      return `exec ${step.service} ${step.hook.command.join(" ")}`;
    default:
      return `${step.kind} ${step.services.join(" ")}`;
  }
}

it("reads the rules of the named services in the files' order", () => {
  const watch = [
    { path: "/src/app", action: "sync", target: "/app", ignore: ["x/"], initial_sync: true },
    { path: "/src/hook", action: "sync+exec", target: "/h", exec: { command: ["make"], user: "me" } },
  ];
  const project = aProject({ web: { untyped: { develop: { watch } } }, db: {} });
  expect(watchRules(project, [])).toMatchObject([
    { service: "web", action: "sync", path: "/src/app", target: "/app", ignore: ["x/"], copiesFirst: true },
    { action: "sync+exec", exec: { command: ["make"], user: "me", environment: {} }, copiesFirst: false },
  ]);
  expect(watchRules(project, ["db"])).toEqual([]);
});

it("copies what changed below the path to the same place below the target, and removes what is gone", () => {
  expect(steps([active()], changed("/src/app/a.js", "/src/app/d/b.js", "-/src/app/c.js"))).toEqual([
    "sync web /src/app/a.js→/app/a.js /src/app/d/b.js→/app/d/b.js -/app/c.js",
  ]);
});

it("copies a file that is watched by its name to the target, or into it where that ends with a slash", () => {
  const one = { path: "/src/app/conf.ini" };
  expect(steps([active({ ...one, target: "/etc/app.ini" })], changed("/src/app/conf.ini"))).toEqual([
    "sync web /src/app/conf.ini→/etc/app.ini",
  ]);
  expect(steps([active({ ...one, target: "/etc/" })], changed("/src/app/conf.ini"))).toEqual([
    "sync web /src/app/conf.ini→/etc/conf.ini",
  ]);
});

it("leaves the target alone when the watched directory itself goes", () => {
  const gone = [{ path: "/src/app", isGone: true, isDirectory: true }];
  expect(steps([active()], gone)).toEqual(["sync web"]);
});

it("rebuilds before it copies, and restarts and runs commands after that", () => {
  const exec = { command: ["reload"], environment: {} };
  const rules = [
    active({ service: "c", action: "sync+exec", exec }),
    active({ service: "b", action: "sync+restart" }),
    active({ service: "d", action: "restart" }),
    active({ service: "a", action: "rebuild" }),
  ];
  expect(steps(rules, changed("/src/app/x"))).toEqual([
    "rebuild a",
    "sync b /src/app/x→/app/x",
    "sync c /src/app/x→/app/x",
    "restart b d",
    "exec c reload",
  ]);
});

it("passes over what the rule ignores, what it does not include, and what lies elsewhere", () => {
  const paths = ["/src/app/a.js", "/src/app/a.css", "/src/app/gen/b.js", "/src/application/x.js", "/etc/passwd"];
  const found = (more: Partial<WatchRule>) => paths.filter((path) => active(more).matches(path));
  expect(found({})).toEqual(paths.slice(0, 3));
  expect(found({ ignore: ["gen/"] })).toEqual(["/src/app/a.js", "/src/app/a.css"]);
  expect(found({ include: ["**/*.js"] })).toEqual(["/src/app/a.js", "/src/app/gen/b.js"]);
  expect(found({ ignore: ["gen"], include: ["**/*.js"] })).toEqual(["/src/app/a.js"]);
});

it.each([".git/index", "a.js~", ".a.js.swp", "d/4913", ".#a.js", "x/.DS_Store"])(
  "never takes %s for a change",
  (name) => {
    expect(active().matches(`/src/app/${name}`)).toBe(false);
  },
);

it("minds the ignore file of the build's context, also where the rule watches a folder below it", () => {
  const rules = parseIgnoreFile("app/node_modules\n*.log\n!keep.log\n");
  const one = activeRule(rule(), { path: "/src/app", contextIgnore: { directory: "/src", rules } });
  expect(one.matches("/src/app/node_modules/x/index.js")).toBe(false);
  expect(one.matches("/src/app/index.js")).toBe(true);
});

it("does not look into directories in which nothing can count, unless something below them was taken back", () => {
  expect(active({ ignore: ["node_modules"] }).skips("/src/app/node_modules")).toBe(true);
  expect(active({ ignore: ["node_modules", "!node_modules/mine"] }).skips("/src/app/node_modules")).toBe(false);
  expect(active().skips("/src/app/.git")).toBe(true);
  expect(active({ include: ["**/*.js"] }).skips("/src/app/deep")).toBe(false);
  expect(active().skips("/src/app")).toBe(false);
});

it("finds the mount that shows the files in the container already", () => {
  const mount = { type: "bind", source: "/src", target: "/app", read_only: false } as const;
  const service = aProject({ web: { volumes: [mount] } }).services.get("web");
  if (!service) throw new Error("the service is there");
  expect(coveringMount({ path: "/src/app", target: "/app/app" }, service)).toBe(mount);
  expect(coveringMount({ path: "/src/app", target: "/elsewhere" }, service)).toBeUndefined();
});
