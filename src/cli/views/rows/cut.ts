/** Small texts that the rows of docker's listings share. Pure. */

/** `text` with at most `size` characters, the last one `…` where some were left out. */
export function cut(text: string, size: number): string {
  const characters = [...text];
  return characters.length > size ? `${characters.slice(0, size - 1).join("")}…` : text;
}

/** `a=b,c=d`, by name. */
export function printLabels(labels: Readonly<Record<string, string>> | null | undefined): string {
  return Object.entries(labels ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(",");
}

/** The method `Label` of a row: `{{.Label "a.b"}}`. */
export function labelOf(labels: Readonly<Record<string, string>> | null | undefined): (name: unknown) => string {
  return (name) => {
    const key = String(name);
    return labels && Object.hasOwn(labels, key) ? (labels[key] ?? "") : "";
  };
}
