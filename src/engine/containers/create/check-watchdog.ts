/** What of a probe or of healing is refused when a container is created. Pure. */
import { GantryError } from "../../../base/errors.js";
import type { HostConfig } from "../../../wire/container.js";
import type { HealConfig, ProbeConfig } from "../../../wire/watchdog.js";

const schemes = ["", "http", "https"];

/** Throws "bad-parameter" naming the field. */
export function checkWatchdog({ GantryProbe, GantryHeal, NetworkMode, LogConfig }: HostConfig): void {
  if (GantryHeal) checkHeal(GantryHeal);
  if (!GantryProbe) return;
  checkProbe(GantryProbe);
  if (!GantryProbe.Log && NetworkMode === "none") {
    refuse("GantryProbe: a container without a network cannot be reached from outside");
  }
  if (GantryProbe.Log && LogConfig?.Type === "none") {
    refuse("GantryProbe: a container that keeps no log has no lines to look for");
  }
}

function checkProbe({ Http, Tcp, Log, ...times }: ProbeConfig): void {
  if ([Http, Tcp, Log].filter(Boolean).length !== 1) refuse("GantryProbe: exactly one of Http, Tcp and Log is needed");
  for (const [field, value] of Object.entries(times)) {
    if (typeof value === "number" && value < 0) refuse(`GantryProbe.${field} cannot be negative`);
  }
  const port = (Http ?? Tcp)?.Port;
  if (port !== undefined && !(port >= 1 && port <= 65535)) refuse(`GantryProbe: ${port} is not a port`);
  if (Http && !schemes.includes(Http.Scheme ?? ""))
    refuse(`GantryProbe.Http.Scheme: ${Http.Scheme} is not http or https`);
  if (Http?.Path && !/^\/[\x21-\x7e]*$/.test(Http.Path)) {
    refuse(`GantryProbe.Http.Path: ${JSON.stringify(Http.Path)} is not a path`);
  }
  if (Http?.Status?.some((status) => status < 100 || status > 599)) refuse("GantryProbe.Http.Status: not a status");
  if (Log) checkPattern(Log.Pattern);
}

function checkPattern(pattern: string): void {
  try {
    new RegExp(pattern);
  } catch (error) {
    refuse(`GantryProbe.Log.Pattern: ${error instanceof Error ? error.message : "not a regular expression"}`);
  }
  if (pattern === "") refuse("GantryProbe.Log.Pattern is empty");
}

function checkHeal(heal: HealConfig): void {
  for (const [field, value] of Object.entries(heal)) {
    if (typeof value === "number" && value < 0) refuse(`GantryHeal.${field} cannot be negative`);
  }
}

function refuse(message: string): never {
  throw new GantryError("bad-parameter", message);
}
