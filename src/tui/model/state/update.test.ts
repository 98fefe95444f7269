import { describe, expect, it } from "vitest";
import type { LoadedProject } from "../../../apply/console.js";
import { loadProject } from "../../../compose/load/load-project.js";
import type { Operation, Plan } from "../../../plan/operation.js";
import type { ContainerSummary } from "../../../wire/container.js";
import type { LogBlock, LogLine } from "../logs/log-window.js";
import { screenView } from "../views/screen-view.js";
import { type ConsoleState, type Effect, initialState } from "./console-state.js";
import { type Message, update } from "./update.js";

const now = { nowMs: Date.parse("2026-01-01T12:00:00Z"), monotonicMs: 1000 };

/** A project of three services, two of which have containers. */
async function aState(size = { columns: 80, rows: 24 }): Promise<ConsoleState> {
  const text = `
name: shop
services:
  web: { image: nginx, depends_on: [api], ports: ["8080:80"] }
  api: { image: api, deploy: { replicas: 2 } }
  job: { image: job }
`;
  const request = {
    cwd: "/shop",
    files: ["-"],
    envFiles: [],
    profiles: [],
    env: {},
    readStdin: async () => Buffer.from(text),
  };
  const { project } = await loadProject(request);
  if (!project) throw new Error("The project does not load");
  const loaded: LoadedProject = { name: "shop", project, problems: [], command: "gantry" };
  return told(initialState(size, now), [
    { kind: "loaded", loaded },
    { kind: "linked", engine: { kind: "up", label: "gantry 1.0" } },
    {
      kind: "observed",
      containers: [
        aContainer("web", 1, { Ports: [{ IP: "0.0.0.0", PrivatePort: 80, PublicPort: 8080, Type: "tcp" }] }),
        aContainer("api", 1, { Status: "Up 2 minutes (unhealthy)" }),
        aContainer("api", 2, { State: "exited", Status: "Exited (137) 1 second ago" }),
      ],
    },
  ]);
}

function aContainer(service: string, number: number, more: Partial<ContainerSummary> = {}): ContainerSummary {
  return {
    ...{ Id: `${service}${number}`, Names: [`/shop-${service}-${number}`], Image: service, ImageID: "sha256:1" },
    ...{ Command: "run", Created: now.nowMs / 1000, Ports: [], State: "running", Status: "Up 2 minutes (healthy)" },
    Labels: {
      "com.docker.compose.project": "shop",
      "com.docker.compose.service": service,
      "com.docker.compose.container-number": String(number),
    },
    ...{ HostConfig: { NetworkMode: "default" }, NetworkSettings: { Networks: {} }, Mounts: [] },
    ...more,
  };
}

function told(state: ConsoleState, messages: readonly Message[]): ConsoleState {
  return messages.reduce((before, message) => update(before, message, now).state, state);
}

/** The state after some keys, and what the last of them asks for. */
function press(state: ConsoleState, ...keys: string[]): { state: ConsoleState; effects: readonly Effect[] } {
  let last: { state: ConsoleState; effects: readonly Effect[] } = { state, effects: [] };
  for (const key of keys) last = update(last.state, { kind: "input", event: { kind: "key", key } }, now);
  return last;
}

const textOf = (state: ConsoleState) =>
  screenView(state)
    .lines.map((line) =>
      line
        .map(({ text }) => text)
        .join("")
        .trimEnd(),
    )
    .join("\n");

