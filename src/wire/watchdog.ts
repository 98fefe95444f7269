/**
 * What Gantry's engine does for a running container that Docker's does not: probes from outside of it, and healing.
 * Members of `HostConfig`; other engines ignore them. Pure types.
 */

/** Exactly one of `Http`, `Tcp` and `Log`. Times in nanoseconds; 0 means the default, but for `StartPeriod`. */
export interface ProbeConfig {
  /** A request to the container's own address; `Status` empty: 200 to 399. TLS certificates are not looked at. */
  Http?: { Port: number; Path?: string; Scheme?: string; Status?: number[] | null } | null;
  /** A connection to the container's own address. */
  Tcp?: { Port: number } | null;
  /** A line of its output, since its start, that a regular expression (ECMAScript) finds something in. */
  Log?: { Pattern: string } | null;
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  StartInterval?: number;
  Retries?: number;
}

/** Restarts a container that stays unhealthy for `After`, `Attempts` times within `Window` (both nanoseconds). */
export interface HealConfig {
  After?: number;
  Attempts?: number;
  Window?: number;
}
