/**
 * What the console knows and shows: one value, changed only by `update.ts`, drawn only by `views/`. Pure types.
 */
import type { LoadedProject, ProjectName, Wish } from "../../../apply/console.js";
import type { Explanation } from "../../../compose/explain/explain.js";
import type { Plan } from "../../../plan/operation.js";
import type { ContainerInspect, ContainerSummary } from "../../../wire/container.js";
import type { ProgressModel } from "../progress-model.js";
import type { LogEffect, LogsState } from "./logs-state.js";

export type ScreenName = "services" | "logs" | "details" | "graph" | "plan" | "projects";
export const screenNames: readonly ScreenName[] = ["services", "logs", "details", "graph", "plan", "projects"];

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** `gone` and `failed` have a reason; a console without its engine shows what it last knew. */
export type EngineLink =
  | { readonly kind: "connecting" }
  | { readonly kind: "up"; readonly label: string }
  | { readonly kind: "gone"; readonly reason: string; readonly hint?: string };

/** One reading of a container's use: CPU in percent of one CPU, memory in bytes. */
export interface Reading {
  readonly cpu: number;
  readonly memory: number;
}

/** Something that happened to a container, newest last in the state. */
export interface Happening {
  readonly atMs: number;
  readonly service: string;
  readonly text: string;
  readonly tone: "plain" | "good" | "bad" | "wait";
}

/** What an action will do once it is confirmed, and the command that does the same. */
export type Action = { readonly command: string } & (
  | { readonly kind: "wish"; readonly wish: Wish }
  | { readonly kind: "shell"; readonly containerId: string }
  | { readonly kind: "browse"; readonly url: string }
  | { readonly kind: "copy"; readonly text: string }
);

/** An entry of the action menu; one that cannot be done says why not. */
export interface MenuEntry {
  readonly key: string;
  readonly label: string;
  readonly action?: Action;
  readonly reason?: string;
}

export type PromptFor = "search" | "filter" | "scale";

export type Overlay =
  | { readonly kind: "help"; readonly top: number }
  | { readonly kind: "menu"; readonly title: string; readonly entries: readonly MenuEntry[]; readonly selected: number }
  | { readonly kind: "confirm"; readonly action: Action }
  | { readonly kind: "prompt"; readonly asks: PromptFor; readonly text: string; readonly problem?: string };

export interface Notice {
  readonly tone: "plain" | "good" | "bad" | "wait";
  readonly text: string;
  /** The command that does the same; shown behind the text. */
  readonly command?: string;
}

/** A run that goes on, or the last one, until its screen is left. */
export interface RunState {
  readonly command: string;
  readonly progress: ProgressModel;
  readonly outcome?: "succeeded" | "failed" | "rolled-back" | "cancelled";
  /** Cards of what failed, as lines. */
  readonly failures: readonly string[];
}

export interface PlanState {
  readonly wish: Wish;
  readonly plan?: Plan;
  /** The plan as `gantry plan` prints it. */
  readonly text?: string;
  readonly problem?: string;
  readonly top: number;
}

/** What the details of one container are drawn from. */
export interface DetailsState {
  readonly inspect?: ContainerInspect;
  readonly problem?: string;
  /** Where each variable of the service's environment is from, by name. */
  readonly environment: ReadonlyMap<string, Explanation>;
  readonly top: number;
}

export interface ConsoleState {
  readonly size: Size;
  /** The wall clock of the last message. */
  readonly nowMs: number;
  /** The clock of durations at the last message. */
  readonly monotonicMs: number;
  readonly loaded: LoadedProject;
  readonly isLoading: boolean;
  /** Until files have told the project's name, it is that of the containers which were made from this folder. */
  readonly folder?: string;
  readonly engine: EngineLink;
  /** Containers of every project, one-offs too, as the engine lists them. */
  readonly containers: readonly ContainerSummary[];
  readonly hasObserved: boolean;
  /** When `containers` was observed, on the wall clock. */
  readonly observedAtMs: number;
  readonly readings: ReadonlyMap<string, readonly Reading[]>;
  readonly happenings: readonly Happening[];
  readonly screen: ScreenName;
  /** Of the rows of the services screen; also what the other screens are about. */
  readonly selected?: string;
  readonly top: number;
  readonly marked: ReadonlySet<string>;
  readonly overlay?: Overlay;
  readonly notice?: Notice;
  readonly logs?: LogsState;
  readonly details: DetailsState;
  readonly graphTop: number;
  readonly planned?: PlanState;
  readonly run?: RunState;
  readonly projectAt: number;
}

/** What the shell is asked to do; it answers by messages. */
export type Effect =
  | { readonly kind: "quit" }
  | { readonly kind: "act"; readonly action: Action }
  | { readonly kind: "draw-plan"; readonly wish: Wish }
  | { readonly kind: "apply-plan"; readonly plan: Plan; readonly command: string }
  | { readonly kind: "cancel-run" }
  | { readonly kind: "inspect"; readonly containerId: string; readonly service: string }
  | { readonly kind: "switch-project"; readonly project: ProjectName }
  | LogEffect;

/** Two clocks: that of the wall, for people, and the one that never jumps. */
export interface Now {
  readonly nowMs: number;
  readonly monotonicMs: number;
}

/** Before anything is known. */
export function initialState(size: Size, { nowMs, monotonicMs }: Now): ConsoleState {
  return {
    size,
    nowMs,
    monotonicMs,
    loaded: { problems: [], command: "gantry" },
    isLoading: true,
    engine: { kind: "connecting" },
    containers: [],
    hasObserved: false,
    observedAtMs: nowMs,
    readings: new Map(),
    happenings: [],
    screen: "services",
    top: 0,
    marked: new Set(),
    details: { environment: new Map(), top: 0 },
    graphTop: 0,
    projectAt: 0,
  };
}
