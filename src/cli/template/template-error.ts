/** What is wrong with a template, at its place. Pure. */
import { GantryError } from "../../base/errors.js";

/** "bad-parameter"; the message begins with line and column, both from 1, and shows the place. */
export class TemplateError extends GantryError {
  /** @param at offset in `source` */
  constructor(problem: string, source: string, at: number) {
    const before = source.slice(0, at);
    const line = before.split("\n").length;
    const column = at - before.lastIndexOf("\n");
    super("bad-parameter", `--format: ${line}:${column}: ${problem}`, { hint: pointedAt(source, { line, column }) });
  }
}

/** The line of the template with a mark under the place. */
function pointedAt(source: string, { line, column }: { line: number; column: number }): string {
  const text = source.split("\n")[line - 1] ?? "";
  return `the template is\n  ${text.replace(/\t/g, " ")}\n  ${" ".repeat(column - 1)}^`;
}
