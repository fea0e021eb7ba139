/**
 * Constrained lower levels: a primal-dual interior-point method (Nocedal and Wright 2006, algorithm 19.1) until the active set is
 * clear, then Newton's method on the conditions of that face (compiler/derive/constrained.ts).
 */
import type { Constrained } from "../../compiler/derive/constrained.ts";
import type { Input } from "../../compiler/ir/node.ts";
import { BilevelError } from "../../grammar/diagnostics.ts";
import { addSlot, addSlots, type Binding, flatKernel, lengthOf } from "../bind.ts";
import type { Vector } from "../engine/engine.ts";
import { atAKink, infeasible, notFinite, unboundedLowerLevel } from "../errors.ts";
import { norm } from "../solve/arrays.ts";
import type { BlockRuntime } from "./block.ts";
import { type FaceSolver, loose } from "./face.ts";
import { createInteriorNewton, type Units } from "./interior-newton.ts";
import { unitsOf } from "./interior-units.ts";

/** Masks, slacks and barrier; they must have slots before any kernel of the block is compiled. */
export function addConstraintSlots(binding: Binding, { active, slacks, barrier }: Constrained): void {
  for (const mask of active) binding.engine.fill(addSlot(binding, mask), 0);
  if (slacks.length > 0) binding.engine.fill(addSlots(binding, slacks), 1);
  binding.engine.fill(addSlot(binding, barrier), 0);
}

