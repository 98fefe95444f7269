/** `--output` of `image build`, in docker build's words. Pure. */

import type { ImageOutput } from "../../../../apply/build/export-image.js";
import { GantryError } from "../../../../base/errors.js";

/** What becomes of the image beside what is stored. `names` are further names of it. */
export interface AskedOutput {
  readonly export?: ImageOutput;
  readonly push: boolean;
  readonly names: readonly string[];
}

const types = ["local", "tar", "docker", "oci", "image", "registry"];

/** `DIRECTORY`, `-`, `type=tar,dest=FILE`, … `resolve` makes paths absolute. Throws "bad-usage". */
export function parseOutput(text: string, resolve: (path: string) => string): AskedOutput {
  if (text === "-") return { export: { kind: "files" }, push: false, names: [] };
  if (!text.includes("=")) return { export: { kind: "directory", to: resolve(text) }, push: false, names: [] };
  const fields = new Map(
    text.split(",").map((field): [string, string] => {
      const [key = "", value = ""] = field.split(/=(.*)/s, 2);
      return [key.trim().toLowerCase(), value.trim()];
    }),
  );
  const type = fields.get("type") ?? "";
  const dest = fields.get("dest");
  const names = fields.has("name") ? [fields.get("name") ?? ""] : [];
  const place = dest === undefined || dest === "-" ? undefined : resolve(dest);
  const to = place === undefined ? {} : { to: place };
  switch (type) {
    case "local":
      if (place === undefined) throw bad(`${text} needs dest=DIRECTORY`);
      return { export: { kind: "directory", to: place }, push: false, names };
    case "tar":
      return { export: { kind: "files", ...to }, push: false, names };
    case "docker":
      // Without a file it is the engine's own store.
      return dest === undefined ? { push: false, names } : { export: { kind: "archive", ...to }, push: false, names };
    case "oci":
      return { export: { kind: "archive", ...to }, push: false, names };
    case "image":
    case "registry":
      return { push: type === "registry" || fields.get("push") === "true", names };
    default:
      throw bad(`unknown type ${JSON.stringify(type)}: ${types.join(", ")} are known`);
  }
}

function bad(message: string): GantryError {
  return new GantryError("bad-usage", `--output: ${message}`);
}
