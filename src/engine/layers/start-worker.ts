/** Starts and ends the engine's worker threads, from the bundle and from a checkout. Touches the world. */
import { once } from "node:events";
import { Worker, workerData } from "node:worker_threads";

/** What each worker is started with: its own data, and the flag that it raises when its modules are loaded. */
interface Luggage {
  readonly data: unknown;
  readonly loaded: Int32Array<SharedArrayBuffer>;
}

const flags = new WeakMap<Worker, Luggage["loaded"]>();

/**
 * Starts a worker that stands beside the file `besides`: `NAME.js` in the bundle; `NAME.ts` in a checkout, where Node
 * strips the types and a small hook finds `x.ts` for an import of `x.js`. `data` is what `beginWork` returns there.
 * `ownsFiles` false: descriptors that system calls of its own have opened are not closed with the thread.
 */
export function startWorker(
  name: string,
  { besides, data, ownsFiles = true }: { besides: string; data?: unknown; ownsFiles?: boolean },
): Worker {
  const loaded = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const options = { workerData: { data, loaded } satisfies Luggage, trackUnmanagedFds: ownsFiles };
  const worker = new Worker(placeOf(name, besides), options);
  flags.set(worker, loaded);
  return worker;
}

/** For a worker, as its first statement: from now on it may be ended. Returns what it was started for. */
export function beginWork(): unknown {
  const { data, loaded } = workerData as Luggage;
  Atomics.store(loaded, 0, 1);
  Atomics.notify(loaded, 0);
  return data;
}

/**
 * Ends a worker, whatever it is doing, but not before it has loaded its modules: a native module whose thread is ended
 * while it is loaded aborts the whole process.
 */
export async function endWorker(worker: Worker): Promise<void> {
  const flag = flags.get(worker);
  const loading = flag && Atomics.waitAsync(flag, 0, 0);
  if (loading?.async) await Promise.race([loading.value, once(worker, "exit").catch(() => {})]);
  await worker.terminate();
}

function placeOf(name: string, besides: string): URL {
  if (!besides.endsWith(".ts")) return new URL(`./${name}.js`, besides);
  const source = new URL(`./${name}.ts`, besides).href;
  const bootstrap = `
    import { registerHooks } from "node:module";
    registerHooks({
      resolve(specifier, context, next) {
        try { return next(specifier, context); }
        catch (error) {
          if (!specifier.startsWith(".") || !specifier.endsWith(".js")) throw error;
          return next(specifier.replace(/js$/, "ts"), context);
        }
      },
    });
    await import(${JSON.stringify(source)});`;
  return new URL(`data:text/javascript,${encodeURIComponent(bootstrap)}`);
}
