/**
 * One block of the lower level on an engine: its condition, its curvature, how it is solved and how far it is from solved.
 * The point is the block's slot; everything else it reads (upper variables, earlier blocks) stands in theirs.
 */

import type { Block } from "../../compiler/derive/implicit.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { declaredName, type Input, type Node } from "../../compiler/ir/node.ts";
import type { BlockPlan } from "../../compiler/plan/plan.ts";
import type { Span } from "../../grammar/diagnostics.ts";
import { BilevelError, type Diagnostic } from "../../grammar/diagnostics.ts";
import { addSlots, type Binding, flatKernel, kernelOf, lengthOf, partsOf } from "../bind.ts";
import type { Engine, Vector } from "../engine/engine.ts";
import { notAMinimum, notFinite, singularLowerLevel, unboundedLowerLevel } from "../errors.ts";
import { largestMagnitude } from "../solve/arrays.ts";
import type { LinearOperator, Objective } from "../solve/types.ts";
import { machineEpsilon } from "../solve/workspace.ts";
import { curvatureEigenvalues, curvatureFactoriser, type FactoriseCurvature } from "./curvature.ts";
import type { FaceSolver } from "./face.ts";
import { type Flatness, flatnessByProducts } from "./flat.ts";
import { addConstraintSlots, createInteriorSolver } from "./interior.ts";
import { hoistFromProduct } from "./invariants.ts";
import { createProximalSolver } from "./nonsmooth.ts";
import { addMasks } from "./parts.ts";
import { normsAtPoints, scalesOf } from "./scales.ts";
import { createLearnt, type Learnt } from "./shine.ts";
import { createSteps, type Steps, type StepsOptions } from "./steps.ts";
import { symmetricFactoriser } from "./symmetric.ts";

export type FactorKind = "cholesky" | "lu" | "cg";

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
  /** The curvature at the present point, factorised; by `cg` where a function in an RKHS has systems of a symmetric form. */
  readonly factorise: (kind: FactorKind) => FactoriseCurvature;
  /** The smallest entry of the proved modulus of strong convexity at the present upper variables, where there is one. */
  readonly modulus?: () => number;
  /** out ← ∂/∂y (f − Σ over later blocks ⟨v, R⟩) + received */
  readonly adjointRhs: (out: Vector) => void;
  /** Where the plan is to take steps. */
  readonly steps?: Steps;
  /** The last layer of a function in L2, where it is solved for, given the others. */
  readonly head?: BlockRuntime;
  /** Where the adjoint shares what the inner solver learns. */
  readonly learnt?: Learnt;
  /** Where the block has kinks, sets or constraints. */
  readonly face?: FaceSolver;
  /** Where clauses answer each other: those with a face, each alone on its part of the vectors. */
  readonly responses: readonly BlockRuntime[];
  /** What later blocks contribute by other ways than ℒ, by unknown and flat. */
  readonly received: Vector;
  readonly sinks: readonly (readonly [name: string, sink: Vector])[];
  /** The norm of each point's part of a vector like y. */
  readonly norms: (vector: Vector) => readonly number[];
  /** At each point the larger of ‖R‖ at the start and Σ of the norms of R's terms at the present one. */
  readonly scales: () => readonly number[];
  /** The smallest scale: what is zero beside it is so at every point. */
  readonly scale: () => number;
}

/** Where a block's point, adjoint and direction stand. */
type Places = Readonly<Record<"y" | "v" | "tangent", Vector>>;

/** Slots for all that a block's kernels read and write; none of them may be compiled before. */
function addPlaces(binding: Binding, block: Block): Places {
  for (const { nonsmooth, constrained } of [block, ...block.responses]) {
    if (nonsmooth !== undefined) addMasks(binding, nonsmooth);
    if (constrained !== undefined) addConstraintSlots(binding, constrained);
  }
  const { unknowns, adjoints, tangents } = block;
  return { y: addSlots(binding, unknowns), v: addSlots(binding, adjoints), tangent: addSlots(binding, tangents) };
}

