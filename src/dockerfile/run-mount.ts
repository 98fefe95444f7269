/**
 * The values of `RUN --mount`. Pure.
 *
 * @see Dockerfile reference, "RUN --mount"
 */
import { didYouMean } from "../base/did-you-mean.js";
import { GantryError } from "../base/errors.js";

/** `target` may be relative to the working directory. `id` defaults to the target or to the secret's name. */
export type RunMount = {
  readonly target: string;
  readonly readOnly: boolean;
} & (
  | { readonly kind: "bind"; readonly from?: string; readonly source: string }
  | {
      readonly kind: "cache";
      readonly id: string;
      readonly from?: string;
      readonly source: string;
      readonly sharing: "shared" | "private" | "locked";
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  | { readonly kind: "tmpfs"; readonly sizeBytes?: number }
  | {
      readonly kind: "secret" | "ssh";
      readonly id: string;
      readonly required: boolean;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
      /** The variable that gets a secret's value; with it the file is there only when a target was given. */
      readonly env?: string;
    }
);

const kinds = ["bind", "cache", "tmpfs", "secret", "ssh"];
const keys: Readonly<Record<string, readonly string[]>> = {
  bind: ["target", "source", "from", "rw", "ro"],
  cache: ["id", "target", "source", "from", "ro", "rw", "sharing", "mode", "uid", "gid"],
  tmpfs: ["target", "size"],
  secret: ["id", "target", "required", "mode", "uid", "gid", "env"],
  ssh: ["id", "target", "required", "mode", "uid", "gid"],
};
const synonyms: Readonly<Record<string, string>> = {
  ...{ dst: "target", destination: "target", src: "source" },
  ...{ readonly: "ro", readwrite: "rw" },
};

/** Throws "bad-parameter" naming the key. `expand` replaces the variables of a value. */
export function parseRunMount(text: string, expand: (value: string) => string): RunMount {
  const fields = new Map<string, string>();
  for (const field of text.split(",")) {
    const at = field.indexOf("=");
    const written = (at < 0 ? field : field.slice(0, at)).trim().toLowerCase();
    fields.set(synonyms[written] ?? written, at < 0 ? "true" : expand(field.slice(at + 1)));
  }
  const kind = fields.get("type") ?? "bind";
  if (!kinds.includes(kind)) throw bad(`unsupported mount type ${JSON.stringify(kind)}`, didYouMean(kind, kinds));
  fields.delete("type");
  const known = keys[kind] ?? [];
  for (const key of fields.keys()) {
    if (!known.includes(key)) throw bad(`unexpected key '${key}' in mount of type ${kind}`, didYouMean(key, known));
  }
  return build(kind as RunMount["kind"], fields);
}

function build(kind: RunMount["kind"], fields: ReadonlyMap<string, string>): RunMount {
  const target = fields.get("target") ?? "";
  const from = fields.get("from");
  const source = fields.get("source") ?? "";
  const origin = from === undefined ? {} : { from };
  switch (kind) {
    case "bind":
      return { kind, target: needed(target, kind), source, readOnly: !flag(fields, "rw"), ...origin };
    case "cache": {
      const sharing = fields.get("sharing") ?? "shared";
      if (sharing !== "shared" && sharing !== "private" && sharing !== "locked") {
        throw bad(`unsupported sharing value ${JSON.stringify(sharing)}: shared, private or locked`);
      }
      const id = fields.get("id") || needed(target, kind);
      const readOnly = flag(fields, "ro");
      return { kind, target: needed(target, kind), id, source, sharing, readOnly, ...owner(fields, 0o755), ...origin };
    }
    case "tmpfs": {
      const size = fields.get("size");
      const bytes = size === undefined ? {} : { sizeBytes: sizeBytes(size) };
      return { kind, target: needed(target, kind), readOnly: false, ...bytes };
    }
    case "secret":
    case "ssh": {
      const id = fields.get("id") || (kind === "ssh" ? "default" : (target.split("/").at(-1) ?? ""));
      if (id === "") throw bad(`a mount of type ${kind} needs an id or a target`);
      const env = fields.get("env");
      const place = target || (kind === "secret" && env === undefined ? `/run/secrets/${id}` : "");
      const required = flag(fields, "required");
      const mode = kind === "secret" ? 0o400 : 0o600;
      return { kind, target: place, readOnly: true, id, required, ...owner(fields, mode), ...(env ? { env } : {}) };
    }
  }
}

function owner(fields: ReadonlyMap<string, string>, mode: number): { mode: number; uid: number; gid: number } {
  const number = (key: string, otherwise: number, base = 10) => {
    const text = fields.get(key);
    if (text === undefined) return otherwise;
    if (!(base === 8 ? /^[0-7]+$/ : /^\d+$/).test(text)) throw bad(`invalid value ${JSON.stringify(text)} for ${key}`);
    return Number.parseInt(text, base);
  };
  return { mode: number("mode", mode, 8), uid: number("uid", 0), gid: number("gid", 0) };
}

function flag(fields: ReadonlyMap<string, string>, key: string): boolean {
  const text = fields.get(key);
  if (text === undefined || ["false", "0"].includes(text)) return false;
  if (["", "true", "1"].includes(text)) return true;
  throw bad(`invalid value ${JSON.stringify(text)} for ${key}`);
}

const units: Readonly<Record<string, number>> = { "": 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

function sizeBytes(text: string): number {
  const match = /^(\d+)(b|k|m|g)?b?$/i.exec(text);
  if (!match) throw bad(`invalid size ${JSON.stringify(text)}`);
  return Number(match[1]) * (units[(match[2] ?? "").toLowerCase()] ?? 1);
}

function needed(target: string, kind: string): string {
  if (target === "") throw bad(`a mount of type ${kind} needs a target`);
  return target;
}

function bad(message: string, hint?: string): GantryError {
  return new GantryError("bad-parameter", message, hint ? { hint } : {});
}
