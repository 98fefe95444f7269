/**
 * Substitutes variables in one text: `$V`, `${V}`, `${V:-w}`, `${V-w}`, `${V:+w}`, `${V+w}`, `${V:?m}`, `${V?m}`, `$$`.
 *
 * Pure. Words after an operator are substituted themselves, to any depth up to a bound.
 *
 * @see Compose Specification, "Interpolation"
 */

export type Lookup = (name: string) => string | undefined;

/** `unset` are variables without value or default, which became empty. */
export type Interpolated =
  | { readonly kind: "ok"; readonly value: string; readonly unset: readonly string[] }
  | { readonly kind: "missing"; readonly variable: string; readonly message: string }
  | { readonly kind: "malformed"; readonly fragment: string };

/** Deeper nesting than a person writes; it keeps the recursion bounded for hostile files. */
const maxDepth = 50;
const namePattern = /[_a-zA-Z][_a-zA-Z0-9]*/y;
const operators = [":-", ":+", ":?", "-", "+", "?"] as const;

/** The text with its variables replaced. Never throws; the first problem wins. */
export function interpolate(text: string, lookup: Lookup): Interpolated {
  if (!text.includes("$")) return { kind: "ok", value: text, unset: [] };
  return substitute(text, lookup, 0);
}

function substitute(text: string, lookup: Lookup, depth: number): Interpolated {
  if (depth > maxDepth) return { kind: "malformed", fragment: text };
  const unset: string[] = [];
  let value = "";
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf("$", at);
    if (dollar < 0) break;
    value += text.slice(at, dollar);
    const token = nextToken(text, dollar);
    if (token.kind === "malformed") return token;
    if (token.kind === "literal") value += token.value;
    else {
      const replaced = replace(token, lookup, depth);
      if (replaced.kind !== "ok") return replaced;
      value += replaced.value;
      for (const name of replaced.unset) unset.push(name); // may be more than a call takes as arguments
    }
    at = token.end;
  }
  return { kind: "ok", value: value + text.slice(at), unset };
}

/** The variables that a text names, also those inside defaults, in order. What cannot be read ends the list. */
export function variablesIn(text: string, depth = 0): readonly VariableToken[] {
  const found: VariableToken[] = [];
  let dollar = text.indexOf("$");
  while (dollar >= 0 && depth <= maxDepth) {
    const token = nextToken(text, dollar);
    if (token.kind === "malformed") break;
    if (token.kind === "variable") {
      found.push(token);
      for (const inner of variablesIn(token.word, depth + 1)) found.push(inner);
    }
    dollar = text.indexOf("$", token.end);
  }
  return found;
}

/** One use of a variable: `operator` and `word` as in `${NAME:-word}`, `end` is the place after it. */
export interface VariableToken {
  readonly kind: "variable";
  readonly name: string;
  readonly operator?: (typeof operators)[number];
  readonly word: string;
  readonly end: number;
}
type Token =
  | { readonly kind: "literal"; readonly value: string; readonly end: number }
  | { readonly kind: "malformed"; readonly fragment: string }
  | VariableToken;

function nextToken(text: string, dollar: number): Token {
  const next = text[dollar + 1];
  if (next === "$") return { kind: "literal", value: "$", end: dollar + 2 };
  if (next === "{") return bracedToken(text, dollar);
  const name = nameAt(text, dollar + 1);
  if (name === undefined) return { kind: "literal", value: "$", end: dollar + 1 };
  return { kind: "variable", name, word: "", end: dollar + 1 + name.length };
}

function bracedToken(text: string, dollar: number): Token {
  const close = closingBrace(text, dollar + 2);
  const fragment = text.slice(dollar, close < 0 ? undefined : close + 1);
  const name = nameAt(text, dollar + 2);
  if (close < 0 || name === undefined) return { kind: "malformed", fragment };
  const rest = text.slice(dollar + 2 + name.length, close);
  if (rest === "") return { kind: "variable", name, word: "", end: close + 1 };
  const operator = operators.find((candidate) => rest.startsWith(candidate));
  if (!operator) return { kind: "malformed", fragment };
  return { kind: "variable", name, operator, word: rest.slice(operator.length), end: close + 1 };
}

/** The brace that closes the one before `from`: `${` opens another level, `$$` is no opening. */
function closingBrace(text: string, from: number): number {
  let level = 1;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "$" && text[at + 1] === "$") at++;
    else if (text[at] === "$" && text[at + 1] === "{") {
      level += 1;
      at++;
    } else if (text[at] === "}") {
      level -= 1;
      if (level === 0) return at;
    }
  }
  return -1;
}

function nameAt(text: string, at: number): string | undefined {
  namePattern.lastIndex = at;
  return namePattern.exec(text)?.[0];
}

function replace(token: VariableToken, lookup: Lookup, depth: number): Interpolated {
  const { name, operator, word } = token;
  const value = lookup(name);
  const has = operator?.startsWith(":") ? value !== undefined && value !== "" : value !== undefined;
  switch (operator) {
    case undefined:
      return { kind: "ok", value: value ?? "", unset: value === undefined ? [name] : [] };
    case ":-":
    case "-":
      return has ? { kind: "ok", value: value ?? "", unset: [] } : substitute(word, lookup, depth + 1);
    case ":+":
    case "+":
      return has ? substitute(word, lookup, depth + 1) : { kind: "ok", value: "", unset: [] };
    default: {
      if (has) return { kind: "ok", value: value ?? "", unset: [] };
      const message = substitute(word, lookup, depth + 1);
      return message.kind === "ok" ? { kind: "missing", variable: name, message: message.value } : message;
    }
  }
}
