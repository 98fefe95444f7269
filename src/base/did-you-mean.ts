/** Suggests the known word nearest to one that is not known. Pure. */

/** `Did you mean "ports"?`, or undefined when nothing known is near: more than a third of the letters differ. */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  const nearest = nearestWord(word, known);
  return nearest === undefined ? undefined : `Did you mean "${nearest}"?`;
}

/** More than a person's file defines; a generated one with thousands of names goes without suggestions for the rest. */
const maxCandidates = 500;

/** The known word with the fewest edits, the first one of several. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  let best: { readonly word: string; readonly edits: number } | undefined;
  for (const candidate of known.slice(0, maxCandidates)) {
    const limit = Math.max(1, Math.floor(Math.max(candidate.length, word.length) / 3));
    // Lengths further apart than the limit cannot be near; this also bounds the work for hostile names.
    if (Math.abs(candidate.length - word.length) > limit || word.length > 200) continue;
    const edits = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (edits <= limit && (!best || edits < best.edits)) best = { word: candidate, edits };
  }
  return best?.word;
}

/** Insertions, deletions, replacements and swaps of neighbours between two words. */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let edits = Math.min(cell(previous, j) + 1, cell(row, j - 1) + 1, cell(previous, j - 1) + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) edits = Math.min(edits, cell(beforePrevious, j - 2) + 1);
      row.push(edits);
    }
    beforePrevious = previous;
    previous = row;
  }
  return cell(previous, b.length);
}

function cell(row: readonly number[], at: number): number {
  return row[at] ?? Number.POSITIVE_INFINITY;
}