export function createInteriorSolver(
  binding: Binding,
  constrained: Constrained,
  unknowns: readonly Input[],
  y: Vector,
): FaceSolver {
  const { engine, sizes, slots } = binding;
  const { equalities, inequalities, slacks, active, barrier, interior } = constrained;
  const lengthOfAll = (nodes: readonly { readonly shape: Input["shape"] }[]): number =>
    nodes.reduce((total, node) => total + lengthOf(node.shape, sizes), 0);
  const [m, e] = [lengthOfAll(inequalities), lengthOfAll(equalities)];
  const own = y.length;
  /** Positions in z = (y, ν, μ, s). */
  const [primal, muFrom, sFrom, size] = [own - e - m, own - m, own, own + m];
  const residualVector = engine.allocate(size);
  const evaluate = flatKernel(binding, "interior conditions", interior, residualVector);
  const primalUnknowns = unknowns.slice(0, unknowns.length - equalities.length - inequalities.length);
  const { direction, slopes } = createInteriorNewton(binding, constrained, primalUnknowns, e, m);
  let units: Units = unchanged(e, m);
  /** ‖∇g‖ at the start, in units. */
  let steepness = 0;
  /** By what an entry of z in its unit is multiplied: ℒ̂ = γ ℒ, so that μ = r μ̂ / γ. */
  const unit = (i: number): number => {
    if (i < primal) return units.length;
    if (i < muFrom) return (units.equalities[i - primal] as number) / units.objective;
    if (i < sFrom) return (units.inequalities[i - muFrom] as number) / units.objective;
    return 1 / (units.inequalities[i - sFrom] as number);
  };
  /** By what an entry of the residual is multiplied: the lines of z's order are ∇ℒ, h, c + s, μ ∘ s. */
  const weight = (i: number): number => {
    if (i < primal) return units.objective * units.length;
    if (i < muFrom) return units.equalities[i - primal] as number;
    return i < sFrom ? (units.inequalities[i - muFrom] as number) : units.objective;
  };
  const inUnits = (values: Float64Array): Float64Array => {
    const z = new Float64Array(size);
    values.forEach((value, i) => (z[i] = value / unit(i)));
    return z;
  };
  const write = (z: Float64Array): void =>
    engine.write(
      y,
      z.subarray(0, own).map((value, i) => value * unit(i)),
    );

  /** The interior residual at z, with the barrier τ; all in units. */
  const at = (z: Float64Array, tau: number): Float64Array => {
    write(z);
    let from = sFrom;
    for (const slack of slacks) {
      const slot = slots.get(slack) as Vector;
      engine.write(
        slot,
        z.subarray(from, from + slot.length).map((value, i) => value * unit(from + i)),
      );
      from += slot.length;
    }
    engine.write(slots.get(barrier) as Vector, [tau / units.objective]);
    evaluate();
    return engine.read(residualVector).map((value, i) => value * weight(i));
  };

  /** Sets the units by what is found at a point without multipliers. */
  const measure = (point: Float64Array): void => {
    units = unchanged(e, m);
    const z = new Float64Array(size);
    z.set(point);
    const found = at(z, 0);
    const [h, c] = [found.subarray(primal, muFrom), found.subarray(muFrom, sFrom)];
    const slope = found.subarray(0, primal);
    units = unitsOf(point, slope, h, c, slopes());
    steepness = norm(slope) * weight(0);
  };

  /** KKT conditions without slacks: stationarity, feasibility, signs and complementarity. */
  const optimality = (z: Float64Array): { readonly violation: number; readonly scale: number } => {
    const residual = at(
      z.map((value, i) => (i < sFrom ? value : 0)),
      0,
    );
    const stationarity = residual.subarray(0, primal);
    const equality = residual.subarray(primal, primal + e);
    const c = residual.subarray(primal + e, primal + e + m);
    const mu = z.subarray(muFrom, sFrom);
    const parts = [
      norm(stationarity),
      norm(equality),
      norm(c.map((value) => Math.max(value, 0))),
      norm(mu.map((value) => Math.min(value, 0))),
      norm(c.map((value, i) => Math.min(Math.abs(value), Math.abs(mu[i] as number)))),
    ];
    return { violation: Math.hypot(...parts), scale: 1 + norm(z.subarray(0, sFrom)) };
  };

  const solve: FaceSolver["solve"] = (block, newton, options) => {
    const start = engine.read(block.y).subarray(0, primal);
    measure(engine.read(block.start).subarray(0, primal));
    let z = inUnits(start).map((value, i) => (i >= muFrom ? 1 : value));
    const begin = at(
      z.map((value, i) => (i < sFrom ? value : 0)),
      0,
    );
    if (!begin.every(Number.isFinite)) throw new BilevelError([notFinite(`what ${block.names} minimizes`, block.span)]);
    for (let i = 0; i < m; i += 1) z[sFrom + i] = Math.max(1, -(begin[primal + e + i] as number));
    let iterations = 0;
    for (; iterations < options.maxIterations; iterations += 1) {
      const gap = m === 0 ? 0 : dotRange(z, muFrom, z, sFrom, m) / m;
      const plain = at(z, 0);
      if (norm(plain) <= arrival * (1 + norm(z)) && gap <= clear * (1 + norm(z))) break;
      const tau = Math.min(0.1, 100 * gap) * gap;
      const residual = at(z, tau);
      const d = direction(residual, z.subarray(muFrom, sFrom), z.subarray(sFrom), units);
      if (d === undefined || norm(z) > farAway) break;
      let length = 1;
      for (let i = muFrom; i < size; i += 1) {
        if ((d[i] as number) < 0) length = Math.min(length, (-0.995 * (z[i] as number)) / (d[i] as number));
      }
      const before = norm(residual);
      let next = z;
      for (let trial = 0; trial < 30; trial += 1, length /= 2) {
        next = z.map((value, i) => value + length * (d[i] as number));
        const after = norm(at(next, tau));
        if (after < (1 - 1e-4 * length) * before || (trial > 2 && after <= before * 1.01)) break;
      }
      z = next;
    }
    refuseWithoutSolution(block, z);
    // The active inequalities are those whose multiplier outweighs their slack.
    let from = 0;
    for (const mask of active) {
      const slot = slots.get(mask) as Vector;
      engine.write(
        slot,
        Float64Array.from({ length: slot.length }, (_, i) =>
          (z[muFrom + from + i] as number) > (z[sFrom + from + i] as number) ? 1 : 0,
        ),
      );
      from += slot.length;
    }
    const onFace = z.map((value, i) => (i >= muFrom && i < sFrom && value <= (z[i + m] as number) ? 0 : value));
    const interiorError = optimality(onFace).violation;
    write(onFace);
    newton();
    const polished = inUnits(engine.read(block.y));
    write(optimality(polished).violation <= interiorError ? polished : onFace);
    return { iterations };
  };

  /** What the method ends at tells why there is no solution. */
  const refuseWithoutSolution = (block: BlockRuntime, z: Float64Array): void => {
    const residual = at(z, 0);
    const infeasibility = norm(residual.subarray(primal, primal + e + m));
    const extent = norm(z.subarray(0, primal));
    if (extent > 1e6 * (1 + infeasibility) || !Number.isFinite(extent)) {
      throw new BilevelError([unboundedLowerLevel(block.names, block.span)]);
    }
    if (infeasibility > 1e-6 * (1 + extent)) {
      const violation = norm(residual.map((value, i) => (i < primal || i >= sFrom ? 0 : value / weight(i))));
      throw new BilevelError([infeasible(block.names, violation, block.span)]);
    }
  };

  /** Constraints that hold without force: the smallest change may move the solution off them, one way only. */
  const warnings: FaceSolver["warnings"] = (block) => {
    const z = inUnits(engine.read(block.y));
    const residual = at(z, 0);
    const mu = z.subarray(muFrom, sFrom);
    const force = Math.max(steepness, norm(mu), Number.MIN_VALUE);
    const scale = 1 + norm(z.subarray(0, primal));
    const count = mu.reduce((total, value, i) => {
      const slack = -(residual[primal + e + i] as number);
      return total + (slack <= loose * scale && value <= loose * force ? 1 : 0);
    }, 0);
    return count === 0 ? [] : [atAKink(block.names, count, block.span)];
  };

  const residual: FaceSolver["residual"] = (block) => {
    const { violation, scale } = optimality(inUnits(engine.read(block.y)));
    return violation / scale;
  };

  const declared = unknowns.slice(0, primalUnknowns.length - constrained.epigraphs.length);
  const free = Array.from({ length: lengthOfAll(declared) }, (_, i) => i);
  return { solve, residual, settle: () => {}, free: () => free, warnings };
}

const unchanged = (e: number, m: number): Units => ({
  length: 1,
  objective: 1,
  equalities: new Float64Array(e).fill(1),
  inequalities: new Float64Array(m).fill(1),
});

const arrival = 1e-10;
/** Products of slack and multiplier this small tell which of the two is 0, where the other is not below their root. */
const clear = 1e-18;
const farAway = 1e10;

function dotRange(a: Float64Array, from: number, b: Float64Array, other: number, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i += 1) sum += (a[from + i] as number) * (b[other + i] as number);
  return sum;
}
