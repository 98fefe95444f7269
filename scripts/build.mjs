/**
 * Bundles the program into `dist/`: one entry (`main.js`), the engine and the views as chunks that are loaded when used,
 * and the engine's worker threads as entries of their own. Also compiles the JSON Schemas to standalone validators.
 */
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Source files that a worker thread or a child process loads by path; each becomes `dist/<name>.js`. */
const entries = {
  main: "src/main.ts",
  "unpack-worker": "src/engine/layers/unpack-worker.ts",
};

await rm(`${root}/dist`, { recursive: true, force: true });
const bundle = await rolldown({
  cwd: root,
  input: entries,
  platform: "node",
  // koffi finds its native part beside itself; react-devtools-core is an optional development aid of ink.
  external: ["koffi", "react-devtools-core"],
  transform: { target: "es2022", define: { "process.env.NODE_ENV": '"production"' } },
});
await bundle.write({
  dir: `${root}/dist`,
  format: "esm",
  sourcemap: true,
  minify: "dce-only",
  chunkFileNames: "chunk-[name]-[hash].js",
});
