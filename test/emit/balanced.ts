/** Whether every brace that opens a LaTeX group closes it, and every \\left has its \\right. */
export function balanced(latex: string): boolean {
  let depth = 0;
  for (const c of latex.replaceAll(/\\[{}]/g, "")) {
    depth += c === "{" ? 1 : c === "}" ? -1 : 0;
    if (depth < 0) return false;
  }
  const count = (mark: RegExp): number => latex.match(mark)?.length ?? 0;
  return depth === 0 && count(/\\left[^a-z]|\\left\\/g) === count(/\\right[^a-z]|\\right\\/g);
}
