/** Which lines of a text become which, by the longest common subsequence of its lines. */

/** Lines [from, to) of the old text become `lines`. */
export interface Change {
  readonly from: number;
  readonly to: number;
  readonly lines: readonly string[];
}

/** In the order of the text. */
export function changedLines(before: readonly string[], after: readonly string[]): readonly Change[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  )
    end += 1;
  const a = before.slice(start, before.length - end);
  const b = after.slice(start, after.length - end);
  // The table of lengths is quadratic in what differs; a text that is all different is one change.
  const tooMany = a.length * b.length > 4e6;
  const kept = tooMany ? [] : commonLines(a, b);
  const changes: Change[] = [];
  let [i, j] = [0, 0];
  for (const [x, y] of [...kept, [a.length, b.length] as const]) {
    // As many lines as before: each is the new form of the one in its place.
    if (x - i === y - j)
      for (let k = 0; i + k < x; k++)
        changes.push({ from: start + i + k, to: start + i + k + 1, lines: [b[j + k] ?? ""] });
    else changes.push({ from: start + i, to: start + x, lines: b.slice(j, y) });
    [i, j] = [x + 1, y + 1];
  }
  return changes;
}

/** Pairs of equal lines, as many as possible: lengths[i][j] is how many there are from i and j on. */
function commonLines(a: readonly string[], b: readonly string[]): readonly (readonly [number, number])[] {
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const pairs: (readonly [number, number])[] = [];
  for (let [i, j] = [0, 0]; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i += 1;
    else j += 1;
  }
  return pairs;
}