describe("the services screen", () => {
  it("shows what the files ask for beside what the engine has", async () => {
    const text = textOf(await aState());
    expect(text).toContain("1 of 3 running");
    expect(text).toMatch(/api +◐ 1\/2 run +unhealthy/);
    expect(text).toMatch(/└ 2 +✘ exited 137/);
    expect(text).toMatch(/job +· not created/);
    expect(text).toMatch(/web +● running +healthy .* 8080→80/);
  });

  it.each([
    [40, 8],
    [80, 24],
    [120, 40],
    [200, 60],
  ])("fills %i×%i exactly, on every screen", async (columns, rows) => {
    const state = await aState({ columns, rows });
    for (const key of ["1", "2", "3", "4", "5", "6", "?"]) {
      const { lines } = screenView(press(state, key).state);
      expect(lines).toHaveLength(rows);
      const widths = lines.map((line) => line.reduce((sum, { text }) => sum + [...text].length, 0));
      expect(Math.max(...widths)).toBeLessThanOrEqual(columns);
    }
  });

  it("says which of the rows are shown where there is no room for all", async () => {
    const names = Array.from({ length: 60 }, (_none, at) => `z${String(at).padStart(2, "0")}`);
    const containers = names.map((name) => aContainer(name, 1));
    const state = told(await aState(), [{ kind: "observed", containers }]);
    expect(textOf(state)).toMatch(/SERVICE .* 1–19\/63$/m);
    expect(textOf(press(state, "G").state)).toMatch(/SERVICE .* 45–63\/63$/m);
    expect(textOf(await aState())).not.toMatch(/\/\d+$/m);
  });

  it("keeps the selection on its service when others come and go", async () => {
    const selected = press(await aState(), "G").state;
    const fewer = told(selected, [{ kind: "observed", containers: [aContainer("web", 1)] }]);
    expect(textOf(fewer)).toContain("▸ web");
  });

  it("draws curves of the newest readings, replicas added up", async () => {
    const reading = (cpu: number): Message => ({
      kind: "measured",
      containerId: "web1",
      reading: { cpu, memory: 1 << 20 },
    });
    const state = told(await aState(), [reading(1), reading(100)]);
    expect(textOf(state)).toMatch(/web .*▁█ 100% .*1M/);
  });

  it("forgets the readings of containers that are gone", async () => {
    const state = told(await aState(), [
      { kind: "measured", containerId: "web1", reading: { cpu: 1, memory: 1 } },
      { kind: "observed", containers: [] },
    ]);
    expect(state.readings.size).toBe(0);
  });
});

describe("actions", () => {
  it("ask before they change something, with the command that does the same", async () => {
    const asked = press(await aState(), "r");
    expect(asked.effects).toEqual([]);
    expect(textOf(asked.state)).toContain("$ gantry restart api");
    expect(press(asked.state, "escape")).toMatchObject({ effects: [] });
    expect(press(asked.state, "enter").effects).toMatchObject([
      { kind: "act", action: { wish: { kind: "restart", services: ["api"] } } },
    ]);
  });

  it("mean the services that are marked", async () => {
    const { effects } = press(await aState(), " ", "G", " ", "x", "enter");
    expect(effects).toMatchObject([{ action: { command: "gantry stop api web", wish: { services: ["api", "web"] } } }]);
  });

  it("that change nothing begin at once, and those that cannot be done say why", async () => {
    const state = await aState();
    expect(press(state, "G", "o").effects).toMatchObject([
      { action: { kind: "browse", url: "http://localhost:8080" } },
    ]);
    const refused = press(state, "e", "escape", "g", "down", "down", "down", "e");
    expect(refused.effects).toEqual([]);
    expect(textOf(refused.state)).toContain("shell in the container: it does not run");
  });

  it("scale to a number that is typed, and refuse what is none", async () => {
    const state = await aState();
    expect(textOf(press(state, "c", "x", "enter").state)).toContain("a number from 0 to 100");
    expect(press(state, "c", "backspace", "5", "enter", "enter").effects).toMatchObject([
      { action: { command: "gantry scale api=5", wish: { kind: "scale", service: "api", count: 5 } } },
    ]);
  });
});

