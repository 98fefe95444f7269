/** JSON with comments and trailing commas, as editors write it. Pure. */

/** Blanks out comments and commas before a closing bracket, so that every place stays where it was. */
export function withoutComments(text: string): string {
  // A string, a comment of either kind, or a comma that nothing but blanks and comments part from a bracket.
  const token = /"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\/|,(?=(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*[}\]])/g;
  return text.replace(/^\uFEFF/, " ").replace(token, (match) => (match.startsWith('"') ? match : blank(match)));
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, " ");
}

/** The value; throws a SyntaxError for what is no JSON even so. */
export function parseJsonc(text: string): unknown {
  return JSON.parse(withoutComments(text));
}
