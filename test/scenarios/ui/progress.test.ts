/** Progress as somebody at a terminal sees it: while it goes on, when the window changes, and what stays. */
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { aGantry, type Gantry, type Project } from "../harness/gantry.js";
import { aTerminal, type Terminal } from "../harness/terminal.js";

const many = Array.from({ length: 12 }, (_none, at) => `s${String(at).padStart(2, "0")}`);
/** The first is healthy once somebody says so, so that there is something to look at. */
const composeFile = `name: busy
services:
  slow:
    image: busybox
    command: sh -c '[ -z "$$AT_ONCE" ] || touch /ready; echo ready; exec sleep infinity'
    environment: { AT_ONCE: "\${AT_ONCE-}" }
    init: true
    healthcheck: { test: ["CMD", "test", "-f", "/ready"], interval: 200ms, retries: 100 }
${many.map((name) => `  ${name}: { image: busybox, command: sleep infinity, init: true, depends_on: { slow: { condition: service_healthy } } }`).join("\n")}
`;

let gantry: Gantry;
let project: Project;
let terminal: Terminal;

beforeAll(async () => {
  gantry = await aGantry();
  await gantry.importImages("busybox");
  project = await gantry.projectOf("busy", composeFile);
});
afterAll(() => gantry[Symbol.asyncDispose]());
afterEach(async () => {
  await terminal[Symbol.asyncDispose]();
  await project.clear();
});

async function sit(size: { columns: number; rows: number }): Promise<void> {
  terminal = await aTerminal({ ...size, cwd: project.cwd, env: gantry.env });
  await terminal.run("seq 60; echo before");
}

it("is no taller than half the window, follows its size, and leaves each resource once and nothing else", async () => {
  await sit({ columns: 100, rows: 16 });
  await terminal.run("gantry up -d; echo code=$?");
  const each = /s\d\d-1 +Waiting +\d+\.\ds +for slow to be healthy/;
  const folded = /12 containers +Waiting +\d+\.\ds +for slow to be healthy/;
  const going = await terminal.shows(/\d+\/\d+ done +\d+\.\ds/, folded, "before");
  expect(going.slice(going.indexOf(" done ")).split("\n").length).toBeLessThanOrEqual(8);
  await terminal.resize(100, 40);
  await terminal.shows(each, "before");
  await terminal.resize(50, 40); // wraps each line
  await terminal.shows(/s11-1 +Waiting +\d+\.\ds +fo…/);
  await terminal.resize(80, 8); // lower than the view was
  await terminal.shows(folded);
  await terminal.resize(30, 20);
  await terminal.shows(/12 contain\S+ +Waiting/);
  await terminal.resize(120, 40);
  await terminal.shows(each);
  await project.exec("slow", "touch", "/ready");
  await terminal.shows("code=0");
  const left = await terminal.scrollback();
  for (const name of many) {
    expect(left.match(new RegExp(`✔ Container busy-${name}-1 +Started`, "g")), name).toHaveLength(1);
  }
  expect(left.indexOf("before")).toBeLessThan(left.indexOf("Container busy-slow-1"));
  expect(left).not.toMatch(/Waiting|… and|\d+\/\d+ done/);
});

it("ends before the containers' output begins, and does not come back into it", async () => {
  await sit({ columns: 100, rows: 30 });
  await terminal.run("AT_ONCE=1 gantry up; echo code=$?");
  await terminal.shows(/slow-1 +\| ready/, ...many.map((name) => new RegExp(`busy-${name}-1 +Started`)));
  await terminal.press("C-c");
  await terminal.shows("code=130");
  const screen = await terminal.scrollback();
  expect(screen.match(/Container busy-s\d\d-1 +Stopped/g)).toHaveLength(12);
  const output = screen.split("\n").findIndex((line) => /slow-1 +\| ready/.test(line));
  const started = screen.split("\n").findLastIndex((line) => /Container busy-s\d\d-1 +Started/.test(line));
  expect(screen).not.toMatch(/\d+\/\d+ done/);
  expect(Math.min(output, started)).toBeGreaterThan(0);
});

it("is plain lines without a view that moves where colours are not wanted, in CI jobs and on dumb terminals", async () => {
  const small = await gantry.projectOf("small", composeFile.replace(/^ {2}s(0[3-9]|1\d):.*\n/gm, ""));
  terminal = await aTerminal({ columns: 100, rows: 60, cwd: small.cwd, env: gantry.env });
  for (const word of ["NO_COLOR=1", "CI=true", "TERM=dumb"]) {
    await terminal.run(`clear; AT_ONCE=1 ${word} gantry up -d 2>&1; echo ${word} code=$?`);
    await terminal.shows(/Container busy-s00-1 +Started +\d+\.\ds/, `${word} code=0`);
    expect(await terminal.screen()).not.toMatch(/\d+\/\d+ done|✔/);
    await small.clear();
  }
});
