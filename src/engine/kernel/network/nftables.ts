/**
 * nftables through libnftables: 0.2 ms for a map element, where spawning `nft` costs 5. Where the library is missing,
 * the `nft` command does the same. Touches the world.
 *
 * One call is one transaction: the kernel takes all of its commands or none. Calls are synchronous and short.
 */
import { spawnSync } from "node:child_process";
import koffi from "koffi";
import { GantryError, messageOf } from "../../../base/errors.js";
import { keptFromChildren } from "../inherited-descriptors.js";

/** How the commands get to the kernel; both ways throw "network-failed" with nft's own words. */
export interface Nftables {
  readonly kind: "library" | "command";
  /** Runs nft syntax. */
  run(commands: string): void;
  /** The parsed JSON answer of a `list …` command, with handles. */
  list(command: string): unknown;
}

const JSON_WITH_HANDLES = (1 << 4) | (1 << 3);

/** Opens the library, or falls back on the command. Rules of the calling thread's network namespace at this moment. */
export function openNftables(): Nftables {
  const library = loadedLibrary();
  return library ? nftablesLibrary(library) : nftablesCommand();
}

/**
 * Runs nft syntax in the thread's present network namespace, with nothing kept open: for use within `inNetns`.
 *
 * Commands should only add. Closing waits until the kernel has disposed of what they deleted, some 10 ms.
 *
 * @throws {GantryError} "network-failed" with nft's own words
 */
export function nftablesOnce(commands: string): void {
  const library = loadedLibrary();
  if (!library) {
    nftablesCommand().run(commands);
    return;
  }
  const context = library.open(); // no child is started before it is closed again
  try {
    library.run(context, commands);
  } finally {
    library.close(context);
  }
}

/** The library's functions. A context is a conversation with the kernel in the namespace in which it was opened. */
interface Library {
  open(): unknown;
  run(context: unknown, commands: string): string;
  setFlags(context: unknown, flags: number): void;
  close(context: unknown): void;
}

let loaded: { library: Library | undefined } | undefined;

/** Undefined where the library cannot be loaded. */
function loadedLibrary(): Library | undefined {
  loaded ??= { library: load() };
  return loaded.library;
}

function load(): Library | undefined {
  try {
    const library = koffi.load("libnftables.so.1");
    const newContext = library.func("void *nft_ctx_new(uint32_t flags)");
    const freeContext = library.func("void nft_ctx_free(void *ctx)");
    const bufferOutput = library.func("int nft_ctx_buffer_output(void *ctx)");
    const bufferError = library.func("int nft_ctx_buffer_error(void *ctx)");
    const outputOf = library.func("const char *nft_ctx_get_output_buffer(void *ctx)");
    const errorOf = library.func("const char *nft_ctx_get_error_buffer(void *ctx)");
    const setFlags = library.func("void nft_ctx_output_set_flags(void *ctx, uint32_t flags)");
    const runCommands = library.func("int nft_run_cmd_from_buffer(void *ctx, const char *commands)");
    return {
      open() {
        const context: unknown = newContext(0);
        if (!context) throw new GantryError("network-failed", "libnftables gives no context");
        bufferOutput(context);
        bufferError(context);
        return context;
      },
      run(context, commands) {
        const status = Number(runCommands(context, commands));
        const output = String(outputOf(context) ?? "");
        const reason = String(errorOf(context) ?? "");
        if (status !== 0) throw refused(reason, commands);
        return output;
      },
      setFlags: (context, flags) => void setFlags(context, flags),
      close: (context) => void freeContext(context),
    };
  } catch {
    return undefined;
  }
}

function nftablesLibrary(library: Library): Nftables {
  const context = keptFromChildren(() => library.open()); // its socket speaks to the kernel as root
  return {
    kind: "library",
    run: (commands) => void library.run(context, commands),
    list(command) {
      library.setFlags(context, JSON_WITH_HANDLES);
      try {
        return JSON.parse(library.run(context, command));
      } finally {
        library.setFlags(context, 0);
      }
    },
  };
}

/** The `nft` command from the search path. */
function nftablesCommand(): Nftables {
  const run = (options: readonly string[], commands: string): string => {
    const result = spawnSync("nft", [...options, "-f", "-"], { input: commands, encoding: "utf8", timeout: 10_000 });
    if (result.error) {
      throw new GantryError("helper-missing", `Cannot run nft: ${messageOf(result.error)}`, {
        hint: "Install nftables (apt-get install nftables).",
        cause: result.error,
      });
    }
    if (result.status !== 0) throw refused(result.stderr, commands);
    return result.stdout;
  };
  return {
    kind: "command",
    run: (commands) => void run([], commands),
    list: (command) => JSON.parse(run(["-j", "-a"], command)),
  };
}

function refused(reason: string, commands: string): GantryError {
  const first = reason.trim().split("\n").slice(0, 3).join(" | ");
  return new GantryError("network-failed", `nftables refused a change: ${first}`, { cause: new Error(commands) });
}