/** Blocks in some of the block's unknowns with the others held, on views of the block's own vectors. */
function createParts(
  binding: Binding,
  g: Graph,
  plan: BlockPlan,
  parts: readonly BlockPlan[],
  starts: readonly Node[],
  { y, v, tangent }: Places,
): readonly BlockRuntime[] {
  const { engine, sizes } = binding;
  const { unknowns } = plan.facts.block;
  const lengths = unknowns.map((unknown) => lengthOf(unknown.shape, sizes));
  const lengthUpTo = (k: number): number => lengths.slice(0, k).reduce((a, b) => a + b, 0);
  return parts.map((part) => {
    const own = part.facts.block.unknowns;
    const first = unknowns.indexOf(own[0] as Input);
    const [from, to] = [lengthUpTo(first), lengthUpTo(first + own.length)];
    const view = (whole: Vector): Vector => engine.view(whole, from, to - from);
    const places = { y: view(y), v: view(v), tangent: view(tangent) };
    return createBlock(binding, g, part, starts.slice(first, first + own.length), places);
  });
}

/** `starts` are the unknowns' starting values, of their shapes. */
export function createBlock(
  binding: Binding,
  g: Graph,
  plan: BlockPlan,
  starts: readonly Node[],
  places: Places = addPlaces(binding, plan.facts.block),
): BlockRuntime {
  const { engine } = binding;
  const { block } = plan.facts;
  const { y, v, tangent } = places;
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
  const lengths = block.unknowns.map((unknown) => lengthOf(unknown.shape, binding.sizes));
  const norms = (vector: Vector): readonly number[] => normsAtPoints(binding, partsOf(binding, vector, lengths));
  const scales = scalesOf(binding, block, condition, norms, y, start);
  const product = operatorOf(binding, g, "curvature product", block.product, block.tangents, tangent);
  const names = declaredNames(block.unknowns);
  const { span } = block.clauses[0] as { readonly span: Span };
  const learnt = createLearnt(engine, plan, size);
  return {
    plan,
    names,
    span,
    size,
    y,
    start,
    refreshStart,
    v,
    condition,
    ...(isStepping(plan.inner) && {
      steps: createSteps(binding, block.condition, y, { ...plan.inner, names, span }),
    }),
    ...(learnt && { learnt }),
    objective: objectiveOf(binding, block.minimand, block.condition, size, at, condition),
    product,
    transposedProduct: block.product.every((node, k) => node === block.transposedProduct[k])
      ? product
      : operatorOf(binding, g, "transposed curvature product", block.transposedProduct, block.tangents, tangent),
    factorise: factorisers(binding, g, plan),
    ...(plan.facts.modulus && { modulus: smallestOf(binding, plan.facts.modulus) }),
    adjointRhs: withReceived(
      engine,
      lazily(() => vectorKernel(binding, "adjoint right-hand side", block.adjointRhs, size)),
      received,
    ),
    received,
    ...(block.nonsmooth && { face: createProximalSolver(binding, block.nonsmooth, block.unknowns, y) }),
    ...(block.constrained && { face: createInteriorSolver(binding, block.constrained, block.unknowns, y) }),
    responses: createParts(binding, g, plan, plan.responses ?? [], starts, places),
    ...(plan.head && { head: createParts(binding, g, plan, [plan.head], starts, places)[0] }),
    sinks: sinksFor(binding, block.unknowns, received),
    norms,
    scales,
    scale: () => scales().reduce((least, scale) => (scale > 0 && (least === 0 || scale < least) ? scale : least), 0),
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
  const declared = unknowns.filter(({ role }) => role === "lower" || role === "adjoint");
  return [...new Set(declared.map(declaredName))].join(", ");
}

function isStepping(inner: BlockPlan["inner"]): inner is BlockPlan["inner"] & Pick<StepsOptions, "solver"> {
  return inner.solver === "adam" || inner.solver === "sgd";
}

/** The factorisation that a solver's name means for the block; `undefined` where it takes products alone. */
export function factorKind({ facts }: BlockPlan, solver: string): FactorKind | undefined {
  if (solver === "cholesky" || solver === "lu") return solver;
  return solver === "cg" && facts.represented?.symmetric !== undefined ? solver : undefined;
}

/** One factoriser a kind, compiled when it is first asked for. */
function factorisers(binding: Binding, g: Graph, plan: BlockPlan): BlockRuntime["factorise"] {
  const made = new Map<FactorKind, FactoriseCurvature>();
  const { symmetric } = plan.facts.represented ?? {};
  const make = (kind: FactorKind): FactoriseCurvature => {
    if (symmetric !== undefined && kind !== "lu") return symmetricFactoriser(binding, g, symmetric, kind);
    if (kind === "cg") throw new Error("no symmetric form to solve with");
    return curvatureFactoriser(binding, g, plan.facts, kind);
  };
  return (kind) => {
    const known = made.get(kind) ?? make(kind);
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

function smallestOf(binding: Binding, nodes: readonly Node[]): () => number {
  const { engine, sizes } = binding;
  const length = nodes.reduce((sum, { shape }) => sum + lengthOf(shape, sizes), 0);
  const evaluate = lazily(() => vectorKernel(binding, "modulus of strong convexity", nodes, length));
  const out = engine.allocate(length);
  return () => {
    evaluate(out);
    return engine.read(out).reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  };
}

function operatorOf(
  binding: Binding,
  g: Graph,
  name: string,
  outputs: readonly Node[],
  tangents: readonly Input[],
  tangent: Vector,
): LinearOperator {
  const apply = lazily(() => {
    const hoisted = hoistFromProduct(binding, g, outputs, tangents);
    const multiply = vectorKernel(binding, name, hoisted.outputs, tangent.length);
    return (out) => {
      hoisted.refresh();
      multiply(out);
    };
  });
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
  slope: (point: Vector, out: Vector) => void,
): Objective {
  const { engine } = binding;
  if (minimand === undefined) return { size, evaluate: () => ({ ok: false, reason: "an equation has no objective" }) };
  const value = engine.allocate(1);
  const gradient = engine.allocate(size);
  const lengths = condition.map((node) => lengthOf(node.shape, binding.sizes));
  const parts = partsOf(binding, gradient, lengths);
  let run: (() => void) | undefined;
  return {
    size,
    slope,
    evaluate: (point, out) => {
      at(point);
      run ??= kernelOf(binding, "lower objective and gradient", [minimand, ...condition], [value, ...parts]);
      run();
      engine.copy(gradient, out);
      return { ok: true, value: engine.read(value)[0] as number };
    },
  };
}

/** ‖R(y)‖ over its scale at each point, computed afresh; 0/0 is 0. */
export function innerResiduals(binding: Binding, block: BlockRuntime): readonly number[] {
  if (block.face !== undefined) return [block.face.residual(block)];
  const faces = block.responses.map((response) => innerResidual(binding, response));
  const out = binding.engine.allocate(block.size);
  block.condition(block.y, out);
  const norms = block.norms(out);
  binding.engine.release(out);
  const scales = norms.every((norm) => norm === 0) ? [] : block.scales();
  return norms.map((norm, point) => Math.max(norm === 0 ? 0 : norm / (scales[point] as number), ...faces));
}

/** The largest of all points. */
export function innerResidual(binding: Binding, block: BlockRuntime): number {
  return Math.max(...innerResiduals(binding, block));
}

export function refuseCurvature(binding: Binding, block: BlockRuntime): never {
  throw new BilevelError([refusalOf(binding, block)]);
}

/** Says why the curvature at the present point has no Cholesky factor: flat, negative or not finite. */
export function refusalOf(binding: Binding, block: BlockRuntime): Diagnostic {
  const values = curvatureEigenvalues(binding, block.plan.facts);
  const found = values === undefined ? flatnessByProducts(binding, block) : flatnessOf(binding, values);
  return curvatureRefusal(block, found);
}

/** All eigenvalues, ascending. */
function flatnessOf(binding: Binding, values: Float64Array): Flatness {
  const smallest = values.every(Number.isFinite) ? (values[0] ?? 0) : Number.NaN;
  const largest = largestMagnitude(values);
  const floor = values.length * 4 * machineEpsilon(binding.engine) * largest;
  const flat = values.filter((value) => Math.abs(value) <= floor).length;
  return { flat, atLeast: false, negative: smallest < -floor, smallest, largest };
}

/** What is wrong with such a curvature. */
export function curvatureRefusal({ plan, names, span }: BlockRuntime, found: Flatness): Diagnostic {
  if (Number.isNaN(found.smallest)) return notFinite(`the curvature of what ${names} minimizes`, span);
  if (!found.negative) return singularLowerLevel(names, Math.max(found.flat, 1), span, found.atLeast);
  return plan.facts.quadratic ? unboundedLowerLevel(names, span) : notAMinimum(names, found.smallest, span);
}