describe("the plan screen", () => {
  const plan: Plan = { project: "shop", warnings: [], operations: [] };
  const operation: Operation = {
    ...{ id: "start web", kind: "start-container", container: { name: "shop-web-1", service: "web" } },
    ...{ cause: { reason: "because" }, after: [] },
  };

  it("carries out the very plan that was shown", async () => {
    const shown = { ...plan, operations: [operation] };
    const state = told(press(await aState(), "5").state, [
      { kind: "planned", wish: { kind: "up", services: [] }, plan: shown },
    ]);
    const { effects } = press(state, "a", "enter");
    expect(effects).toHaveLength(1);
    expect(effects[0]).toMatchObject({ kind: "apply-plan" });
    expect(effects[0]?.kind === "apply-plan" && effects[0].plan).toBe(shown);
  });

  it("has nothing to carry out where nothing would change", async () => {
    const state = told(press(await aState(), "5").state, [
      { kind: "planned", wish: { kind: "up", services: [] }, plan, text: "shop: nothing to do\n" },
    ]);
    expect(textOf(state)).toContain("nothing to do");
    expect(press(state, "a")).toMatchObject({ effects: [] });
    expect(press(state, "a").state.overlay).toBeUndefined();
  });

  it("shows a run, lets it be cancelled, and keeps a failure until it is left", async () => {
    const running = told(press(await aState(), "5").state, [{ kind: "run-started", command: "gantry up -d" }]);
    expect(press(running, "x").effects).toEqual([{ kind: "cancel-run" }]);
    const failed = told(running, [{ kind: "run-ended", outcome: "failed", failures: ["web: it broke"] }]);
    expect(textOf(failed)).toMatch(/it failed[\s\S]*web: it broke/);
    expect(press(failed, "escape").effects).toMatchObject([{ kind: "draw-plan" }]);
  });

  it("tells on other screens how a run ended, and where its failure is", async () => {
    const running = told(await aState(), [{ kind: "run-started", command: "gantry restart web" }]);
    expect(textOf(running)).toContain("$ gantry restart web");
    const failed = told(running, [{ kind: "run-ended", outcome: "failed", failures: ["web: it broke"] }]);
    expect(textOf(failed)).toContain("✘ web: it broke  (5 shows all)");
    expect(textOf(press(failed, "5").state)).toContain("web: it broke");
  });

  it("tells an update that was rolled back apart from a failure, on every screen", async () => {
    const ended = [{ kind: "run-ended", outcome: "rolled-back", failures: ["web: unhealthy"] }] as const;
    const onPlan = told(press(await aState(), "5").state, [{ kind: "run-started", command: "gantry up -d" }]);
    expect(textOf(told(onPlan, ended))).toMatch(/rolled back[\s\S]*what ran before runs on[\s\S]*web: unhealthy/);
    const elsewhere = told(await aState(), [{ kind: "run-started", command: "gantry up -d" }]);
    expect(textOf(told(elsewhere, ended))).toContain("rolled back: web: unhealthy");
    expect(textOf(told(elsewhere, ended))).not.toContain("✘ web");
  });
});

describe("the mouse", () => {
  const click = (state: ConsoleState, row: number, column: number) =>
    update(state, { kind: "input", event: { kind: "click", row, column } }, now);

  it("selects a row, opens what is selected, and takes tabs and keys of the footer", async () => {
    const state = await aState();
    const selected = click(state, 6, 10).state; // the row below `api` and its replicas
    expect(selected.selected).toBe("job");
    expect(click(state, 1, 30).state.screen).toBe("details");
    expect(click(state, 23, 2).effects).toMatchObject([{ kind: "open-logs" }]);
  });

  it("does nothing beside what means something, and nothing below an overlay", async () => {
    const state = await aState();
    expect(click(state, 15, 70).state).toEqual({ ...state, ...now });
    expect(click(press(state, "a").state, 1, 30).state.screen).toBe("services");
  });
});

