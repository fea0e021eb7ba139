/** "Did you mean": the word of a list that is nearest to what was written. */

/** Edits (insert, delete, replace, swap neighbours) between two words, counted up to `limit` and then given up. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(replaced, swapped, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    before = previous;
    previous = row;
  }
  return previous[b.length] ?? 0;
}

/** The nearest candidate, if it is near enough to be what was meant: one edit in a short word, two in a longer one; the longer of two that are equally near. */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  const limit = word.length <= 3 ? 1 : 2;
  let best: { readonly candidate: string; readonly edits: number } | undefined;
  for (const candidate of candidates) {
    const edits = distance(word, candidate, limit);
    if (edits > limit || edits >= Math.min(word.length, candidate.length)) continue;
    const isBetter =
      best === undefined || edits < best.edits || (edits === best.edits && candidate.length > best.candidate.length);
    if (isBetter) best = { candidate, edits };
  }
  return best?.candidate;
}
