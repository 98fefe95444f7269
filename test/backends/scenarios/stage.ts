/** What scenarios share: a stage to play on, and the services that most of them use. */
import type { Gantry, Project } from "../../scenarios/harness/gantry.js";
import type { Backend } from "../backend.js";

export interface Traits {
  /** Runs health checks by itself. */
  readonly checksHealth: boolean;
  /** Changes the limits of a running container by the API. */
  readonly changesLimits: boolean;
  /** Tells past events by filters. */
  readonly keepsEvents: boolean;
}

/** What a scenario works with. */
export interface Stage {
  readonly backend: Backend;
  readonly gantry: Gantry;
  /** A project of the given services, cleared when the scenario ends. The text is that of `compose.yaml`. */
  project(name: string, composeFile: string): Promise<Project>;
}

/** A service that says hello and waits, with more lines of its own. */
export const service = (name: string, extra = "") =>
  `  ${name}:\n    image: busybox\n    command: sh -c 'echo hello from ${name}; exec sleep 1000'\n` +
  `    stop_grace_period: 0s\n${extra}`;
/** A Compose file of services. */
export const file = (...parts: string[]) => `services:\n${parts.join("")}`;
/** Ids of a project's containers, running or not. */
export const ids = async (project: Project) => (await project.ok("ps", "-aq")).split("\n").filter(Boolean).sort();
