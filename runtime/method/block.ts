/**
 * One block of the lower level on an engine: its condition, its curvature, how it is solved and how far it is from solved.
 * The point is the block's slot; everything else it reads (upper variables, earlier blocks) stands in theirs.
 */
import type { Graph } from "../../compiler/ir/graph.ts";
import type { Input, Node } from "../../compiler/ir/node.ts";
import type { BlockPlan } from "../../compiler/plan/plan.ts";
import type { Span } from "../../grammar/diagnostics.ts";
import { BilevelError } from "../../grammar/diagnostics.ts";
import { addSlots, type Binding, flatKernel, kernelOf, lengthOf, partsOf } from "../bind.ts";
import type { Engine, Vector } from "../engine/engine.ts";
import { notAMinimum, notFinite, singularLowerLevel, unboundedLowerLevel } from "../errors.ts";
import { largestMagnitude } from "../solve/arrays.ts";
import type { LinearOperator, Objective } from "../solve/types.ts";
import { machineEpsilon } from "../solve/workspace.ts";
import { curvatureEigenvalues, curvatureFactoriser, type FactoriseCurvature } from "./curvature.ts";
import type { FaceSolver } from "./face.ts";
import { addConstraintSlots, createInteriorSolver } from "./interior.ts";
import { addMasks, createProximalSolver } from "./nonsmooth.ts";

export interface BlockRuntime {
  readonly plan: BlockPlan;
  /** `theta`, or `y, z`: for messages. */
  readonly names: string;
  readonly span: Span;
  readonly size: number;
  /** The point, all unknowns flat. */
  readonly y: Vector;
  /** Where a cold solve begins; an unknown's start may read upper variables, so it is refreshed before each solve. */
  readonly start: Vector;
  readonly refreshStart: () => void;
  /** The adjoint, all unknowns flat; zero where none is solved. */
  readonly v: Vector;
  /** out ← R(y) at the given point, which becomes the present one. */
  readonly condition: (y: Vector, out: Vector) => void;
  /** The minimand and its gradient at a point, for minimisers. */
  readonly objective: Objective;
  /** v ↦ (∂R/∂y) v and its transpose at the present point. */
  readonly product: LinearOperator;
  readonly transposedProduct: LinearOperator;
  /** The curvature at the present point, factorised. */
  readonly factorise: (kind: "cholesky" | "lu") => FactoriseCurvature;
  /** out ← ∂/∂y (f − Σ over later blocks ⟨v, R⟩) + received */
  readonly adjointRhs: (out: Vector) => void;
  /** Where the block has kinks, sets or constraints. */
  readonly face?: FaceSolver;
  /** What later blocks contribute by other ways than ℒ, by unknown and flat. */
  readonly received: Vector;
  readonly sinks: readonly (readonly [name: string, sink: Vector])[];
  /** The larger of ‖R‖ at the start and Σ of the norms of R's terms at the present point. */
  readonly scale: () => number;
}

/** `starts` are the unknowns' starting values, of their shapes. */
export function createBlock(binding: Binding, g: Graph, plan: BlockPlan, starts: readonly Node[]): BlockRuntime {
  const { engine } = binding;
  const { block } = plan.facts;
  if (block.nonsmooth !== undefined) addMasks(binding, block.nonsmooth);
  if (block.constrained !== undefined) addConstraintSlots(binding, block.constrained);
  const y = addSlots(binding, block.unknowns);
  const v = addSlots(binding, block.adjoints);
  const tangent = addSlots(binding, block.tangents);
  const size = y.length;
  const start = engine.allocate(size);
  const refreshStart = flatKernel(binding, "lower start", starts, start);
  engine.fill(v, 0);
  const received = engine.allocate(size);
  engine.fill(received, 0);

  const at = (point: Vector): void => {
    if (point !== y) engine.copy(point, y);
  };
  const residual = engine.allocate(size);
  const evaluateCondition = flatKernel(binding, "lower condition", block.condition, residual);
  const condition = (point: Vector, out: Vector): void => {
    at(point);
    evaluateCondition();
    engine.copy(residual, out);
  };
  return {
    plan,
    names: declaredNames(block.unknowns),
    span: (block.clauses[0] as { span: Span }).span,
    size,
    y,
    start,
    refreshStart,
    v,
    condition,
    objective: objectiveOf(binding, block.minimand, block.condition, size, at),
    product: operatorOf(binding, "curvature product", block.product, tangent),
    transposedProduct: operatorOf(binding, "transposed curvature product", block.transposedProduct, tangent),
    factorise: factorisers(binding, g, plan),
    adjointRhs: withReceived(
      engine,
      lazily(() => vectorKernel(binding, "adjoint right-hand side", block.adjointRhs, size)),
      received,
    ),
    received,
    ...(block.nonsmooth && { face: createProximalSolver(binding, block.nonsmooth, block.unknowns, y) }),
    ...(block.constrained && { face: createInteriorSolver(binding, g, block.constrained, block.unknowns, y) }),
    sinks: sinksFor(binding, block.unknowns, received),
    scale: scaleOf(binding, block.condition, condition, y, start),
  };
}

function withReceived(engine: Engine, rhs: (out: Vector) => void, received: Vector): (out: Vector) => void {
  return (out) => {
    rhs(out);
    engine.axpy(1, received, out);
  };
}

