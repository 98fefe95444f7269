/**
 * Replaces variables, quotes and escapes in the words of an instruction.
 *
 * Pure. Forms: `$name`, `${name}`, `${name:-word}`, `${name:+word}`, `${name:?word}` and without the colon,
 * `${name#pattern}`, `##`, `%`, `%%`, `${name/pattern/replacement}`, `//`. An unset variable is empty.
 *
 * @see Dockerfile reference, "Environment replacement"
 */
import { GantryError } from "../base/errors.js";

export type Variables = ReadonlyMap<string, string>;

/** What a word may do: `words` splits at white space that no quote protects, also inside of variables' values. */
export interface ExpandOptions {
  readonly escapeToken: string;
  readonly variables: Variables;
  /** Leaves quotes and escapes as they are, as a here-document wants it. */
  readonly keepQuotes?: boolean;
  /** Told of each variable that was asked for and is not set. */
  readonly onUnset?: (name: string) => void;
}

/** One word. Throws "bad-parameter" for a substitution that is none. */
export function expandWord(word: string, options: ExpandOptions): string {
  return new Expander(word, options).run().join("");
}

/** The words of a text. */
export function expandWords(text: string, options: ExpandOptions): string[] {
  return new Expander(text, options).words();
}

const special = /^[@*#?\-$!0]$/;

class Expander {
  readonly #text: string;
  readonly #options: ExpandOptions;
  #at = 0;
  /** Pieces of the result; a space among them that splits words is an entry of its own. */
  #pieces: string[] = [];

  constructor(text: string, options: ExpandOptions) {
    this.#text = text;
    this.#options = options;
  }

  run(): string[] {
    this.#until("");
    return this.#pieces;
  }

  /** A word break is a NUL in the pieces: no Dockerfile holds one. */
  words(): string[] {
    const { keepQuotes, ...options } = this.#options;
    const words: string[] = [];
    for (const raw of splitRaw(this.#text, this.#options.escapeToken)) {
      const expander = new Expander(raw, options);
      expander.#splitting = true;
      words.push(
        ...expander
          .run()
          .join("")
          .split("\0")
          .filter((word) => word !== ""),
      );
    }
    return words;
  }

  #splitting = false;

  /** Reads up to an unquoted `stop`, which is left where it is. */
  #until(stop: string): void {
    const { escapeToken, keepQuotes } = this.#options;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at] ?? "";
      if (stop !== "" && stop.includes(char)) return;
      if (char === "'" && !keepQuotes) this.#single();
      else if (char === '"' && !keepQuotes) this.#double();
      else if (char === "$") this.#push(this.#dollar());
      else if (char === escapeToken) this.#escaped();
      else {
        this.#pieces.push(char);
        this.#at += 1;
      }
    }
  }

  #push(value: string): void {
    this.#pieces.push(this.#splitting ? value.replace(/\s+/g, "\0") : value);
  }

  #escaped(): void {
    const next = this.#text[this.#at + 1];
    if (this.#options.keepQuotes && next !== "$") this.#pieces.push(this.#options.escapeToken);
    if (next !== undefined) this.#pieces.push(next);
    this.#at += 2;
  }

  #single(): void {
    const end = this.#text.indexOf("'", this.#at + 1);
    if (end < 0) throw bad("unexpected end of statement while looking for matching single-quote");
    this.#pieces.push(this.#text.slice(this.#at + 1, end));
    this.#at = end + 1;
  }

  #double(): void {
    const { escapeToken } = this.#options;
    this.#at += 1;
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined) throw bad("unexpected end of statement while looking for matching double-quote");
      if (char === '"') break;
      const next = this.#text[this.#at + 1] ?? "";
      if (char === "$") this.#pieces.push(this.#dollar());
      else if (char === escapeToken && ['"', "$", escapeToken].includes(next)) {
        this.#pieces.push(next);
        this.#at += 2;
      } else {
        this.#pieces.push(char);
        this.#at += 1;
      }
    }
    this.#at += 1;
  }

  #dollar(): string {
    this.#at += 1;
    if (this.#text[this.#at] === "{") {
      this.#at += 1;
      return this.#braced();
    }
    const name = this.#name();
    return name === "" ? "$" : (this.#lookUp(name) ?? "");
  }

  #name(): string {
    const rest = this.#text.slice(this.#at);
    const match = /^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+)/.exec(rest)?.[0];
    const name = match ?? (special.test(rest[0] ?? "") ? (rest[0] ?? "") : "");
    this.#at += name.length;
    return name;
  }

  #lookUp(name: string): string | undefined {
    const value = this.#options.variables.get(name);
    if (value === undefined) this.#options.onUnset?.(name);
    return value;
  }

  #braced(): string {
    const name = this.#name();
    if (name === "") throw bad("syntax error: bad substitution");
    const sign = this.#text[this.#at];
    if (sign === undefined) throw bad("syntax error: missing '}'");
    if (sign === "}") {
      this.#at += 1;
      return this.#lookUp(name) ?? "";
    }
    const value = this.#options.variables.get(name);
    const colon = sign === ":";
    if (colon) this.#at += 1;
    const modifier = this.#text[this.#at] ?? "";
    this.#at += 1;
    if ("+-?".includes(modifier) && modifier !== "") return this.#default(name, value, { modifier, colon });
    if (!colon && (modifier === "#" || modifier === "%")) return this.#trimmed(value ?? "", modifier);
    if (!colon && modifier === "/") return this.#replaced(value ?? "");
    throw bad(`unsupported modifier (${colon ? ":" : ""}${modifier}) in substitution`);
  }

  #default(name: string, value: string | undefined, how: { modifier: string; colon: boolean }): string {
    const word = this.#word("}");
    const isSet = value !== undefined && (!how.colon || value !== "");
    if (how.modifier === "+") return isSet ? word : "";
    if (isSet) return value;
    if (how.modifier === "-") return word;
    const why = word || `not allowed to be ${how.colon ? "empty" : "unset"}`;
    throw bad(`${name}: ${why}`);
  }

  #trimmed(value: string, sign: string): string {
    const longest = this.#text[this.#at] === sign;
    if (longest) this.#at += 1;
    const pattern = globSource(this.#word("}"), longest);
    if (sign === "#") return value.replace(new RegExp(`^(?:${pattern})`, "s"), "");
    if (longest) return value.replace(new RegExp(`(?:${pattern})$`, "s"), "");
    // The shortest end that matches: tried from the right, as a regular expression looks from the left.
    const whole = new RegExp(`^(?:${pattern})$`, "s");
    for (let at = value.length; at >= 0; at -= 1) if (whole.test(value.slice(at))) return value.slice(0, at);
    return value;
  }

  #replaced(value: string): string {
    const everywhere = this.#text[this.#at] === "/";
    if (everywhere) this.#at += 1;
    const pattern = this.#word("/}", false);
    let replacement = "";
    if (this.#text[this.#at] === "/") {
      this.#at += 1;
      replacement = this.#word("}");
    } else this.#close();
    return value.replace(new RegExp(globSource(pattern, true), everywhere ? "gs" : "s"), () => replacement);
  }

  /** The text up to one of `stops`, itself expanded. */
  #word(stops: string, closes = true): string {
    const inner = new Expander(this.#text, this.#options);
    inner.#at = this.#at;
    inner.#until(stops);
    this.#at = inner.#at;
    if (closes) this.#close();
    return inner.#pieces.join("");
  }

  #close(): void {
    if (this.#text[this.#at] !== "}") throw bad("syntax error: missing '}'");
    this.#at += 1;
  }
}