describe("before the files have been read", () => {
  const labelled = (project: string, folder: string) => {
    const one = aContainer("web", 1);
    const names = { "com.docker.compose.project": project, "com.docker.compose.project.working_dir": folder };
    return { ...one, Id: project, Labels: { ...one.Labels, ...names } };
  };
  const start: ConsoleState = { ...initialState({ columns: 80, rows: 24 }, now), folder: "/src/shop" };

  it("shows the containers that were made from this folder", () => {
    const containers = [labelled("other", "/src/other"), labelled("shop", "/src/shop")];
    expect(textOf(told(start, [{ kind: "observed", containers }]))).toMatch(/gantry shop[\s\S]*web +● running/);
  });

  it("waits for the files where several copies were made from it, or none", () => {
    const containers = [labelled("shop", "/src/shop"), labelled("shop-copy", "/src/shop")];
    expect(textOf(told(start, [{ kind: "observed", containers }]))).toContain("Reading the project");
    expect(textOf(told(start, [{ kind: "observed", containers: [] }]))).toContain("Reading the project");
  });
});

describe("what is missing", () => {
  it("is told in its place: no project, no engine, a window that is too small", () => {
    const start = initialState({ columns: 80, rows: 24 }, now);
    expect(textOf(start)).toContain("Reading the project");
    const none: LoadedProject = { problems: ["error: no configuration file provided"], command: "gantry" };
    expect(textOf(told(start, [{ kind: "loaded", loaded: none }]))).toContain("error: no configuration file");
    const gone: Message = {
      kind: "linked",
      engine: { kind: "gone", reason: "The engine is not there", hint: "Start it" },
    };
    const text = textOf(
      told(start, [{ kind: "loaded", loaded: { name: "x", problems: [], command: "gantry" } }, gone]),
    );
    expect(text).toMatch(/The engine is not there[\s\S]*Start it/);
    expect(textOf({ ...start, size: { columns: 30, rows: 5 } })).toContain("too small");
  });
});