/** The parts of a flat vector by the inputs' names. */
export function sinksFor(binding: Binding, inputs: readonly Input[], flat: Vector): BlockRuntime["sinks"] {
  const lengths = inputs.map((input) => lengthOf(input.shape, binding.sizes));
  return partsOf(binding, flat, lengths).map((part, k) => [(inputs[k] as Input).name, part] as const);
}

/** The unknowns the author declared; multipliers have no name in the program. */
function declaredNames(unknowns: readonly Input[]): string {
  return unknowns
    .filter((unknown) => unknown.role === "lower")
    .map((unknown) => unknown.name)
    .join(", ");
}

/** One factoriser a kind, compiled when it is first asked for. */
function factorisers(binding: Binding, g: Graph, plan: BlockPlan): BlockRuntime["factorise"] {
  const made = new Map<"cholesky" | "lu", FactoriseCurvature>();
  return (kind) => {
    const known = made.get(kind) ?? curvatureFactoriser(binding, g, plan.facts, kind);
    made.set(kind, known);
    return known;
  };
}

/** Compiled at the first call: a where-only file never needs an adjoint, and later blocks' slots exist by then. */
function lazily(make: () => (out: Vector) => void): (out: Vector) => void {
  let made: ((out: Vector) => void) | undefined;
  return (out) => {
    made ??= make();
    made(out);
  };
}

function vectorKernel(binding: Binding, name: string, outputs: readonly Node[], size: number): (out: Vector) => void {
  const own = binding.engine.allocate(size);
  const run = flatKernel(binding, name, outputs, own);
  return (out) => {
    run();
    binding.engine.copy(own, out);
  };
}

function operatorOf(binding: Binding, name: string, outputs: readonly Node[], tangent: Vector): LinearOperator {
  const apply = lazily(() => vectorKernel(binding, name, outputs, tangent.length));
  return {
    size: tangent.length,
    apply: (direction, out) => {
      binding.engine.copy(direction, tangent);
      apply(out);
    },
  };
}

function objectiveOf(
  binding: Binding,
  minimand: Node | undefined,
  condition: readonly Node[],
  size: number,
  at: (point: Vector) => void,
): Objective {
  const { engine } = binding;
  if (minimand === undefined) return { size, evaluate: () => ({ ok: false, reason: "an equation has no objective" }) };
  const value = engine.allocate(1);
  const gradient = engine.allocate(size);
  const lengths = condition.map((node) => lengthOf(node.shape, binding.sizes));
  const parts = partsOf(binding, gradient, lengths);
  const run = kernelOf(binding, "lower objective and gradient", [minimand, ...condition], [value, ...parts]);
  return {
    size,
    evaluate: (point, out) => {
      at(point);
      run();
      engine.copy(gradient, out);
      return { ok: true, value: engine.read(value)[0] as number };
    },
  };
}

/** Σ_t ‖term_t‖ over the terms that R adds up, at the present point, against ‖R‖ at the start. */
function scaleOf(
  binding: Binding,
  condition: readonly Node[],
  evaluate: (y: Vector, out: Vector) => void,
  y: Vector,
  start: Vector,
): () => number {
  const { engine, sizes } = binding;
  const terms = condition.flatMap((node) =>
    node.kind === "add"
      ? node.operands.map((operand, k) => ({ operand, factor: Math.abs(node.coefficients[k] as number) }))
      : [{ operand: node, factor: 1 }],
  );
  const outputs = terms.map(({ operand }) => engine.allocate(lengthOf(operand.shape, sizes)));
  let run: (() => void) | undefined;
  const saved = engine.allocate(y.length);
  const scratch = engine.allocate(y.length);
  return () => {
    run ??= kernelOf(
      binding,
      "terms of the lower condition",
      terms.map((term) => term.operand),
      outputs,
    );
    run();
    const sum = terms.reduce((total, { factor }, k) => total + factor * engine.norm(outputs[k] as Vector), 0);
    engine.copy(y, saved);
    evaluate(start, scratch);
    engine.copy(saved, y);
    const cold = engine.norm(scratch);
    return Math.max(sum, Number.isFinite(cold) ? cold : 0);
  };
}

/** ‖R(y)‖ over its scale, computed afresh; 0/0 is 0. */
export function innerResidual(binding: Binding, block: BlockRuntime): number {
  if (block.face !== undefined) return block.face.residual(block);
  const out = binding.engine.allocate(block.size);
  block.condition(block.y, out);
  const norm = binding.engine.norm(out);
  binding.engine.release(out);
  return norm === 0 ? 0 : norm / block.scale();
}

/** Says why the curvature at the present point has no Cholesky factor: flat, negative or not finite. */
export function refuseCurvature(binding: Binding, block: BlockRuntime): never {
  const values = curvatureEigenvalues(binding, block.plan.facts);
  if (values === undefined) throw new BilevelError([singularLowerLevel(block.names, undefined, block.span)]);
  if (!values.every(Number.isFinite))
    throw new BilevelError([notFinite(`the curvature of what ${block.names} minimizes`, block.span)]);
  const largest = largestMagnitude(values);
  const floor = values.length * 4 * machineEpsilon(binding.engine) * largest;
  const smallest = values[0] ?? 0;
  if (smallest < -floor) {
    const refusal = block.plan.facts.quadratic
      ? unboundedLowerLevel(block.names, block.span)
      : notAMinimum(block.names, smallest, block.span);
    throw new BilevelError([refusal]);
  }
  const flat = values.filter((value) => value <= floor).length;
  throw new BilevelError([singularLowerLevel(block.names, Math.max(flat, 1), block.span)]);
}
