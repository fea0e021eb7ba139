/**
 * Whether a solution of nested or simultaneous conditions is a minimum at each level. With own unknowns y, what answers them
 * (deeper unknowns and their multipliers) r, and A the derivative of the conditions, y sees the curvature
 *
 *     A_yy − A_yr A_rr⁻¹ A_ry
 *
 * of its objective with the answers following: the Hessian of y ↦ g(y, z(y)), which must not be negative in any direction.
 */
import type { Optimum } from "../../compiler/derive/implicit.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import type { Input } from "../../compiler/ir/node.ts";
import { BilevelError } from "../../grammar/diagnostics.ts";
import { type Binding, lengthOf } from "../bind.ts";
import { notAMinimum } from "../errors.ts";
import { largestMagnitude } from "../solve/arrays.ts";
import { machineEpsilon } from "../solve/workspace.ts";
import type { BlockRuntime } from "./block.ts";
import { denseCurvature } from "./curvature.ts";

/** Larger systems are not looked at: their curvature is only multiplied with. */
const largestOrder = 600;

export function refuseOtherStationaryPoints(binding: Binding, g: Graph, block: BlockRuntime): void {
  const { optima, unknowns } = block.plan.facts.block;
  if (optima.length === 0 || block.size > largestOrder) return;
  const { engine, sizes } = binding;
  const { matrix, order } = denseCurvature(binding, g, block.plan.facts);
  const values = engine.read(matrix);
  engine.release(matrix);
  const places = new Map<Input, readonly number[]>();
  let from = 0;
  for (const unknown of unknowns) {
    const length = lengthOf(unknown.shape, sizes);
    const start = from;
    places.set(
      unknown,
      Array.from({ length }, (_, i) => start + i),
    );
    from += length;
  }
  const placesOf = (inputs: readonly Input[]): readonly number[] => inputs.flatMap((input) => places.get(input) ?? []);
  const part = (rows: readonly number[], columns: readonly number[]): Float64Array =>
    Float64Array.from(rows.flatMap((i) => columns.map((j) => values[i * order + j] as number)));
  for (const { clause, own, answers } of optima) {
    const [y, r] = [placesOf(own), placesOf(answers)];
    const curvature = part(y, y);
    const scale = largestMagnitude(curvature);
    if (r.length > 0) {
      const response = solved(binding, part(r, r), part(r, y), y.length);
      if (response === undefined) continue;
      const across = part(y, r);
      for (let i = 0; i < y.length; i += 1)
        for (let j = 0; j < y.length; j += 1)
          for (let k = 0; k < r.length; k += 1)
            (curvature[i * y.length + j] as number) -=
              (across[i * r.length + k] as number) * (response[k * y.length + j] as number);
    }
    const smallest = smallestEigenvalue(binding, curvature, y.length);
    const floor = order * 64 * machineEpsilon(engine) * Math.max(scale, largestMagnitude(curvature));
    if (smallest < -floor) throw new BilevelError([notAMinimum(namesOf(own), smallest, clause.span)]);
  }
}

const namesOf = (own: Optimum["own"]): string => own.map((unknown) => unknown.name).join(", ");

/** A⁻¹ B for B of as many rows, row-major; `undefined` where A is singular. */
function solved(binding: Binding, a: Float64Array, b: Float64Array, columns: number): Float64Array | undefined {
  const { engine } = binding;
  const order = b.length / columns;
  const [matrix, right] = [engine.allocate(a.length), engine.allocate(b.length)];
  engine.write(matrix, a);
  engine.write(right, b);
  const made = engine.lu(matrix, order, 1);
  if (made.ok) {
    made.factor.solve(right, columns);
    made.factor.release();
  }
  const values = made.ok ? engine.read(right) : undefined;
  engine.release(matrix);
  engine.release(right);
  return values;
}

function smallestEigenvalue(binding: Binding, values: Float64Array, order: number): number {
  const { engine } = binding;
  const matrix = engine.allocate(values.length);
  engine.write(
    matrix,
    values.map((value, k) => (value + (values[(k % order) * order + Math.floor(k / order)] as number)) / 2),
  );
  const found = engine.eigenvalues(matrix, order);
  engine.release(matrix);
  return found[0] ?? 0;
}
