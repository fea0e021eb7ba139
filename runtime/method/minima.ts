/**
 * Whether a solution of nested or simultaneous conditions is a minimum at each level. With own unknowns y, what answers them
 * (deeper unknowns and their multipliers) r, and A the derivative of the conditions, y sees the curvature
 *
 *     A_yy − A_yr A_rr⁻¹ A_ry
 *
 * of its objective with the answers following: the Hessian of y ↦ g(y, z(y)), which must not be negative in any direction.
 *
 * On a face, with r the multipliers too, A_rr has no inverse. What is looked at there is how the solution gives way when the objective is
 * tilted: against the tilt, so that the part of A⁻¹ that belongs to the entries of y that are not held has no negative direction. Without
 * r it is the inverse of the curvature; with constraints C y = 0 it is Z (Zᵀ H Z)⁻¹ Zᵀ for a basis Z of their null space.
 */
import type { Optimum } from "../../compiler/derive/implicit.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import type { Input } from "../../compiler/ir/node.ts";
import type { LowerClause } from "../../compiler/lower/problem.ts";
import { isConvexProblem } from "../../compiler/plan/facts.ts";
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
  if (optima.length === 0 || block.size > largestOrder || block.plan.inner.arguments.has("max")) return;
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
    const faced = faceOf(block, clause);
    if (faced !== undefined) {
      const free = isConvexProblem(faced.plan.facts) ? undefined : faced.face?.free();
      const all = placesOf([...own, ...answers]);
      const smallest = free && smallestOnFace(binding, part(all, all), all.length, free);
      if (smallest !== undefined) throw new BilevelError([notAMinimum(namesOf(own), smallest, clause.span)]);
      continue;
    }
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
    const smallest = eigenvalues(binding, curvature, y.length)[0] ?? 0;
    const floor = order * 64 * machineEpsilon(engine) * Math.max(scale, largestMagnitude(curvature));
    if (smallest < -floor) throw new BilevelError([notAMinimum(namesOf(own), smallest, clause.span)]);
  }
}

/** The block, or the response among several, that solves the clause on a face. */
function faceOf(block: BlockRuntime, clause: LowerClause): BlockRuntime | undefined {
  if (block.face !== undefined) return block;
  return block.responses.find(({ plan }) => plan.facts.block.clauses.includes(clause));
}

/** Of the largest answer to a tilt: what rounding may leave of the wrong sign. */
const wrongSign = 1e-10;

/** The most negative curvature along the face; `undefined` where there is none, or where A is singular, which the adjoint tells. */
function smallestOnFace(binding: Binding, a: Float64Array, order: number, free: readonly number[]): number | undefined {
  const count = free.length;
  const tilts = new Float64Array(order * count);
  free.forEach((i, j) => (tilts[i * count + j] = 1));
  const answer = count === 0 ? undefined : solved(binding, a, tilts, count);
  if (answer === undefined) return undefined;
  const own = Float64Array.from(free.flatMap((i) => [...answer.subarray(i * count, (i + 1) * count)]));
  const floor = wrongSign * largestMagnitude(answer);
  const negative = eigenvalues(binding, own, count).filter((value) => value < -floor);
  return negative.length === 0 ? undefined : 1 / Math.max(...negative);
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

/** Of the symmetric part, ascending. */
function eigenvalues(binding: Binding, values: Float64Array, order: number): Float64Array {
  const { engine } = binding;
  const matrix = engine.allocate(values.length);
  engine.write(
    matrix,
    values.map((value, k) => (value + (values[(k % order) * order + Math.floor(k / order)] as number)) / 2),
  );
  const found = engine.eigenvalues(matrix, order);
  engine.release(matrix);
  return found;
}
