/** Starts the engine's worker threads, from the bundle and from a checkout. Touches the world. */
import { Worker } from "node:worker_threads";

/**
 * Starts a worker that stands beside the file `besides`: `NAME.js` in the bundle; `NAME.ts` in a checkout, where Node
 * strips the types and a small hook finds `x.ts` for an import of `x.js`. `data` arrives as `workerData`. `ownsFiles`
 * false: descriptors that system calls of its own have opened are not closed with the thread.
 */
export function startWorker(
  name: string,
  { besides, data, ownsFiles = true }: { besides: string; data?: unknown; ownsFiles?: boolean },
): Worker {
  const options = { workerData: data, trackUnmanagedFds: ownsFiles };
  if (!besides.endsWith(".ts")) return new Worker(new URL(`./${name}.js`, besides), options);
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
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(bootstrap)}`), options);
}
