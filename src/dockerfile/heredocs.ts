/** Finds the here-document marks (`<<EOF`, `<<-"EOF"`, `3<<X`) of an instruction. Pure. */

export interface HeredocMark {
  readonly name: string;
  readonly expand: boolean;
  readonly chomp: boolean;
  /** The word as it stands in the instruction. */
  readonly word: string;
}

/** In their order. A mark inside quotes or escaped is none. */
export function heredocsIn(text: string, escapeToken: string): HeredocMark[] {
  return joinMarks(rawWords(text, escapeToken)).flatMap((word) => {
    const mark = parseHeredocMark(word);
    return mark ? [mark] : [];
  });
}

/** White space may stand between `<<` and a name, which then must look like one: `$((1 << 2))` is a shift. */
export function joinMarks(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const before = joined.at(-1) ?? "";
    const isName = /^(?:[A-Za-z_][\w.-]*|"[A-Za-z_][\w.-]*"|'[A-Za-z_][\w.-]*')$/.test(word);
    if (isName && /^\d*<<-?$/.test(before)) joined[joined.length - 1] = before + word;
    else joined.push(word);
  }
  return joined;
}

/** The mark that a whole word is, or undefined. */
export function parseHeredocMark(word: string): HeredocMark | undefined {
  const match = /^\d*<<(-?)([^<]+)$/.exec(word);
  if (!match) return undefined;
  const written = match[2] ?? "";
  const quoted = /^"([^"]*)"$|^'([^']*)'$/.exec(written);
  const name = quoted ? (quoted[1] ?? quoted[2] ?? "") : written;
  if (name === "" || /["'\s]/.test(name)) return undefined;
  return { name, expand: !quoted, chomp: match[1] === "-", word };
}

/** Words between white space; quotes and escapes hold words together and stay in them. */
export function rawWords(text: string, escapeToken: string): string[] {
  const words: string[] = [];
  let word = "";
  let quote = "";
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? "";
    if (quote === "" && /\s/.test(char)) {
      if (word !== "") words.push(word);
      word = "";
      continue;
    }
    if (char === escapeToken && quote !== "'" && at + 1 < text.length) {
      word += char + (text[at + 1] ?? "");
      at += 1;
      continue;
    }
    if (quote === "" && (char === '"' || char === "'")) quote = char;
    else if (char === quote) quote = "";
    word += char;
  }
  if (word !== "") words.push(word);
  return words;
}
