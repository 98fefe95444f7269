/** The OCI runtime's command line. Pure. */

/**
 * A runtime that was seen to work on this host (see `host.ts`). `command` is what is executed: the binary, or a wrapper
 * that sets the stage for it; `binary` is the runtime itself, which does for calls that touch no cgroup.
 */
export interface OciRuntime {
  readonly name: string;
  readonly command: string;
  readonly binary: string;
  readonly version: string;
}

/** Arguments before the runtime's verb: its state lives under our own root. */
export function runtimeGlobalArgs(stateDir: string): string[] {
  return ["--root", stateDir];
}
