/** The logs screen's part of the state, and what it asks the shell for. Pure types. */
import type { Direction, LogBlock, LogLine, LogPlace } from "../logs/log-window.js";

/** A container whose log is shown. `label` stands before its lines. */
export interface LogSource {
  readonly containerId: string;
  readonly label: string;
}

export interface LogsState {
  /** Answers to questions of an earlier opening are dropped by it. */
  readonly session: number;
  readonly title: string;
  /** Whose containers they are. */
  readonly services: readonly string[];
  readonly sources: readonly LogSource[];
  /** Containers that those services have by now: taken when the end is opened the next time. */
  readonly newer?: readonly LogSource[];
  /** One for each source once it has been opened. */
  readonly blocks: readonly LogBlock[];
  /** `mergeBlocks` of them. */
  readonly lines: readonly LogLine[];
  /** The lowest line on the screen; undefined at the end. */
  readonly anchor?: LogLine;
  /** New lines come in by themselves while the end is shown. */
  readonly follows: boolean;
  /** Sources that were written to since they were read: what is shown stays, and they are read again. */
  readonly grown: ReadonlySet<number>;
  readonly wraps: boolean;
  readonly stamps: boolean;
  /** Columns cut off at the left, without wrapping. */
  readonly left: number;
  /** As typed; only lines that match are shown. */
  readonly filter?: string;
  readonly pattern?: string;
  readonly hit?: LogLine;
  /** Nothing is read meanwhile. */
  readonly busy?: "opening" | "searching";
  /** One read at a time; a search may begin while it is under way. */
  readonly isReading?: boolean;
  /** Searches that were begun; what an earlier one finds is dropped. */
  readonly search: number;
  readonly scan?: { readonly bytes: number; readonly total: number };
  readonly problem?: string;
}

/** Where a search goes on in each source. */
export interface SearchFrom {
  readonly places: readonly LogPlace[];
  readonly direction: Direction;
  readonly pattern: string;
  /** Lines that do not match it are not there. */
  readonly filter?: string | undefined;
}

export type LogEffect =
  | {
      readonly kind: "open-logs";
      readonly session: number;
      readonly sources: readonly LogSource[];
      readonly filter?: string | undefined;
      /** Shown around it; the end without it. */
      readonly around?: LogLine | undefined;
    }
  | {
      readonly kind: "read-log";
      readonly session: number;
      readonly source: number;
      readonly direction: Direction;
      readonly place: LogPlace;
      readonly filter?: string | undefined;
    }
  | { readonly kind: "search-logs"; readonly session: number; readonly search: number; readonly from: SearchFrom }
  | { readonly kind: "cancel-search" }
  | { readonly kind: "close-logs" };

export type LogMessage =
  | { readonly kind: "logs-opened"; readonly session: number; readonly blocks: readonly LogBlock[] }
  | {
      readonly kind: "log-read";
      readonly session: number;
      readonly source: number;
      readonly direction: Direction;
      readonly block: LogBlock;
    }
  /** Something was written to a log since it was read. */
  | { readonly kind: "log-grew"; readonly sources: readonly number[]; readonly session: number }
  | {
      readonly kind: "log-scanned";
      readonly session: number;
      readonly search: number;
      readonly bytes: number;
      readonly total: number;
    }
  | {
      readonly kind: "log-searched";
      readonly session: number;
      readonly search: number;
      readonly hit?: LogLine | undefined;
    }
  /** A search when it has a number, else a read or the opening. */
  | { readonly kind: "log-failed"; readonly session: number; readonly search?: number; readonly reason: string };

/** What is held of all logs together; enough to scroll in without reading at every key. */
export const holdLimits = { lines: 4000, characters: 8_000_000 };
