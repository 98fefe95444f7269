/**
 * What Compose files say to Gantry alone, under `x-gantry`: other tools pass it over.
 *
 * Pure types. Durations are integer nanoseconds. Unknown members are refused, as in the rest of the file.
 */

/** `x-gantry` of a service. */
export interface ServiceExtension {
  /** How long connections of a container that is replaced may go on. Undefined: ten seconds. */
  readonly drain?: number;
  readonly probe?: ProbeSpec;
  readonly heal?: HealSpec;
}

/** A health check from outside of the container. Exactly one of `http`, `tcp` and `log`; times as in `healthcheck`. */
export interface ProbeSpec {
  /** `status` empty: 200 to 399. */
  readonly http?: {
    readonly port: number;
    readonly path?: string;
    readonly scheme?: "http" | "https";
    readonly status: readonly number[];
  };
  /** A port. */
  readonly tcp?: number;
  /** A regular expression for a line of the output. */
  readonly log?: string;
  readonly interval?: number;
  readonly timeout?: number;
  readonly start_period?: number;
  readonly start_interval?: number;
  readonly retries?: number;
}

/** Restarts what stays unhealthy for `after`, `attempts` times within `window`. */
export interface HealSpec {
  readonly after?: number;
  readonly attempts?: number;
  readonly window?: number;
}

/** `x-gantry` of a top-level volume. */
export interface VolumeExtension {
  /** Two containers of a service may write to it at once, so that an update may start the new one first. */
  readonly shared?: boolean;
}

/** `x-gantry` of a project. */
export interface ProjectExtension {
  readonly dev?: DevSpec;
}

/** What `gantry dev` does beyond `up`. */
export interface DevSpec {
  /** By name, sorted. */
  readonly jobs: ReadonlyMap<string, DevJob>;
  /** Undefined: every published port. */
  readonly urls?: readonly DevUrl[];
  readonly logins: readonly DevLogin[];
  readonly next_steps: readonly string[];
}

/** A command that runs once everything is ready, and again when it or what it reads has changed. */
export interface DevJob {
  readonly name: string;
  readonly service: string;
  /** Undefined: the service's own. */
  readonly command?: readonly string[];
  /** In the running container, in place of one of its own. */
  readonly exec: boolean;
  /** Names of jobs that must have succeeded before. */
  readonly after: readonly string[];
  /** Absolute paths of files and folders. */
  readonly inputs: readonly string[];
  readonly environment: Readonly<Record<string, string | null>>;
  readonly user?: string;
  readonly working_dir?: string;
  /** Again after each start of the container, or each time; no file asks for it, a dev container does. */
  readonly repeats?: "start" | "always";
}

/** `url` is complete; else the address is that of a service's published port. */
export type DevUrl =
  | { readonly url: string }
  | { readonly service: string; readonly name?: string; readonly port?: number; readonly path?: string };

export interface DevLogin {
  readonly user: string;
  readonly name?: string;
  readonly password?: string;
}
