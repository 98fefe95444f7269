/** The OCI runtimes of this host. Pure types. */

/**
 * A runtime that was seen to work on this host (see `runtime-probe.ts`). `command` is what is executed: the binary, or
 * a wrapper that sets the stage for it; `binary` is the runtime itself, which does for calls that touch no cgroup.
 */
export interface OciRuntime {
  readonly name: string;
  readonly command: string;
  readonly binary: string;
  readonly version: string;
}
