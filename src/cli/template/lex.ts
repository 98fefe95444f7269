/** Cuts a Go template into text and the tokens of its actions. Pure. @see Go, package text/template */
import { TemplateError } from "./template-error.js";

/** `at` is the offset in the template's text. */
export type Token = { readonly at: number } & (
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "open" | "close" | "space" | "end" }
  /** `.` or `.Name`. */
  | { readonly kind: "field"; readonly name: string }
  /** `$` or `$name`. */
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "word"; readonly name: string }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "symbol"; readonly symbol: string }
);

const trailingSpace = /[ \t\r\n]+$/;
const leadingSpace = /^[ \t\r\n]+/;

/** The tokens in order, an `end` last. Throws a TemplateError for what is no token. */
export function lex(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < source.length) {
    const open = source.indexOf("{{", at);
    const text = source.slice(at, open < 0 ? undefined : open);
    const trims = open >= 0 && /^\{\{-[ \t\r\n]/.test(source.slice(open, open + 4));
    pushText(tokens, trims ? text.replace(trailingSpace, "") : text, at);
    if (open < 0) break;
    const inside = open + (trims ? 3 : 2);
    const end = isComment(source, inside) ? skipComment(source, inside) : lexAction(source, { open, inside, tokens });
    const skipped = end.trims ? (leadingSpace.exec(source.slice(end.at))?.[0].length ?? 0) : 0;
    at = end.at + skipped;
  }
  tokens.push({ kind: "end", at: source.length });
  return tokens;
}

/** Where the text behind an action begins, and whether its spaces are taken away. */
interface ActionEnd {
  readonly at: number;
  readonly trims: boolean;
}

function pushText(tokens: Token[], text: string, at: number): void {
  if (text !== "") tokens.push({ kind: "text", text, at });
}

function isComment(source: string, inside: number): boolean {
  return /^[ \t\r\n]*\/\*/.test(source.slice(inside, inside + 100));
}

function skipComment(source: string, inside: number): ActionEnd {
  const closed = source.indexOf("*/", inside);
  const rest = closed < 0 ? undefined : /^([ \t\r\n]+-)?\}\}/.exec(source.slice(closed + 2));
  if (!rest) throw new TemplateError("a comment is not closed by */}}", source, inside);
  return { at: closed + 2 + rest[0].length, trims: rest[1] !== undefined };
}

function lexAction(
  source: string,
  { open, inside, tokens }: { open: number; inside: number; tokens: Token[] },
): ActionEnd {
  tokens.push({ kind: "open", at: open });
  let at = inside;
  for (;;) {
    const rest = source.slice(at);
    const close = /^([ \t\r\n]+-)?\}\}/.exec(rest);
    if (close) {
      tokens.push({ kind: "close", at });
      return { at: at + close[0].length, trims: close[1] !== undefined };
    }
    if (rest === "") throw new TemplateError("an action is not closed by }}", source, open);
    at += lexToken(source, at, tokens);
  }
}

/** How many characters the token took. */
function lexToken(source: string, at: number, tokens: Token[]): number {
  const rest = source.slice(at);
  const space = leadingSpace.exec(rest);
  if (space) return push(tokens, { kind: "space", at }, space[0]);
  const field = /^\.(?!\d)([\p{L}_][\p{L}\p{N}_]*)?/u.exec(rest);
  if (field) return push(tokens, { kind: "field", name: field[1] ?? "", at }, field[0]);
  const variable = /^\$([\p{L}\p{N}_]*)/u.exec(rest);
  if (variable) return push(tokens, { kind: "variable", name: variable[1] ?? "", at }, variable[0]);
  const number = /^[+-]?(0x[0-9a-fA-F_]+|0b[01_]+|0o?[0-7_]+(?![.\d])|(\d[\d_]*\.?\d*|\.\d+)([eE][+-]?\d+)?)/.exec(
    rest,
  );
  if (number) return push(tokens, { kind: "number", value: toNumber(number[0]), at }, number[0]);
  const word = /^[\p{L}_][\p{L}\p{N}_]*/u.exec(rest);
  if (word) return push(tokens, { kind: "word", name: word[0], at }, word[0]);
  const quoted = /^"(?:[^"\\\n]|\\.)*"|^`[^`]*`|^'(?:[^'\\\n]|\\.)+'/.exec(rest);
  if (quoted) return push(tokens, literal(source, at, quoted[0]), quoted[0]);
  if (/^["'`]/.test(rest)) throw new TemplateError("a text is not closed by its quote", source, at);
  const symbol = /^(:=|[()|,=])/.exec(rest);
  if (symbol) return push(tokens, { kind: "symbol", symbol: symbol[0], at }, symbol[0]);
  throw new TemplateError(`${rest.slice(0, 1)} does not belong here`, source, at);
}

function push(tokens: Token[], token: Token, text: string): number {
  tokens.push(token);
  return text.length;
}

function toNumber(text: string): number {
  const digits = text.replace(/_/g, "").replace(/^([+-]?)0(?=[0-7])/, "$10o");
  return digits.startsWith("-") ? -Number(digits.slice(1)) : Number(digits.replace(/^\+/, ""));
}

/** A rune is a number, as in Go. */
function literal(source: string, at: number, text: string): Token {
  const inner = text.slice(1, -1);
  if (text.startsWith("`")) return { kind: "string", value: inner, at };
  const value = withEscapes(inner, source, at);
  return text.startsWith("'")
    ? { kind: "number", value: value.codePointAt(0) ?? 0, at }
    : { kind: "string", value, at };
}

const escapes: Readonly<Record<string, string>> = {
  ...{ n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", f: "\f", v: "\v" },
  ...{ "\\": "\\", '"': '"', "'": "'" },
};

function withEscapes(text: string, source: string, at: number): string {
  return text.replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)/g, (whole, code: string) => {
    if (/^[xuU]./.test(code)) return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
    if (/^[0-7]{3}$/.test(code)) return String.fromCharCode(Number.parseInt(code, 8));
    const known = escapes[code];
    if (known === undefined) throw new TemplateError(`${whole} is no escape that a text may have`, source, at);
    return known;
  });
}
