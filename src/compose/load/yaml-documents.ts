/**
 * Runs the YAML library over a hostile text within bounds: on lexical tokens, on depth, on errors and on documents.
 *
 * Touches nothing. The library itself has no bounds: a megabyte of brackets takes it seconds and a gigabyte.
 */
import { Composer, type Document, Lexer, type LineCounter, Parser } from "yaml";

/** Twice what the deepest legal Compose file with extensions has been seen to need. */
export const maxDepth = 100;
/** Each document of a file merges onto the one before. */
export const maxDocuments = 100;
/** A value takes about five tokens, so that a text with more of them has too many values for the reader anyway. */
const maxTokens = 600_000;
/** What follows the first mistakes is mostly their echo. */
export const maxSyntaxErrors = 20;

/** The bound that was passed and where in the text, or the documents. */
export type YamlDocuments =
  | {
      readonly kind: "documents";
      readonly documents: readonly Document.Parsed[];
      /** Where the last quoted text and the unclosed brackets begin: what they miss is told where the text ends. */
      readonly lastQuote: number | undefined;
      readonly openBrackets: readonly number[];
    }
  | { readonly kind: "too-deep" | "too-many-tokens" | "too-many-documents"; readonly offset: number };

/** Reads the whole text unless a bound is passed. `lines` learns where lines begin. */
export function readYamlDocuments(text: string, lines: LineCounter): YamlDocuments {
  const guard = new Guard();
  // A duplicate key is looked for by comparing it with every key before it; the reader of the tree does so by a map.
  const options = { prettyErrors: false, merge: true, logLevel: "silent", uniqueKeys: false } as const;
  const documents: Document.Parsed[] = [];
  try {
    for (const document of new Composer(options).compose(boundedTokens(text, lines, guard), true, text.length)) {
      documents.push(document as Document.Parsed); // composed from a text, it is a parsed one
      if (documents.length > maxDocuments) return { kind: "too-many-documents", offset: document.range[0] };
    }
  } catch (error) {
    if (error instanceof RangeError) return { kind: "too-deep", offset: 0 }; // the parser recurses
    throw error;
  }
  const { lastQuote, openBrackets } = guard;
  return guard.passed ?? { kind: "documents", documents, lastQuote, openBrackets };
}

/** The parser's tokens; they end early when a bound is passed. */
function* boundedTokens(text: string, lines: LineCounter, guard: Guard) {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  let errors = 0; // that the parser tells; a comma without a value is told later, at a cost that a flood of them shows
  for (const lexeme of new Lexer().lex(text)) {
    guard.see(lexeme, parser.offset);
    if (guard.passed) return;
    if (guard.emptyItems > maxSyntaxErrors) return yield* parser.end();
    for (const token of parser.next(lexeme)) {
      if (token.type === "error" && ++errors > maxSyntaxErrors) return yield* parser.end();
      yield token;
    }
  }
  yield* parser.end();
}

/** The lexer announces a scalar's text by this character, so that a text `[` is told from a bracket. */
const scalarMark = "\u001f";

/** Counts tokens, depth and commas after commas. Depth is that of brackets, and of indicators within one line. */
class Guard {
  passed: Exclude<YamlDocuments, { kind: "documents" }> | undefined;
  emptyItems = 0;
  #afterComma = false;
  #tokens = 0;
  lastQuote: number | undefined;
  readonly openBrackets: number[] = [];
  #inLine = 0;
  #isScalar = false;

  see(lexeme: string, offset: number): void {
    if (++this.#tokens > maxTokens) this.passed = { kind: "too-many-tokens", offset };
    if (lexeme === "," && !this.#isScalar) {
      if (this.#afterComma) this.emptyItems += 1;
      this.#afterComma = true;
    } else if (lexeme.trim() !== "") this.#afterComma = false;
    if (this.#isScalar) this.#isScalar = false;
    else if (lexeme === scalarMark) this.#isScalar = true;
    else if (lexeme === "[" || lexeme === "{") this.openBrackets.push(offset);
    else if (lexeme === "]" || lexeme === "}") this.openBrackets.pop();
    else if (lexeme.startsWith('"') || lexeme.startsWith("'")) this.lastQuote = offset;
    else if (lexeme === "-" || lexeme === "?") this.#inLine += 1;
    else if (lexeme.endsWith("\n")) this.#inLine = 0;
    if (this.openBrackets.length > maxDepth || this.#inLine > maxDepth) this.passed = { kind: "too-deep", offset };
  }
}
