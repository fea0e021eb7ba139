/**
 * The hypergradient against two independent ways to it: finite differences of the value with the lower level solved again from
 * its start, and the implicit formula with the whole curvature formed densely and factorised by LU.
 */
import type { Graph } from "../../compiler/ir/graph.ts";
import { declaredName, type Input, tensorName } from "../../compiler/ir/node.ts";
import { BilevelError, type Diagnostic } from "../../grammar/diagnostics.ts";
import { type Binding, lengthOf, sizeNumber } from "../bind.ts";
import { notCompared } from "../errors.ts";
import type { NamedGradient } from "../estimators.ts";
import { largestMagnitude } from "../solve/arrays.ts";
import { toleranceFor } from "../solve/workspace.ts";
import type { Estimator, GradcheckRow, Value, Weights } from "../types.ts";
import { toNested } from "../values.ts";
import type { Aid } from "./aid.ts";
import type { BlockRuntime } from "./block.ts";
import { denseCurvature } from "./curvature.ts";

/** At the most this many entries are differenced, spread evenly over all. */
const largestSample = 40;
const largestDenseOrder = 1500;

export interface Agreement {
  readonly rows: readonly GradcheckRow[];
  readonly estimators: readonly Estimator[];
  readonly warnings: readonly Diagnostic[];
}

/**
 * `gradient` is the derived one at the present point of aid.w, `value` the objective there; `approximations` are shown beside.
 * Differences are taken of `moving`, which is `aid` itself unless something in it is to be held still. Errors are relative to the
 * largest entry that either way finds, or to what finite differences of such a value can resolve at all.
 */
export function checkGradient(
  binding: Binding,
  g: Graph,
  aid: Aid,
  variables: readonly Input[],
  gradient: Float64Array,
  value: number,
  approximations: readonly NamedGradient[],
  moving: Aid,
): Agreement {
  const point = binding.engine.read(aid.w);
  const dense = denseGradient(binding, g, aid);
  const functional = functionalGradient(binding, aid);
  const stride = Math.max(1, Math.ceil(gradient.length / largestSample));
  const entries = Array.from({ length: Math.ceil(gradient.length / stride) }, (_, i) => i * stride);
  const sampled = entries.map((entry) => difference(binding, moving, point, entry));
  const differences = sampled.map(({ derivative }) => derivative);
  binding.engine.write(moving.w, point);
  const values = Math.max(Math.abs(value), ...sampled.map(({ largest }) => largest));
  const scale = Math.max(
    largestMagnitude(gradient),
    largestMagnitude(differences.filter(Number.isFinite)),
    (toleranceFor(binding.engine, resolution) / longestStep(aid)) * values,
  );
  const relative = (error: number): number => (error === 0 ? 0 : Math.abs(error) / scale);
  const rows = entries.flatMap((entry, i): readonly GradcheckRow[] => {
    const [derived, finiteDifference] = [gradient[entry] as number, differences[i] as number];
    if (!Number.isFinite(finiteDifference)) return [];
    const error = relative(derived - finiteDifference);
    return [{ ...locate(binding, variables, entry), derived, finiteDifference, error }];
  });
  const missing = entries.length - rows.length;
  const compared = ({ name, gradient: own }: NamedGradient, exact: boolean): Estimator => {
    const worst = own.reduce((most, entry, i) => Math.max(most, Math.abs(entry - (gradient[i] as number))), 0);
    return { name, exact, gradient: byName(binding, variables, own), difference: relative(worst) };
  };
  return {
    rows,
    estimators: [
      ...(dense === undefined ? [] : [compared({ name: denseName(aid), gradient: dense }, true)]),
      ...(functional === undefined ? [] : [compared({ name: functionalName, gradient: functional }, true)]),
      ...approximations.map((own) => compared(own, false)),
    ],
    warnings: missing === 0 ? [] : [notCompared(missing, entries.length)],
  };
}

/** Over the step: below this part of the values it is taken from, a derivative drowns in the rounding of its differences. */
const resolution = 1e-7;

/** Where there are kinks, a long step would change the face of the solution. */
const longestStep = (aid: Aid): number => (aid.blocks.some((block) => block.face !== undefined) ? 1e-3 : 0.1);

/**
 * Richardson's extrapolation of central differences: halving the step removes one even power of it a column. The best entry is the
 * one that moves least (Ridders 1982). `largest` is the largest value met. NaN where no two sides have a solution.
 */
