/**
 * How many columns a text takes on a terminal. Pure.
 *
 * By the width classes of Unicode (UAX #11) as terminals apply them: a wide character (漢, most emoji) takes two, what
 * joins the one before it none, what is ambiguous one. The answers are those of `string-width`, which Ink measures by;
 * that one makes ready for emoji when it is loaded, which costs more than a whole first screen.
 */
import { eastAsianWidth } from "get-east-asian-width";

/** Latin letters and the signs that screens are made of: each takes a column, and none joins another. */
const plain = /^[ -~\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2190-\u21ff\u2500-\u25fc\u2713\u2714\u2718]*$/;
const invisible = /^[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Mn}\p{Me}\p{Cs}]$/u;
const pictographic = /\p{Extended_Pictographic}/gu;
const emojiSign = "\ufe0f";
const joiner = "\u200d";

let graphemes: Intl.Segmenter | undefined; // costs some milliseconds, which most screens never need

/** True when every character takes one column and stands for itself. */
export function isPlain(text: string): boolean {
  return plain.test(text);
}

/** Columns that `text` takes; it has no escape sequences. */
export function widthOf(text: string): number {
  if (isPlain(text)) return text.length;
  let columns = 0;
  for (const { segment } of segmentsOf(text)) columns += clusterWidth(segment);
  return columns;
}

/** What a reader takes for a character each, and where it begins. */
export function segmentsOf(text: string): Iterable<{ segment: string; index: number }> {
  graphemes ??= new Intl.Segmenter();
  return graphemes.segment(text);
}

/** Columns of one cluster, as `segmentsOf` gives them. */
export function clusterWidth(cluster: string): number {
  const [first, ...rest] = [...cluster].filter((character) => !invisible.test(character));
  if (first === undefined) return 0;
  if (isEmoji(cluster, first)) return 2;
  // Marks with a width of their own, and the voiced marks of half-wide kana.
  const trailing = rest.filter((character) => /\p{Mc}/u.test(character) || /[\uff00-\uffef]/.test(character));
  return [first, ...trailing].reduce((sum, character) => sum + eastAsianWidth(character.codePointAt(0) ?? 0), 0);
}

/** Several signs that are shown as one picture: flags, families, digits on keys, a sign that asks for its picture. */
function isEmoji(cluster: string, first: string): boolean {
  if (/^[\d#*]\ufe0f?\u20e3$/.test(cluster)) return true;
  if (/^[\u{1f1e6}-\u{1f1ff}]{2}$/u.test(cluster)) return true;
  if (cluster.includes(joiner)) return (cluster.match(pictographic) ?? []).length > 1;
  return cluster.includes(emojiSign) && first.search(pictographic) === 0;
}
