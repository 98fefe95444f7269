/** `update_config` and `rollback_config` of a service, as its `deploy` says. Pure types. */

/** Durations in nanoseconds. `parallelism` 0 is all at once. What is left out has the defaults of the planner. */
export interface UpdateSpec {
  readonly order?: "start-first" | "stop-first";
  readonly parallelism?: number;
  readonly delay?: number;
  readonly monitor?: number;
  /** `rollback` not in `rollback_config`. */
  readonly failure_action?: "pause" | "continue" | "rollback";
  readonly max_failure_ratio?: number;
}
