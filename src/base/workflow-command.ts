/**
 * Workflow commands of GitHub Actions: one line that its runner shows beside a line of a file. Pure.
 *
 * @see GitHub Docs, "Workflow commands for GitHub Actions"
 */

export interface Annotation {
  readonly level: "error" | "warning" | "notice";
  readonly title: string;
  /** May have several lines. */
  readonly message: string;
  readonly place?: { readonly file: string; readonly line: number; readonly column: number } | undefined;
}

/** The command with its line end. */
export function workflowCommand({ level, title, message, place }: Annotation): string {
  const where = place ? [`file=${property(place.file)}`, `line=${place.line}`, `col=${place.column}`] : [];
  return `::${level} ${[...where, `title=${property(title)}`].join(",")}::${data(message)}\n`;
}

/** A command ends with its line, and `%` introduces what stands for its end. */
function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

/** In a property, `,` and `:` would end it. */
function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
