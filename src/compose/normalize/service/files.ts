/** Normalises a service's use of configs and secrets, and the names of env files. Pure. */
import type { FileUse } from "../../project.js";
import { child, itemPath, itemsOf, type Tree } from "../../tree.js";
import type { Context } from "../context.js";
import { absolutePath, compact, readFlag, readMembers, readMode, readText } from "../read.js";

/** A relative target stands below `/` for a config and below `/run/secrets/` for a secret. */
export function normalizeFileUses(node: Tree | undefined, folder: "/" | "/run/secrets/", context: Context): FileUse[] {
  return itemsOf(node).flatMap((item, index) => {
    const long = readMembers(item, ["source", "target", "uid", "gid"]);
    const source = item.kind === "map" ? long.source : readText(item);
    if (source === undefined) return [];
    context.sources.set(itemPath(node?.path ?? "", index), item.at);
    const target = long.target || source;
    const mode = readMode(child(item, "mode"), context);
    const placed = target.startsWith("/") ? target : folder + target;
    return [compact({ source, target: placed, uid: long.uid, gid: long.gid, mode })];
  });
}

/** An env file still to be read. `raw` files have neither quotes nor variables. */
export interface EnvFileUse {
  readonly path: string;
  readonly required: boolean;
  readonly raw: boolean;
  readonly place: Pick<Tree, "path" | "at">;
}

/** In the order in which they are read: a later file wins. */
export function normalizeEnvFiles(node: Tree | undefined, context: Context): EnvFileUse[] {
  const items = node?.kind === "scalar" ? [node] : itemsOf(node);
  return items.flatMap((item) => {
    const text = item.kind === "map" ? readText(child(item, "path")) : readText(item);
    if (!text) return [];
    const format = child(item, "format");
    if (format && readText(format) !== "raw") {
      context.report.error(format, "bad-value", `"${readText(format)}" is not a format of env files`, {
        expected: "raw",
      });
    }
    return [
      {
        path: absolutePath(text, { ...context, keepsPaths: false }), // it is still to be read
        required: readFlag(child(item, "required"), context) ?? true,
        raw: readText(format) === "raw",
        place: child(item, "path") ?? item,
      },
    ];
  });
}
