/**
 * Bundles the program into `dist/`: one entry (`main.js`), the engine and the views as chunks that are loaded when used,
 * and the engine's worker threads as entries of their own.
 */
import { rename, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Source files that a worker thread or a child process loads by path; each becomes `dist/<name>.js`. */
const entries = {
  main: "src/main.ts",
  "unpack-worker": "src/engine/layers/unpack-worker.ts",
  "tree-worker": "src/engine/layers/trees/tree-worker.ts",
};

// Written beside and renamed, so that a program started meanwhile finds the old bundle or the new one, whole.
const fresh = `${root}/dist.${process.pid}.tmp`;
const stale = `${root}/dist.${process.pid}.old`;
const bundle = await rolldown({
  cwd: root,
  input: entries,
  platform: "node",
  // koffi finds its native part beside itself; react-devtools-core is an optional development aid of ink.
  external: ["koffi", "react-devtools-core"],
  transform: { target: "es2022", define: { "process.env.NODE_ENV": '"production"' } },
});
await bundle.write({
  dir: fresh,
  format: "esm",
  sourcemap: true,
  minify: "dce-only",
  chunkFileNames: "chunk-[name]-[hash].js",
});
await rename(`${root}/dist`, stale).catch((error) => {
  if (error.code !== "ENOENT") throw error;
});
await rename(fresh, `${root}/dist`);
await rm(stale, { recursive: true, force: true });
