/** Carries a parsed template out on a value. Pure. @see Go, package text/template */
import { messageOf } from "../../base/errors.js";
import { nearestWord } from "../../compose/did-you-mean.js";
import { isTrue, type TemplateFunction, templateFunctions } from "./functions.js";
import { goString, goType, sortedEntries } from "./go-print.js";
import type { Command, Node, Operand, Pipeline, Template } from "./nodes.js";
import { TemplateError } from "./template-error.js";

/**
 * The text that `template` makes of `data`: plain objects are structs, whose unknown fields are errors; `Map`s are Go
 * maps; functions are methods. Throws a TemplateError that names the place.
 */
export function executeTemplate(
  template: Template,
  data: unknown,
  functions: Readonly<Record<string, TemplateFunction>> = {},
): string {
  const execution = new Execution(template, { ...templateFunctions, ...functions }, data);
  execution.walk(template.body, data);
  return execution.text;
}

/** No template of a listing nests deeper; one that includes itself ends here. */
const maxIncludes = 50;

/** How a list of nodes ended: with its last, or early. */
type Flow = "on" | "break" | "continue";

/** Stands for "nothing is piped in": `undefined` may be. */
const nothing = Symbol("nothing");

class Execution {
  readonly #template: Template;
  readonly #functions: Readonly<Record<string, TemplateFunction>>;
  #variables: Array<{ readonly name: string; value: unknown }>;
  #includes = 0;
  text = "";

  constructor(template: Template, functions: Readonly<Record<string, TemplateFunction>>, data: unknown) {
    this.#template = template;
    this.#functions = functions;
    this.#variables = [{ name: "", value: data }];
  }

  walk(nodes: readonly Node[], dot: unknown): Flow {
    const depth = this.#variables.length;
    for (const node of nodes) {
      const flow = this.#node(node, dot);
      if (flow === "on") continue;
      this.#variables.length = depth;
      return flow;
    }
    this.#variables.length = depth;
    return "on";
  }

