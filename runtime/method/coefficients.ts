/** The numbers of a problem whose levels are one quadratic program with complementarity (compiler/derive/complementarity.ts). */
import type { Affine, SingleLevel } from "../../compiler/derive/complementarity.ts";
import type { Input, Node } from "../../compiler/ir/node.ts";
import { type Binding, evaluateNodes, lengthOf } from "../bind.ts";
import type { Complementarity } from "../solve/branch-and-bound.ts";
import type { LinearRows, QuadraticProgram } from "../solve/quadratic-program.ts";

export interface Coefficients {
  /** The upper problem's equations come first, in the order written; then its sets', then the followers'. */
  readonly program: QuadraticProgram;
  readonly upperEquations: number;
  readonly pairs: Complementarity;
  /** The objective where every variable is 0. */
  readonly constant: number;
  /** Where each variable's numbers lie. */
  readonly places: ReadonlyMap<Input, { readonly from: number; readonly length: number }>;
  /** Row-major and square: the curvature of what each follower minimises. */
  readonly followers: readonly Float64Array[];
}

export function coefficientsOf(binding: Binding, level: SingleLevel): Coefficients {
  const { sizes } = binding;
  const places = new Map<Input, { readonly from: number; readonly length: number }>();
  let size = 0;
  for (const variable of level.variables) {
    const length = lengthOf(variable.shape, sizes);
    places.set(variable, { from: size, length });
    size += length;
  }
  const { objective, pairs } = level;
  const affines = [
    objective,
    ...level.upperEquations,
    ...level.inequalities,
    ...level.equations,
    ...pairs.map((own) => own.constraint),
  ];
  const curvatures = [level.curvature, ...level.followers.map((own) => own.curvature)].flat(2);
  const nodes = [...new Set([...affines.flatMap(({ at, slopes }) => [at, ...slopes]), ...curvatures])];
  const values = new Map(evaluateNodes(binding, nodes).map((value, k) => [nodes[k], value]));
  const valueOf = (node: Node): Float64Array => values.get(node) as Float64Array;
  const rows = (affine: readonly Affine[]): LinearRows => {
    const parts = affine.map(({ at, slopes }) => {
      const right = [...valueOf(at)].map((value) => -value);
      return { rows: sideBySide(slopes.map(valueOf), right.length), right };
    });
    return { rows: parts.flatMap((part) => part.rows), right: parts.flatMap((part) => part.right) };
  };
  const square = (blocks: readonly (readonly Node[])[], inputs: readonly { readonly shape: Input["shape"] }[]) =>
    Float64Array.from(
      blocks
        .flatMap((row, k) => sideBySide(row.map(valueOf), lengthOf(inputs[k]?.shape ?? [], sizes)))
        .flatMap((row) => [...row]),
    );
  const curvature = square(level.curvature, level.variables);
  const [slope] = sideBySide(objective.slopes.map(valueOf), 1);
  const [upper, lower] = [rows(level.upperEquations), rows(level.equations)];
  return {
    program: {
      size,
      ...(curvature.some((entry) => entry !== 0) && { curvature }),
      slope: slope as Float64Array,
      equations: { rows: [...upper.rows, ...lower.rows], right: [...upper.right, ...lower.right] },
      inequalities: rows(level.inequalities),
    },
    upperEquations: upper.rows.length,
    pairs: {
      ...rows(pairs.map(({ constraint }) => constraint)),
      variables: pairs.flatMap(({ multiplier }) => {
        const { from = 0, length = 0 } = places.get(multiplier) ?? {};
        return Array.from({ length }, (_, i) => from + i);
      }),
    },
    constant: valueOf(objective.at)[0] as number,
    places,
    followers: level.followers.map(({ clause, curvature: own }) => square(own, clause.unknowns)),
  };
}

/** Slopes [...value, ...variable], one a variable, as the rows of the matrix [value, all variables]. */
function sideBySide(slopes: readonly Float64Array[], count: number): readonly Float64Array[] {
  return Array.from({ length: count }, (_, i) =>
    Float64Array.from(
      slopes.flatMap((slope) => [...slope.subarray((i * slope.length) / count, ((i + 1) * slope.length) / count)]),
    ),
  );
}
