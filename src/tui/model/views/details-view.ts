/** One container in detail: what it runs, where each variable is from, mounts, networks, probes. Pure. */
import { relative } from "node:path";
import type { Explanation } from "../../../compose/explain/explain.js";
import { credentialName, maskSecrets } from "../../../compose/mask-secrets.js";
import { shortId } from "../../../oci/short-id.js";
import type { ContainerInspect, HealthState } from "../../../wire/container.js";
import { cutLine, fitText, type Line, oneLine, seg, type Tone } from "../screen/line.js";
import type { View } from "../screen/zones.js";
import type { ConsoleState } from "../state/console-state.js";
import { selectedRow } from "../state/service-rows.js";
import { healthSegment, portText, stateSegment } from "./services-view.js";
import { clockText, sizeText } from "./words.js";

/** From `details.top` on. */
export function detailsView(state: ConsoleState, rows: number): View {
  const { top } = state.details;
  return { lines: detailLines(state).slice(top, top + rows), zones: [] };
}

/** Everything there is to tell of the selected service. */
export function detailLines(state: ConsoleState): Line[] {
  const row = selectedRow(state);
  const { columns } = state.size;
  if (!row) return [[], [seg("  No service is selected.", "dim")]];
  const { inspect, problem } = state.details;
  const title: Line = [
    seg(`  ${row.key}`, "bold"),
    seg("  "),
    stateSegment(row),
    ...(row.health ? [seg("  "), healthSegment(row)] : []),
  ];
  const lines: Line[] = [title, []];
  if (problem) lines.push([seg(`  ${problem}`, "bad")], []);
  if (inspect) lines.push(...aboutContainer(inspect, portText(row)));
  else if (!problem)
    lines.push(
      [seg(row.containers.length > 0 ? "  Looking …" : "  It has no container yet: u brings it up.", "dim")],
      [],
    );
  lines.push(...environmentLines(state, inspect));
  if (inspect) lines.push(...mountLines(inspect), ...networkLines(inspect), ...healthLines(inspect.State.Health));
  return lines.map((line) => cutLine(line, columns));
}

function aboutContainer(inspect: ContainerInspect, ports: string): Line[] {
  const { Config, State, HostConfig } = inspect;
  const words = [...(Config.Entrypoint ?? []), ...(Config.Cmd ?? [])];
  const limits = [
    ...(HostConfig.Memory ? [`memory ${sizeText(HostConfig.Memory)}`] : []),
    ...(HostConfig.NanoCpus ? [`cpus ${HostConfig.NanoCpus / 1e9}`] : []),
    ...(HostConfig.PidsLimit ? [`pids ${HostConfig.PidsLimit}`] : []),
  ];
  const ended = State.Running || State.Status === "created" ? [] : [["ended", endText(inspect)] as const];
  return section([
    ["container", `${inspect.Name.replace(/^\//, "")}  ${shortId(inspect.Id)}`],
    ["image", Config.Image ?? ""],
    ["command", oneLine(words.map(maskSecrets).join(" "))],
    ["user", Config.User || "root"],
    ["folder", Config.WorkingDir || "/"],
    ["ports", ports || "none"],
    ["restart", `${HostConfig.RestartPolicy?.Name || "no"}, ${inspect.RestartCount} so far`],
    ["limits", limits.join(", ") || "none"],
    ["started", isTime(State.StartedAt) ? stamp(State.StartedAt) : "never"],
    ...ended,
  ]);
}

function endText({ State }: ContainerInspect): string {
  const why = State.OOMKilled ? ", out of memory" : State.Error ? `, ${oneLine(State.Error)}` : "";
  return `${isTime(State.FinishedAt) ? stamp(State.FinishedAt) : ""} with code ${State.ExitCode}${why}`;
}

/** The container's variables; those of the files with the place that wrote them, and the variables read there. */
function environmentLines(state: ConsoleState, inspect?: ContainerInspect): Line[] {
  const { loaded, details } = state;
  const row = selectedRow(state);
  const service = row && loaded.project?.services.get(row.service);
  const own = new Map<string, string>();
  for (const [name, value] of Object.entries(service?.environment ?? {})) if (value !== null) own.set(name, value);
  for (const entry of inspect?.Config.Env ?? [])
    own.set(entry.split("=")[0] ?? "", entry.slice(entry.indexOf("=") + 1));
  const names = [...own.keys()].sort();
  const width = Math.min(28, Math.max(0, ...names.map((name) => name.length)));
  const values = names.map((name) => shownValue(name, own.get(name) ?? "", "••••••"));
  const valueWidth = Math.min(36, Math.max(0, ...values.map((value) => value.length)));
  const lines = names.map((name, at): Line => {
    const value = fitText(values[at] ?? "", valueWidth);
    return [
      seg(`    ${fitText(name, width)}  `, "busy"),
      seg(`${value}  `),
      ...originOf(details.environment.get(name), loaded.project?.workingDir),
      ...drift(name, own.get(name), service?.environment[name]),
    ];
  });
  return [[seg("  environment", "bold")], ...(lines.length > 0 ? lines : [[seg("    none", "dim")] as Line]), []];
}