describe("the logs screen", () => {
  const line = (source: number, second: number, text = `${source}:${second}`): LogLine => ({
    ...{ at: `2026-01-01T00:00:${String(second).padStart(2, "0")}.000000000Z`, isError: false, text },
    ...{ place: { file: "f", offset: second }, source },
  });
  const block = (lines: readonly LogLine[]): LogBlock => ({
    ...{ lines, begin: { file: "f", offset: 0 }, end: { file: "f", offset: 60 }, isStart: true, isEnd: true },
    ...{ firstAt: lines[0]?.at, lastAt: lines.at(-1)?.at },
  });
  const open = async (...blocks: LogBlock[]) =>
    told(press(await aState(), "L").state, [{ kind: "logs-opened", session: 1, blocks }]);

  it("shows what is there while a container that says nothing is looked at again and again", async () => {
    const opened = await open(block([line(0, 1), line(0, 3)]), block([]), block([line(2, 2)]));
    expect(textOf(opened)).toMatch(/0:1\n.*2:2\n.*0:3/);
    const grew = update(opened, { kind: "log-grew", session: 1, sources: [0] }, now).state;
    expect(textOf(grew)).toMatch(/0:1\n.*2:2\n.*0:3/);
  });

  it("reads the source that was written to, one at a time, and drops answers to an earlier opening", async () => {
    const opened = await open(block([line(0, 1)]), block([line(1, 2)]));
    expect(opened.logs?.isReading).toBe(true);
    const read = { kind: "log-read", session: 1, source: 0, direction: "after", block: block([line(0, 5)]) } as const;
    const next = update(opened, read, now);
    expect(next.effects).toMatchObject([{ kind: "read-log", source: 1, direction: "after" }]);
    expect(textOf(next.state)).toContain("0:5");
    expect(told(opened, [{ ...read, session: 7 }]).logs?.lines).toHaveLength(2);
  });

  it("holds where one scrolls up to, and follows again at the end", async () => {
    const many = Array.from({ length: 50 }, (_none, second) => line(0, second));
    const held = press(await open(block(many)), "k", "k").state;
    expect(textOf(held)).toMatch(/held[\s\S]*0:47$/m);
    expect(textOf(press(held, "G").state)).toMatch(/following[\s\S]*0:49$/m);
    expect(textOf(press(held, "g").state)).toMatch(/held[\s\S]*│ 0:0\n/);
  });

  it("searches what is held at once, upwards, and the files for the rest", async () => {
    const many = Array.from({ length: 50 }, (_none, second) => line(0, second, second % 20 === 5 ? "needle" : "hay"));
    const opened = await open({ ...block(many), isStart: false });
    const typed = press(opened, "/", ..."NEEDLE".toLowerCase(), "enter").state;
    expect(typed.logs?.hit?.place.offset).toBe(45);
    const older = press(typed, "n", "n").state;
    expect(older.logs?.hit?.place.offset).toBe(5);
    expect(press(older, "n").effects).toMatchObject([{ kind: "search-logs", from: { direction: "before" } }]);
    expect(press(older, "N").state.logs?.hit?.place.offset).toBe(25);
    expect(textOf(press(opened, "/", "(", "enter").state)).toContain("is no regular expression");
  });

  it("goes on following once a search has been ended, and drops what the search still finds", async () => {
    const opened = await open({ ...block([line(0, 1)]), isStart: false });
    const read = { kind: "log-read", session: 1, source: 0, direction: "before", block: block([]) } as const;
    const searching = press(opened, "/", "x", "enter").state;
    expect(searching.logs?.busy).toBe("searching");
    const ended = press(searching, "escape");
    expect(ended.effects).toMatchObject([{ kind: "cancel-search" }]);
    const late = { kind: "log-searched", session: 1, search: searching.logs?.search ?? 0 } as const;
    expect(told(ended.state, [late]).logs?.problem).toBeUndefined();
    const settled = told(ended.state, [{ ...read, direction: "after" }, read]);
    expect(settled.logs?.isReading).toBeUndefined();
    const grew = update(settled, { kind: "log-grew", session: 1, sources: [0] }, now);
    expect(grew.effects).toMatchObject([{ kind: "read-log", session: 1, direction: "after" }]);
  });

  it("takes the answer of the newest search alone", async () => {
    const opened = await open({ ...block([line(0, 9)]), isStart: false });
    const first = press(opened, "/", "x", "enter").state;
    const second = press(first, "n").state;
    const failed = { kind: "log-failed", session: 1, search: first.logs?.search ?? 0, reason: "aborted" } as const;
    expect(told(second, [failed]).logs).toMatchObject({ busy: "searching", search: (first.logs?.search ?? 0) + 1 });
  });

  it("goes over to the container that has taken another's place, at once only where the end is followed", async () => {
    const opened = await open(block(Array.from({ length: 50 }, (_none, second) => line(0, second))));
    const others = opened.containers.map((one) => (one.Id === "web1" ? { ...one, Id: "web1-new" } : one));
    const followed = update(opened, { kind: "observed", containers: others }, now);
    expect(followed.effects).toMatchObject([{ kind: "open-logs", session: 2 }]);
    const ids = (state: ConsoleState) => state.logs?.sources.map(({ containerId }) => containerId);
    expect(ids(followed.state)).toContain("web1-new");
    const held = update(press(opened, "k", "k").state, { kind: "observed", containers: others }, now);
    expect(held.effects).toEqual([]);
    expect(textOf(held.state)).toContain("held, newer lines below: G");
    expect(ids(press(held.state, "G").state)).toContain("web1-new");
    const gone = update(opened, { kind: "observed", containers: others.slice(1) }, now);
    expect(gone.effects).toEqual([]);
  });

  it("opens anew with a filter, and without one when nothing is typed", async () => {
    const opened = await open(block([line(0, 1)]));
    const filtered = press(opened, "&", "a", "b", "enter");
    expect(filtered.effects).toMatchObject([{ kind: "open-logs", filter: "ab", session: 2 }]);
    const all = press(filtered.state, "&", "backspace", "backspace", "enter");
    expect(all.effects).toMatchObject([{ kind: "open-logs", session: 3, filter: undefined }]);
  });
});
