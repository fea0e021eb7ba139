import { describe, expect, it } from "vitest";
import { prepared } from "../support/problems.ts";

describe("cross-validation", () => {
  for (const k of [4, 5]) {
    it(`over ${k} folds of 12 rows is the mean over the folds of separate fits`, async () => {
      const bounds = Array.from({ length: k + 1 }, (_, i) => Math.round((12 * i) / k));
      // The same by hand: one unknown and one clause a fold, over the rows in their order in the file.
      const part = (from: number, to: number) => (from === to ? [] : [`D.X[${from}:${to}, :]`]);
      const targets = (from: number, to: number) => (from === to ? [] : [`D.y[${from}:${to}]`]);
      const folds = Array.from({ length: k }, (_, i) => {
        const [a, b] = [bounds[i] as number, bounds[i + 1] as number];
        const joined = (pieces: readonly string[]) =>
          pieces.length === 1 ? pieces[0] : `concat(${pieces.join(", ")})`;
        return {
          valid: `mean((D.X[${a}:${b}, :] @ t${i} - D.y[${a}:${b}])^2)`,
          clause: `t${i} minimizes mean((${joined([...part(0, a), ...part(b, 12)])} @ t${i} - ${joined([...targets(0, a), ...targets(b, 12)])})^2) + exp(l) * sumsq(t${i})`,
        };
      });
      const data = "dim n = 12\ndata D: { X: real[n, 3], y: real[n] } = normal(seed: 7)\nvar l: real";
      const byHand = await prepared(`
        ${data}
        ${folds.map((_, i) => `var t${i}: real[3]`).join("\n")}
        minimize (${folds.map((fold) => fold.valid).join(" + ")}) / ${k} over l
        where ${folds.map((fold) => fold.clause).join("\nand ")}`);
      const folded = await prepared(`
        ${data}
        data cv = folds(D, k: ${k})
        var t[fold in cv]: real[3]
        minimize E[fold in cv](E[fold.valid]((X @ t[fold] - y)^2)) over l
        where t[fold] minimizes E[fold.train]((X @ t[fold] - y)^2) + exp(l) * sumsq(t[fold])`);
      const [wanted, got] = [byHand.gradient({ l: -1 }), folded.gradient({ l: -1 })];
      expect(got.value).toBeCloseTo(wanted.value, 12);
      expect(got.gradient.l).toBeCloseTo(wanted.gradient.l as number, 12);
      expect(folded.plan.blocks[0]?.facts.form).toMatchObject({ kind: "blocks", separate: [0] });
    });
  }
});