function difference(
  binding: Binding,
  aid: Aid,
  point: Float64Array,
  entry: number,
): { readonly derivative: number; readonly largest: number } {
  let largest = 0;
  const at = (offset: number): number => {
    const moved = Float64Array.from(point);
    moved[entry] = (point[entry] as number) + offset;
    binding.engine.write(aid.w, moved);
    try {
      const value = aid.value("cold");
      largest = Math.max(largest, Math.abs(value));
      return value;
    } catch (error) {
      if (!(error instanceof BilevelError)) throw error;
      return Number.NaN;
    }
  };
  let step = longestStep(aid) * Math.max(1, Math.abs(point[entry] as number)) ** 0.5;
  let [best, bestMove] = [Number.NaN, Number.POSITIVE_INFINITY];
  let previous: number[] = [];
  for (let row = 0; row < 9; row += 1, step /= 2) {
    const slope = (at(step) - at(-step)) / (2 * step);
    // Nearer to the point both sides may have a solution.
    if (!Number.isFinite(slope)) {
      previous = [];
      continue;
    }
    const current = [slope];
    if (Number.isNaN(best)) best = slope;
    for (let k = 1; k <= previous.length; k += 1) {
      const power = 4 ** k;
      current.push((power * (current[k - 1] as number) - (previous[k - 1] as number)) / (power - 1));
      const move = Math.max(
        Math.abs((current[k] as number) - (current[k - 1] as number)),
        Math.abs((current[k] as number) - (previous[k - 1] as number)),
      );
      if (move < bestMove) [best, bestMove] = [current[k] as number, move];
    }
    previous = current;
  }
  return { derivative: best, largest };
}

const denseName = (aid: Aid): string =>
  aid.duals.size === 0 ? "dense implicit formula (LU)" : "implicit differentiation in the weights (dense, LU)";

/** Weights of a family that its functions do not determine have no adjoint of their own. */
const singularPivot = 1e-12;

/** df/dw with each block's adjoint from an LU of its dense curvature; `undefined` where that is too large or does not apply. */
function denseGradient(binding: Binding, g: Graph, aid: Aid): Float64Array | undefined {
  const { engine } = binding;
  const isDense = ({ size, plan: { facts } }: BlockRuntime): boolean =>
    size <= largestDenseOrder &&
    (facts.minimisation || facts.pointwise === undefined) &&
    facts.block.path === undefined &&
    facts.form.kind !== "operator";
  if (!aid.blocks.every(isDense)) return undefined;
  for (const block of [...aid.blocks].reverse()) {
    const adjoint = aid.duals.get(block)?.runtime.y ?? block.v;
    if (adjoint.length !== block.size) return undefined;
    const { matrix, order } = denseCurvature(binding, g, block.plan.facts);
    const factorised = engine.lu(matrix, order, 1);
    engine.release(matrix);
    if (!factorised.ok || factorised.smallestPivot < singularPivot) return undefined;
    block.adjointRhs(adjoint);
    factorised.factor.solveTransposed(adjoint);
    factorised.factor.release();
  }
  return assembled(binding, aid);
}

const functionalName = "differentiation in the RKHS, then discretised";

/** df/dw by way of adjoint functions in an RKHS, where that is another way and there is nothing else below the upper level. */
function functionalGradient(binding: Binding, aid: Aid): Float64Array | undefined {
  const isOther = ({ plan: { adjoint } }: BlockRuntime): boolean =>
    adjoint.solver !== "rkhs" && adjoint.solver !== "none" && adjoint.solver !== "zero";
  if (aid.blocks.length === 0 || !aid.blocks.every((block) => aid.inFunctions.has(block) && isOther(block)))
    return undefined;
  for (const block of [...aid.blocks].reverse()) aid.inFunctions.get(block)?.();
  return assembled(binding, aid);
}

function assembled({ engine }: Binding, aid: Aid): Float64Array {
  const gradient = engine.allocate(aid.w.length);
  aid.assemble(gradient);
  const values = engine.read(gradient);
  engine.release(gradient);
  return values;
}

/** A flat vector over the variables by the names they were declared with: a nested array, or one a tensor of weights. */
export function byName(binding: Binding, variables: readonly Input[], values: Float64Array): Record<string, Value> {
  const result: Record<string, Value> = {};
  let offset = 0;
  for (const variable of variables) {
    const shape = variable.shape.map((size) => sizeNumber(size, binding.sizes));
    const own = toNested(values, shape, offset);
    offset += lengthOf(variable.shape, binding.sizes);
    const name = declaredName(variable);
    const tensor = tensorName(variable);
    result[name] = tensor === undefined ? own : { ...(result[name] as Weights | undefined), [tensor]: own };
  }
  return result;
}

/** Which variable and which index a flat entry is. */
function locate(
  binding: Binding,
  variables: readonly Input[],
  entry: number,
): { readonly variable: string; readonly index: readonly number[] } {
  let rest = entry;
  for (const variable of variables) {
    const length = lengthOf(variable.shape, binding.sizes);
    if (rest >= length) {
      rest -= length;
      continue;
    }
    const index: number[] = [];
    for (const size of [...variable.shape].reverse()) {
      const extent = sizeNumber(size, binding.sizes);
      index.unshift(rest % extent);
      rest = Math.floor(rest / extent);
    }
    return { variable: variable.name, index };
  }
  throw new Error("entry out of range");
}
