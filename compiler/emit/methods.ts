/** What the methods by name do beyond the solvers they prescribe: the principle, what is assumed, checked, and trusted. */
import { isOneKind } from "../derive/points.ts";
import { optionTable } from "../plan/options.ts";
import type { Plan } from "../plan/plan.ts";
import { type Search, searches } from "../plan/solvers.ts";
import { number } from "./math.ts";
import type { Inline, Story } from "./story.ts";

type Sentence = readonly Inline[];

const ofLevels: Partial<Record<Plan["method"], readonly Sentence[]>> = {
  hoag: [
    ["lower level and adjoint are solved to a tolerance that falls from step to step, both from their last answers"],
    ["checked: a gradient counts as small only once the tolerance is; the answer is solved to the usual tolerances"],
    [
      "trusted: that steps with errors of a finite sum converge, as they do for smooth problems with a unique lower solution",
    ],
  ],
  shine: [
    [
      "the inverse of the curvature that the lower level's solver has built from its steps stands for the inverse itself",
    ],
    [
      "checked, at every point: the residual of the adjoint system, with a warning; trusted: that steps with it still descend",
    ],
  ],
  bgs: [
    ["each sweep takes a few steps on the lower level, a few on its adjoint system, and one on the upper level"],
    [
      "checked: the residuals that a sweep leaves, with warnings; trusted: that sweeps converge, as they do at small rates",
    ],
  ],
};

/** After the lines on differentiation; none where the method is those alone. */
export function methodLines({ method, outer }: Plan, { problem, derivation }: Story): readonly Sentence[] {
  const search = searches.find((name) => name === method);
  if (search === undefined) return ofLevels[method] ?? [];
  return searchLines(search, outer.arguments, isOneKind(problem, derivation.blocks));
}

function searchLines(
  search: Search,
  given: ReadonlyMap<string, number | boolean>,
  isBatched: boolean,
): readonly Sentence[] {
  const { arguments: known } = optionTable.method.words[search];
  const argument = (name: "points" | "range"): Inline => number(Number(given.get(name) ?? known?.[name]?.default));
  return [
    ["run compares values alone, at ", argument("points"), search === "grid" ? " values of each entry" : " points"],
    [
      isBatched
        ? "points that are tried at once are solved as one batch, which reads the data once for all; those that it leaves open, one by one"
        : "points are solved one by one: the way to a solution is not the same at all of them",
    ],
    [
      "searched: the box of each variable in one; other entries up to ",
      argument("range"),
      " to both sides of their start, with a warning where the best point lies at the edge of that",
    ],
    ["not checked: that the best point is an optimum; the hypergradient there says how far from stationary it is"],
  ];
}
