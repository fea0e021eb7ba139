/** What an explanation says of a method that steps on drawn rows: what it moves along, what is drawn, and what is taken on trust. */

import type { RowSample } from "../derive/sample.ts";
import { deriveDirections } from "../derive/stochastic.ts";
import type { StochasticMethod, StochasticPlan } from "../plan/stochastic.ts";
import type { Inline, Story } from "./story.ts";

const principles = {
  soba: "one step of each at a time, step sizes falling as 1/√t (Dagréou, Ablin, Vaiter and Moreau 2022)",
  saba: "one step of each at a time, with a memory of what each batch last said, constant step sizes (Dagréou and others 2022)",
  srba: "one step of each at a time, by changes on drawn rows since a look at all of them, constant step sizes (Dagréou, Moreau, Vaiter and Ablin 2024)",
  amigo:
    "some steps of the lower level and of the adjoint, each from where it last ended, then one of the upper (Arbel and Mairal 2022)",
  stocbio:
    "some steps of the lower level, the adjoint by a Neumann series, then a step of the upper (Ji, Yang and Liang 2021)",
  bsa: "some steps of the lower level, the adjoint by a Neumann series of random length, then a step of the upper (Ghadimi and Wang 2018)",
  ttsa: "one step of the lower level, the adjoint by a Neumann series of random length, then a slower step of the upper (Hong and others 2023)",
  f2sa: "by first derivatives alone, of a penalty whose multiplier grows (Kwon and others 2023)",
  bome: "by first derivatives alone, along a barrier on the lower level's value, over all rows (Liu and others 2022)",
} as const satisfies Record<StochasticMethod, string>;

export function stochasticLines(
  { problem, sizes }: Story,
  { method, batch, seed, arguments: given }: StochasticPlan,
  steps: number,
): readonly (readonly Inline[])[] {
  const { samples } = deriveDirections(problem, sizes, batch);
  const drawn = (list: readonly RowSample[]): string =>
    list.length === 0
      ? "every row"
      : [...new Set(list.map(({ rows, count }) => `${batch} of ${rows} = ${count} rows`))].join(", ");
  const isSampled = samples.upper.length + samples.lower.length > 0;
  const sampling: readonly (readonly Inline[])[] = isSampled
    ? [
        [
          `each estimate reads ${drawn(samples.upper)} for the upper objective, ${drawn(samples.lower)} for the lower level, seed ${seed}`,
        ],
        [
          "proved: each objective is linear in its sums over drawn rows, which are scaled to all rows, so that estimates are unbiased",
        ],
      ]
    : [["every row is read in each step"]];
  const found = ["inner_rate", "outer_rate"].filter((name) => !given.has(name));
  const trusted =
    found.length === 0
      ? "the step sizes that were asked for"
      : `${found.join(" and ")}, found from batches at the start`;
  return [
    [`run takes ${steps} steps by ${method}: ${principles[method]}`],
    ...sampling,
    [
      "reported: value, hypergradient and residuals over all rows at the method's own point, where nothing is solved for",
    ],
    [`taken on trust: ${trusted}; a run whose steps grow without bound ends as diverged`],
  ];
}
