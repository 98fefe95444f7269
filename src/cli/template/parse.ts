/** Parses a Go template. Pure. @see Go, package text/template, "Actions" */
import { lex, type Token } from "./lex.js";
import type { Command, Node, Operand, Pipeline, Template } from "./nodes.js";
import { TemplateError } from "./template-error.js";

/** Throws a TemplateError that says where. */
export function parseTemplate(source: string): Template {
  return new Parser(source).parse();
}

/** What ended a list of nodes: `{{end}}`, `{{else …}}` or the end of the text. */
type Ending = "end" | "else" | "eof";

const constants: ReadonlyMap<string, boolean | null> = new Map([
  ["true", true],
  ["false", false],
  ["nil", null],
]);

class Parser {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  readonly #defined = new Map<string, readonly Node[]>();
  #next = 0;
  #depth = 0;
  #loops = 0;

  constructor(source: string) {
    this.#source = source;
    this.#tokens = lex(source);
  }

  parse(): Template {
    const { nodes, ending } = this.#list();
    if (ending !== "eof") throw this.#wrong(`{{${ending}}} closes nothing`);
    return { source: this.#source, body: nodes, defined: this.#defined };
  }

  #list(): { nodes: Node[]; ending: Ending } {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#take();
      if (token.kind === "end") return { nodes, ending: "eof" };
      if (token.kind === "text") {
        nodes.push({ kind: "text", text: token.text, at: token.at });
        continue;
      }
      const action = this.#action(token.at);
      if (action === "end" || action === "else") return { nodes, ending: action };
      if (action) nodes.push(action);
    }
  }

  /** Behind `{{`. Undefined for what prints nothing by itself. */
  #action(at: number): Node | "end" | "else" | undefined {
    this.#skipSpace();
    const token = this.#peek();
    const name = token.kind === "word" ? token.name : "";
    switch (name) {
      case "end":
        this.#take();
        this.#close();
        return "end";
      case "else":
        this.#take(); // what follows is read by the branch that it belongs to
        return "else";
      case "if":
      case "with":
      case "range":
        this.#take();
        return this.#branch(name, at);
      case "break":
      case "continue":
        this.#take();
        this.#close();
        if (this.#loops === 0) throw this.#wrong(`{{${name}}} stands outside of {{range}}`, token.at);
        return { kind: name, at };
      case "define":
        this.#take();
        return this.#define();
      case "template":
        this.#take();
        return this.#template(at);
      case "block":
        throw this.#wrong("{{block}} is not known; use {{define}} and {{template}}", token.at);
      default: {
        const pipeline = this.#pipeline();
        this.#close();
        return { kind: "print", pipeline, at };
      }
    }
  }

  #branch(kind: "if" | "with" | "range", at: number): Node {
    const pipeline = this.#pipeline(kind === "range" ? 2 : 1);
    this.#close();
    if (kind === "range") this.#loops += 1;
    const { nodes: body, ending } = this.#list();
    if (kind === "range") this.#loops -= 1;
    if (ending === "eof") throw this.#wrong(`{{${kind}}} is not closed by {{end}}`, at);
    return { kind, pipeline, body, otherwise: ending === "else" ? this.#otherwise(kind, at) : [], at };
  }

  /** Behind `else`: another branch of the same kind, or the rest up to `{{end}}`. */
  #otherwise(kind: "if" | "with" | "range", at: number): Node[] {
    this.#skipSpace();
    const token = this.#peek();
    if (token.kind === "word" && token.name === kind && kind !== "range") {
      this.#take();
      return [this.#branch(kind, token.at)]; // its {{end}} closes both
    }
    this.#close();
    const { nodes, ending } = this.#list();
    if (ending !== "end") throw this.#wrong(`{{${kind}}} is not closed by {{end}}`, at);
    return nodes;
  }

  #define(): undefined {
    const name = this.#name();
    this.#close();
    const { nodes, ending } = this.#list();
    if (ending !== "end") throw this.#wrong(`{{define "${name}"}} is not closed by {{end}}`);
    this.#defined.set(name, nodes);
    return undefined;
  }

  #template(at: number): Node {
    const name = this.#name();
    this.#skipSpace();
    const pipeline = this.#peek().kind === "close" ? undefined : this.#pipeline();
    this.#close();
    return { kind: "template", name, pipeline, at };
  }

  #name(): string {
    this.#skipSpace();
    const token = this.#take();
    if (token.kind !== "string") throw this.#wrong("the name of a template belongs here, in quotes", token.at);
    return token.value;
  }

  #pipeline(maxVariables = 1): Pipeline {
    this.#skipSpace();
    const { at } = this.#peek();
    const { declares, assigns } = this.#declaration(maxVariables);
    const commands: Command[] = [];
    for (;;) {
      commands.push(this.#command(commands.length > 0));
      this.#skipSpace();
      if (!this.#isSymbol("|")) break;
      this.#take();
    }
    return { at, declares, assigns, commands };
  }

  /** `$a :=`, `$a, $b :=`, `$a =`; nothing is taken when there is none. */
  #declaration(maxVariables: number): { declares: string[]; assigns: boolean } {
    const start = this.#next;
    const declares: string[] = [];
    for (;;) {
      const token = this.#take();
      if (token.kind !== "variable" || token.name === "") break;
      declares.push(token.name);
      this.#skipSpace();
      const symbol = this.#take();
      if (symbol.kind !== "symbol") break;
      if (symbol.symbol === ":=" || symbol.symbol === "=") {
        if (declares.length > maxVariables) throw this.#wrong("there are too many variables here", symbol.at);
        return { declares, assigns: symbol.symbol === "=" };
      }
      if (symbol.symbol !== ",") break;
      this.#skipSpace();
    }
    this.#next = start;
    return { declares: [], assigns: false };
  }

  #command(isPiped: boolean): Command {
    this.#skipSpace();
    const head = this.#operand();
    if (isPiped && head.kind === "constant") throw this.#wrong("a value cannot be piped into a constant", head.at);
    const args: Operand[] = [];
    while (this.#peek().kind === "space") {
      this.#skipSpace();
      const token = this.#peek();
      if (token.kind === "close" || (token.kind === "symbol" && token.symbol !== "(")) break;
      args.push(this.#operand());
    }
    return { head, args };
  }

  #operand(): Operand {
    const first = this.#term();
    const fields: Array<{ name: string; at: number }> = [];
    for (let token = this.#peek(); token.kind === "field" && token.name !== ""; token = this.#peek()) {
      fields.push({ name: token.name, at: token.at });
      this.#take();
    }
    if (fields.length === 0) return first;
    return first.kind === "chain"
      ? { ...first, fields: [...first.fields, ...fields] }
      : { kind: "chain", of: first, fields, at: first.at };
  }

  #term(): Operand {
    const token = this.#take();
    const { at } = token;
    switch (token.kind) {
      case "field":
        if (token.name === "") return { kind: "dot", at };
        return { kind: "chain", of: { kind: "dot", at }, fields: [{ name: token.name, at }], at };
      case "variable":
        return { kind: "variable", name: token.name, at };
      case "string":
      case "number":
        return { kind: "constant", value: token.value, at };
      case "word": {
        const constant = constants.get(token.name);
        return constant === undefined
          ? { kind: "function", name: token.name, at }
          : { kind: "constant", value: constant, at };
      }
      case "symbol":
        if (token.symbol === "(") return this.#parenthesis(at);
        throw this.#wrong(`${token.symbol} does not belong here`, at);
      default:
        throw this.#wrong("a value is missing here", at);
    }
  }

  #parenthesis(at: number): Operand {
    this.#depth += 1;
    if (this.#depth > maxDepth) throw this.#wrong("the parentheses are nested too deeply", at);
    const pipeline = this.#pipeline(0);
    this.#skipSpace();
    if (!this.#isSymbol(")")) throw this.#wrong("a parenthesis is not closed", at);
    this.#take();
    this.#depth -= 1;
    return { kind: "pipeline", pipeline, at };
  }

  #close(): void {
    this.#skipSpace();
    const token = this.#take();
    if (token.kind !== "close") throw this.#wrong("}} belongs here", token.at);
  }

  #isSymbol(symbol: string): boolean {
    const token = this.#peek();
    return token.kind === "symbol" && token.symbol === symbol;
  }

  #skipSpace(): void {
    while (this.#peek().kind === "space") this.#next += 1;
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: "end", at: this.#source.length };
  }

  #take(): Token {
    const token = this.#peek();
    this.#next += 1;
    return token;
  }

  #wrong(problem: string, at = this.#peek().at): TemplateError {
    return new TemplateError(problem, this.#source, at);
  }
}

/** Nobody writes more by hand; a deeper one would exhaust the stack. */
const maxDepth = 100;
