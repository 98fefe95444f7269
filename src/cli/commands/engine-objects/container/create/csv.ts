/** Fields that are separated by commas, as `--mount`, `--gpus` and `--network` have them. Pure. @see RFC 4180 */

/** A field in double quotes may hold commas; two quotes in it are one. */
export function splitCsv(text: string): string[] {
  const fields: string[] = [];
  let rest = text;
  for (;;) {
    const quoted = /^"((?:[^"]|"")*)"(?=,|$)/.exec(rest);
    const field = quoted?.[0] ?? /^[^,]*/.exec(rest)?.[0] ?? "";
    fields.push(quoted ? (quoted[1] ?? "").replace(/""/g, '"') : field);
    if (rest.length === field.length) return fields;
    rest = rest.slice(field.length + 1);
  }
}

/** `name=value` with the name in small letters; a word alone has no value. */
export function splitField(field: string): [name: string, value: string | undefined] {
  const at = field.indexOf("=");
  return at < 0
    ? [field.trim().toLowerCase(), undefined]
    : [field.slice(0, at).trim().toLowerCase(), field.slice(at + 1)];
}