  #node(node: Node, dot: unknown): Flow {
    switch (node.kind) {
      case "text":
        this.text += node.text;
        return "on";
      case "print": {
        const value = this.#pipeline(node.pipeline, dot);
        if (node.pipeline.declares.length === 0) this.text += value === undefined ? "<no value>" : goString(value);
        return "on";
      }
      case "if":
      case "with":
        return this.#branch(node, dot);
      case "range":
        return this.#range(node, dot);
      case "break":
      case "continue":
        return node.kind;
      case "template":
        this.#include(node, dot);
        return "on";
    }
  }

  #branch(node: Extract<Node, { kind: "if" | "with" | "range" }>, dot: unknown): Flow {
    const depth = this.#variables.length;
    const value = this.#pipeline(node.pipeline, dot);
    const flow = isTrue(value)
      ? this.walk(node.body, node.kind === "with" ? value : dot)
      : this.walk(node.otherwise, dot);
    this.#variables.length = depth;
    return flow;
  }

  #range(node: Extract<Node, { kind: "if" | "with" | "range" }>, dot: unknown): Flow {
    const { declares } = node.pipeline;
    const items = this.#items(this.#pipeline({ ...node.pipeline, declares: [] }, dot), node.pipeline.at);
    if (items.length === 0) return this.walk(node.otherwise, dot);
    const depth = this.#variables.length;
    for (const [key, value] of items) {
      const [first, second] = declares;
      if (second !== undefined) this.#set(node.pipeline, first ?? "", key);
      if (first !== undefined) this.#set(node.pipeline, second ?? first, value);
      const flow = this.walk(node.body, value);
      this.#variables.length = depth;
      if (flow === "break") break;
    }
    return "on";
  }

  #items(value: unknown, at: number): ReadonlyArray<readonly [unknown, unknown]> {
    if (Array.isArray(value)) return [...value.entries()];
    if (value instanceof Map) return sortedEntries(value);
    if (value === null || value === undefined) return [];
    if (typeof value === "number") return Array.from({ length: Math.max(0, value) }, (_, n) => [n, n] as const);
    throw this.#wrong(`range can't iterate over ${goType(value)}`, at);
  }

  #include(node: Extract<Node, { kind: "template" }>, dot: unknown): void {
    const body = this.#template.defined.get(node.name);
    if (!body) throw this.#wrong(`there is no template "${node.name}"`, node.at);
    if (++this.#includes > maxIncludes) throw this.#wrong("templates include each other without end", node.at);
    const data = node.pipeline ? this.#pipeline(node.pipeline, dot) : null;
    const outer = this.#variables;
    this.#variables = [{ name: "", value: data }];
    this.walk(body, data);
    this.#variables = outer;
    this.#includes -= 1;
  }

  #pipeline(pipeline: Pipeline, dot: unknown): unknown {
    let value: unknown = nothing;
    for (const command of pipeline.commands) value = this.#command(command, dot, value);
    for (const name of pipeline.declares) this.#set(pipeline, name, value);
    return value;
  }

  #set(pipeline: Pipeline, name: string, value: unknown): void {
    if (!pipeline.assigns) {
      this.#variables.push({ name, value });
      return;
    }
    const known = this.#variables.findLast((variable) => variable.name === name);
    if (!known) throw this.#wrong(`there is no variable $${name}`, pipeline.at);
    known.value = value;
  }

  #command({ head, args }: Command, dot: unknown, piped: unknown): unknown {
    const given = () => [...args.map((arg) => this.#operand(arg, dot)), ...(piped === nothing ? [] : [piped])];
    if (head.kind === "function") return this.#call(head, { args, dot, piped, given });
    const owner = head.kind === "chain" ? this.#chain(head, dot, head.fields.length - 1) : undefined;
    const value = head.kind === "chain" ? this.#field(owner, head.fields.at(-1)) : this.#operand(head, dot);
    if (typeof value === "function") return this.#invoke(() => value.call(owner, ...given()) as unknown, head.at);
    if (args.length > 0 || piped !== nothing) throw this.#wrong("this is a value and takes no arguments", head.at);
    return value;
  }

  #call(
    head: Extract<Operand, { kind: "function" }>,
    {
      args,
      dot,
      piped,
      given,
    }: { args: readonly Operand[]; dot: unknown; piped: unknown; given: () => readonly unknown[] },
  ): unknown {
    const { name, at } = head;
    if (name === "and" || name === "or") return this.#decide(head, { args, dot, piped });
    const known = Object.hasOwn(this.#functions, name) ? this.#functions[name] : undefined;
    if (!known) {
      const near = nearest(name, [...Object.keys(this.#functions), "and", "or"]);
      throw this.#wrong(`there is no function ${name}${near}`, at);
    }
    return this.#invoke(() => known(...given()), at);
  }

  /** The first value that settles it, else the last; the others are not worked out. */
  #decide(
    { name, at }: Extract<Operand, { kind: "function" }>,
    { args, dot, piped }: { args: readonly Operand[]; dot: unknown; piped: unknown },
  ): unknown {
    let value: unknown = nothing;
    for (const arg of args) {
      value = this.#operand(arg, dot);
      if (isTrue(value) === (name === "or")) return value;
    }
    if (piped !== nothing) return piped;
    if (value === nothing) throw this.#wrong(`${name} wants a value or more`, at);
    return value;
  }

  #invoke(call: () => unknown, at: number): unknown {
    try {
      return call();
    } catch (error) {
      if (error instanceof TemplateError) throw error;
      throw this.#wrong(messageOf(error), at);
    }
  }

  #operand(operand: Operand, dot: unknown): unknown {
    switch (operand.kind) {
      case "dot":
        return dot;
      case "constant":
        return operand.value;
      case "variable": {
        const known = this.#variables.findLast(({ name }) => name === operand.name);
        if (!known) throw this.#wrong(`there is no variable $${operand.name}`, operand.at);
        return known.value;
      }
      case "pipeline":
        return this.#pipeline(operand.pipeline, dot);
      case "function":
      case "chain":
        return operand.kind === "chain" && this.#isData(operand, dot)
          ? this.#chain(operand, dot, operand.fields.length)
          : this.#command({ head: operand, args: [] }, dot, nothing);
    }
  }

  /** False when the chain ends with a method. */
  #isData(chain: Extract<Operand, { kind: "chain" }>, dot: unknown): boolean {
    return typeof this.#chain(chain, dot, chain.fields.length) !== "function";
  }

  #chain(chain: Extract<Operand, { kind: "chain" }>, dot: unknown, fields: number): unknown {
    const start = this.#operand(chain.of, dot);
    return chain.fields.slice(0, fields).reduce<unknown>((value, field) => this.#field(value, field), start);
  }

  #field(value: unknown, field: { name: string; at: number } | undefined): unknown {
    const { name, at } = field ?? { name: "", at: 0 };
    if (value instanceof Map) return value.get(name) as unknown;
    if (value === null) throw this.#wrong(`${name} of nothing: what stands before it is nil`, at);
    if (typeof value === "object" && !Array.isArray(value)) {
      const key = memberName(value, name);
      if (key !== undefined) return (value as Record<string, unknown>)[key];
      const near = nearest(name, Object.keys(value));
      throw this.#wrong(`there is no field ${name}${near}`, at);
    }
    const isMissing = value === undefined;
    throw this.#wrong(isMissing ? `${name} of a value that is not there` : `${goType(value)} has no field ${name}`, at);
  }

  #wrong(problem: string, at: number): TemplateError {
    return new TemplateError(problem, this.#template.source, at);
  }
}

/** Go's names differ from JSON's in the case of letters alone: `ID` and `Id`, `NanoCPUs` and `NanoCpus`. */
function memberName(value: object, name: string): string | undefined {
  if (Object.hasOwn(value, name)) return name;
  const lower = name.toLowerCase();
  return Object.keys(value).find((key) => key.toLowerCase() === lower);
}

/** `; did you mean Names?`, or which there are. */
function nearest(name: string, known: readonly string[]): string {
  const near = nearestWord(name, known);
  if (near !== undefined) return `; did you mean ${near}?`;
  return known.length > 0 && known.length <= maxListed ? `; there are ${known.join(", ")}` : "";
}

/** More would hide the problem. */
const maxListed = 25;