/** A shell pattern as the source of a regular expression: `*`, `?`, and a backslash that takes the meaning away. */
function globSource(pattern: string, greedy: boolean): string {
  let source = "";
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] ?? "";
    if (char === "*") source += greedy ? ".*" : ".*?";
    else if (char === "?") source += ".";
    else if (char === "\\") {
      at += 1;
      source += escaped(pattern[at] ?? "\\");
    } else source += escaped(char);
  }
  return source;
}

function escaped(char: string): string {
  return char.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

function splitRaw(text: string, escapeToken: string): string[] {
  const words: string[] = [];
  let word = "";
  let quote = "";
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? "";
    if (char === escapeToken && quote !== "'" && at + 1 < text.length) {
      word += char + (text[at + 1] ?? "");
      at += 1;
    } else if (quote === "" && depth === 0 && /\s/.test(char)) {
      if (word !== "") words.push(word);
      word = "";
    } else {
      if (quote === "" && (char === '"' || char === "'")) quote = char;
      else if (char === quote) quote = "";
      if (text.startsWith("${", at)) depth += 1;
      if (char === "}" && depth > 0) depth -= 1;
      word += char;
    }
  }
  return word === "" ? words : [...words, word];
}

function bad(message: string): GantryError {
  return new GantryError("bad-parameter", message);
}