/** A secret's value is not for somebody who looks over the shoulder. */
function shownValue(name: string, value: string, instead: string): string {
  const isSecret = credentialName.test(name) && !/_file$/i.test(name);
  return isSecret ? instead : maskSecrets(oneLine(value));
}

/** What the files say by now, where the container was made with something else. */
function drift(name: string, has: string | undefined, wants: string | null | undefined): Line {
  if (wants === undefined || wants === null || wants === has) return [];
  return [seg(`, now ${shownValue(name, wants, "another")}`, "wait")];
}

function originOf(explanation: Explanation | undefined, workingDir: string | undefined): Line {
  if (!explanation) return [seg("the image, or the engine", "dim")];
  const last = explanation.writings.at(-1);
  if (!last) return [seg(explanation.origin.note ?? "", "dim")];
  const file = workingDir ? relative(workingDir, last.source.file) : last.source.file;
  const variables = last.variables.map(({ name, from }) => {
    if (from === "process") return `${name} of the shell`;
    if (from === "nowhere") return `${name} unset`;
    return `${name} of ${workingDir ? relative(workingDir, from.file) : from.file}:${from.line}`;
  });
  const more = explanation.writings.length > 1 ? `, over ${explanation.writings.length - 1} more` : "";
  const read = variables.length > 0 ? ` ← ${variables.join(", ")}` : "";
  return [seg(`${file}:${last.source.line}${more}${read}`, "dim")];
}

function mountLines({ Mounts }: ContainerInspect): Line[] {
  const lines = Mounts.map((mount): Line => {
    const from = mount.Type === "volume" ? (mount.Name ?? mount.Source) : mount.Source;
    return [
      seg(`    ${mount.Type.padEnd(7)}`, "dim"),
      seg(`${mount.Destination}  `),
      seg(`← ${from || "memory"}${mount.RW ? "" : "  read-only"}`, "dim"),
    ];
  });
  return [[seg("  mounts", "bold")], ...(lines.length > 0 ? lines : [[seg("    none", "dim")] as Line]), []];
}

function networkLines({ NetworkSettings, HostConfig }: ContainerInspect): Line[] {
  const lines = Object.entries(NetworkSettings.Networks).map(([name, place]): Line => {
    const aliases = [...new Set(place.DNSNames ?? place.Aliases ?? [])].join(" ");
    return [
      seg(`    ${name}  `),
      seg(`${place.IPAddress || "no address"}  ${place.MacAddress ?? ""}  ${aliases}`, "dim"),
    ];
  });
  const none = `    ${HostConfig.NetworkMode ?? "none"}`;
  return [[seg("  networks", "bold")], ...(lines.length > 0 ? lines : [[seg(none, "dim")] as Line]), []];
}

/** The probes the engine remembers, the newest first. */
function healthLines(health: HealthState | undefined): Line[] {
  if (!health) return [[seg("  health", "bold")], [seg("    it has no check", "dim")]];
  const streak = health.FailingStreak > 0 ? `, ${health.FailingStreak} failures in a row` : "";
  const tone: Tone = health.Status === "healthy" ? "good" : health.Status === "unhealthy" ? "bad" : "wait";
  const probes = [...health.Log].reverse().map((probe): Line => {
    const took = Date.parse(probe.End) - Date.parse(probe.Start);
    const output = oneLine(probe.Output.trim().split("\n").at(-1) ?? "");
    return [
      seg(`    ${stamp(probe.Start)}  `, "dim"),
      seg(probe.ExitCode === 0 ? "passed" : `failed ${probe.ExitCode}`, probe.ExitCode === 0 ? "good" : "bad"),
      seg(`  ${took} ms  `, "dim"),
      seg(output),
    ];
  });
  return [[seg("  health  ", "bold"), seg(`${health.Status}${streak}`, tone)], ...probes];
}

function section(fields: ReadonlyArray<readonly [string, string]>): Line[] {
  return [...fields.map(([name, value]): Line => [seg(`    ${name.padEnd(10)}`, "dim"), seg(value)]), []];
}

function isTime(text: string): boolean {
  return !text.startsWith("0001-");
}

function stamp(text: string): string {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? text : clockText(ms);
}
