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
  "build-worker": "src/engine/builder/trees/build-worker.ts",
};

/** Modules that take some milliseconds to load, and of which only functions are used, where somebody calls one. */
const calledSeldom = new Set(["node:crypto"]);

// Written beside and renamed, so that a program started meanwhile finds the old bundle or the new one, whole.
const fresh = `${root}/dist.${process.pid}.tmp`;
const stale = `${root}/dist.${process.pid}.old`;
const bundle = await rolldown({
  cwd: root,
  input: entries,
  platform: "node",
  // Nobody imports the bundle: its files may export what they like.
  preserveEntrySignatures: false,
  // koffi finds its native part beside itself; react-devtools-core is an optional development aid of ink.
  external: ["koffi", "react-devtools-core"],
  plugins: [
    { name: "lean-builtins", renderChunk: (code) => ({ code: leanBuiltins(code), map: null }) },
    { name: "lean-yoga", transform: { filter: { id: /yoga-wasm-base64-esm\.js$/ }, handler: withoutFetch } },
  ],
  transform: { target: "es2022", define: { "process.env.NODE_ENV": '"production"' } },
});
await bundle.write({
  dir: fresh,
  format: "esm",
  sourcemap: true,
  minify: "dce-only",
  chunkFileNames: "chunk-[name]-[hash].js",
  // Each file costs a command about a millisecond, so what is used together is one. The order is that of need.
  codeSplitting: {
    // What a group's modules import stays where it is used: `ps` loads no planner because it shares a helper with it.
    includeDependenciesRecursively: false,
    groups: [
      { name: "client", test: /\/src\/(base|wire|client)\// },
      { name: "compose", test: /\/(src\/compose\/|node_modules\/(yaml|ajv)\/)/ },
      { name: "plan", test: /\/src\/(plan|apply)\// },
      { name: "look", test: /\/src\/cli\/(views\/|commands\/(compose\/(load|ps)\.|engine-objects\/table))/ },
      { name: "up", test: /\/src\/cli\/commands\/compose\/(up|run-plan|output\/progress)\./ },
    ],
  },
});
await rename(`${root}/dist`, stale).catch((error) => {
  if (error.code !== "ENOENT") throw error;
});
await rename(fresh, `${root}/dist`);
await rm(stale, { recursive: true, force: true });

function onCall(name, module) {
  const [exported, local = exported] = name.split(" as ");
  return `const ${local} = (...words) => ${module}.${exported}(...words);`;
}

/**
 * Takes Node's own modules without `import`, which would read every name that such a module exports: with `node:fs` come
 * its streams and its promises, with `node:http` a WebSocket. Half of a short command's time went there.
 */
function leanBuiltins(code) {
  const lean = code.replace(
    /^import (?:(\w+|\w+\$\d+)(?:, )?)?(?:\{ ([^}]*) \}|\* as (\S+))? ?from "(node:[\w/]+)";$/gm,
    (_, whole, names, space, module) => {
      const taken = `globalThis.process.getBuiltinModule("${module}")`;
      if (calledSeldom.has(module) && !whole && !space)
        return names
          .split(", ")
          .map((name) => onCall(name, taken))
          .join(" ");
      const wholes = [whole, space].filter(Boolean).map((name) => `const ${name} = ${taken};`);
      return [...wholes, ...(names ? [`const { ${names.replaceAll(" as ", ": ")} } = ${taken};`] : [])].join(" ");
    },
  );
  const missed = /^import .*from "node:.*$/m.exec(lean);
  if (missed) throw new Error(`An import that the build does not understand: ${missed[0]}`);
  return lean;
}

/**
 * Ink's layout engine carries its WebAssembly as text, and reads it with `fetch` where that is there: an HTTP client that
 * is loaded for nothing, in front of the first frame. Without one it decodes the text itself.
 */
function withoutFetch(code) {
  // A name that nobody has, of the same length, so that the source map stays true.
  const lean = code.replaceAll("typeof fetch?", "typeof null_?");
  if (lean === code) throw new Error("yoga-layout no longer asks for fetch: lean-yoga has nothing to do");
  return { code: lean, map: null };
}
