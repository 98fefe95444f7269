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
