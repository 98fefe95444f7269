/**
 * Values as Go's `fmt` prints them. Pure.
 *
 * A plain object is a struct, a `Map` a Go map, null a nil pointer, undefined a value that is not there.
 *
 * @see Go, package fmt
 */

/** As `%v`: `[a b]`, `map[k:v]`, `{a b}`, `<nil>`. */
export function goString(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(goString).join(" ")}]`;
  if (value instanceof Map) {
    return `map[${sortedEntries(value)
      .map(([key, member]) => `${key}:${goString(member)}`)
      .join(" ")}]`;
  }
  if (typeof value === "object") return `{${dataOf(value).map(goString).join(" ")}}`;
  return String(value);
}

/** In the order of the keys, as Go prints and ranges over maps. */
export function sortedEntries(map: ReadonlyMap<unknown, unknown>): Array<[string, unknown]> {
  return [...map].map(([key, value]): [string, unknown] => [String(key), value]).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** `print`: a space between two operands of which neither is a text. */
export function sprint(values: readonly unknown[]): string {
  return values
    .map((value, at) => {
      const before = values[at - 1];
      const gap = at > 0 && typeof value !== "string" && typeof before !== "string";
      return `${gap ? " " : ""}${goString(value)}`;
    })
    .join("");
}

/** `println`: spaces between all, and a newline. */
export function sprintln(values: readonly unknown[]): string {
  return `${values.map(goString).join(" ")}\n`;
}

/** `printf` with the verbs v s d q x X o b t f g e c T and %, flags, widths and precisions. */
export function sprintf(format: string, values: readonly unknown[]): string {
  let next = 0;
  const text = format.replace(/%([-+ #0]*)(\d+)?(?:\.(\d*))?([a-zA-Z%])/g, (_whole, flags, width, precision, verb) => {
    if (verb === "%") return "%";
    if (next >= values.length) return `%!${verb}(MISSING)`;
    const value = values[next++];
    const digits = precision === undefined ? undefined : Number(precision || 0);
    return padded(formatVerb(verb, value, { flags, digits }), { flags, width: Number(width ?? 0), verb });
  });
  if (next >= values.length) return text;
  const extra = values.slice(next).map((value) => `${goType(value)}=${goString(value)}`);
  return `${text}%!(EXTRA ${extra.join(", ")})`;
}

function formatVerb(
  verb: string,
  value: unknown,
  { flags, digits }: { flags: string; digits: number | undefined },
): string {
  const bad = `%!${verb}(${goType(value)}=${goString(value)})`;
  const sign = flags.includes("+") && typeof value === "number" && value >= 0 ? "+" : "";
  switch (verb) {
    case "v":
    case "s":
      if (verb === "s" && (typeof value === "number" || typeof value === "boolean")) return bad;
      return digits === undefined ? sign + goString(value) : goString(value).slice(0, digits);
    case "q":
      return typeof value === "string" ? JSON.stringify(value) : bad;
    case "t":
      return typeof value === "boolean" ? String(value) : bad;
    case "T":
      return goType(value);
    case "x":
    case "X":
      return hexadecimal(value, verb) ?? bad;
    default:
      return typeof value === "number" ? sign + formatNumber(verb, value, digits) : bad;
  }
}

function formatNumber(verb: string, value: number, digits: number | undefined): string {
  switch (verb) {
    case "d":
      return Number.isInteger(value) ? value.toFixed(0) : `%!d(float64=${value})`;
    case "o":
      return value.toString(8);
    case "b":
      return value.toString(2);
    case "c":
      return String.fromCodePoint(value);
    case "f":
    case "F":
      return value.toFixed(digits ?? 6);
    case "e":
      return value.toExponential(digits ?? 6).replace(/e([+-])(\d)$/, "e$10$2");
    case "g":
      return digits === undefined ? String(value) : String(Number(value.toPrecision(digits || 1)));
    default:
      return `%!${verb}(${goType(value)}=${value})`;
  }
}

function hexadecimal(value: unknown, verb: "x" | "X"): string | undefined {
  const text =
    typeof value === "string"
      ? Buffer.from(value).toString("hex")
      : Number.isInteger(value)
        ? Number(value).toString(16)
        : undefined;
  return verb === "X" ? text?.toUpperCase() : text;
}

function padded(text: string, { flags, width, verb }: { flags: string; width: number; verb: string }): string {
  if (flags.includes("-")) return text.padEnd(width);
  const zeros = flags.includes("0") && /[dfFegxXob]/.test(verb);
  if (!zeros || !/^[+-]/.test(text)) return text.padStart(width, zeros ? "0" : " ");
  return text.slice(0, 1) + text.slice(1).padStart(width - 1, "0");
}

/** Go's name of the type, as far as it shows. */
export function goType(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  if (value instanceof Map) return "map[string]interface {}";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float64";
  return { string: "string", boolean: "bool", function: "func()" }[typeof value as string] ?? "struct {}";
}

/** The members that are values, not methods. */
function dataOf(value: object): unknown[] {
  return Object.values(value).filter((member) => typeof member !== "function");
}
