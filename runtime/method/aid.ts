/**
 * Approximate implicit differentiation: at each point w, solve the blocks of the lower level in order, then their adjoints in
 * reverse, then evaluate ∂ℒ/∂w (compiler/derive/implicit.ts). Solutions and adjoints are warm-started from the last point.
 */
import { throughFamilies } from "../../compiler/derive/functional.ts";
import type { Derivation, UpperConstraints } from "../../compiler/derive/implicit.ts";
import { constant } from "../../compiler/ir/graph.ts";
import type { Node } from "../../compiler/ir/node.ts";
import type { Constraint, Problem } from "../../compiler/lower/problem.ts";
import type { Plan } from "../../compiler/plan/plan.ts";
import type { AdjointSolver } from "../../compiler/plan/solvers.ts";
import type { Diagnostic, Span } from "../../grammar/diagnostics.ts";
import { addSlots, type Binding, flatKernel, kernelOf, lengthOf, partsOf, sizeNumber } from "../bind.ts";
import type { Factorised, Vector } from "../engine/engine.ts";
import { approximateGradient, notConverged } from "../errors.ts";
import type { Ledger } from "../ledger.ts";
import { toleranceFor } from "../solve/workspace.ts";
import type { Residuals } from "../types.ts";
import { type AdjointReport, adjointResiduals, adjointTolerance, solveAdjoint } from "./adjoint.ts";
import { createInFunctions, type SolveInFunctions } from "./adjoint-function.ts";
import { type BlockRuntime, createBlock, innerResidual, sinksFor } from "./block.ts";
import { createEstimator, type Estimator } from "./estimate.ts";
import { createFlow } from "./flow.ts";
import { createDuals, type Dual } from "./functional.ts";
import { solveBlock } from "./inner.ts";
import { hoistInvariants } from "./invariants.ts";
import { refuseOtherStationaryPoints } from "./minima.ts";
import type { PathRuntime, Sinks } from "./path.ts";
import { createProjection } from "./projection.ts";
import { forget, keepLearnt } from "./shine.ts";
import { createUnrolled } from "./unrolled.ts";
import { curvatureFindings, verifyExpansion } from "./verify.ts";

export interface Hypergradient {
  /** f, with the author's sign; what the first clause says in a file without an upper problem. */
  readonly value: number;
  readonly residuals: Residuals;
  readonly warnings: readonly Diagnostic[];
  /** No solver fell short of its tolerance, but for those that were told to stop early. */
  readonly complete: boolean;
}

/** The constraints of the upper problem, all entries flat in the order written. */
export interface UpperBounds {
  readonly relations: readonly Constraint["relation"][];
  /** c at the present point. */
  readonly values: () => Float64Array;
  /** μ; 0 until a penalty says otherwise. */
  readonly multipliers: Vector;
  /** By how much the present point misses the constraint it misses most. */
  readonly violation: () => number;
  readonly shapes: readonly (readonly number[])[];
  readonly span: Span;
}

export interface Aid {
  /** All upper variables, flat: write the point here. */
  readonly w: Vector;
  readonly blocks: readonly BlockRuntime[];
  /** The adjoint functions of blocks whose unknown is a function in L2. */
  readonly duals: ReadonlyMap<BlockRuntime, Dual>;
  /** The adjoints of functions in an RKHS by way of their adjoint functions, where there is such a way. */
  readonly inFunctions: ReadonlyMap<BlockRuntime, SolveInFunctions>;
  /** Forgets earlier solutions and adjoints: the next solve begins at the start. */
  readonly restart: () => void;
  /** From where the lower level stands, as after a restart: solutions, adjoints, and what their solvers remember. */
  readonly keep: (ledger: Ledger) => void;
  /** Solves the lower level at w, from its last solution or its start, and gives f there. Throws refusals. */
  readonly value: (from: "warm" | "cold") => number;
  /**
   * Solves the lower level and the adjoints at w and writes df/dw, or d(f + ⟨μ, c⟩)/dw where there are multipliers; `weigh` sets them
   * when the lower level is solved, and `within` replaces the tolerance of all solvers. Throws refusals.
   */
  readonly hypergradient: (gradient: Vector, weigh?: () => void, within?: number) => Hypergradient;
  /** The same for one step of the upper level: ∂ℒ/∂w from drawn rows, where the plan says so. */
  readonly estimate: Aid["hypergradient"];
  /** The same where (w, y, v) stand: nothing is solved. */
  readonly assess: (gradient: Vector) => Hypergradient;
  /** f where everything stands, nothing solved. */
  readonly objective: () => number;
  /** Where the upper problem is subject to something. */
  readonly bounds?: UpperBounds;
  /** Refuses a present solution that is no strict minimum where the adjoint's solver did not notice; gives warnings. */
  readonly verify: () => readonly Diagnostic[];
  /** Overwrites a point by the nearest one in the upper variables' sets; absent where they have none. */
  readonly project?: (point: Vector) => void;
  /** ∂ℒ/∂w at the present lower level and adjoints; gives f there. */
  readonly assemble: (gradient: Vector) => number;
}

interface LowerSolution {
  readonly residual: number;
  readonly warnings: readonly Diagnostic[];
  readonly complete: boolean;
  readonly factorised: ReadonlyMap<BlockRuntime, Factorised>;
}

export function createAid(binding: Binding, problem: Problem, derivation: Derivation, plan: Plan): Aid {
  const { engine } = binding;
  const variables = problem.upper?.variables ?? [];
  const w = addSlots(binding, variables);
  const hoisted = hoistInvariants(binding, problem.graph, plan, variables);
  const blocks = hoisted.plans.map((block) =>
    createBlock(
      binding,
      problem.graph,
      block,
      block.facts.block.unknowns.map((y) => problem.starts.get(y.name) ?? constant(problem.graph, 0, y.shape)),
    ),
  );
  const duals = createDuals(binding, problem.graph, blocks);
  const inFunctions = new Map(
    blocks.flatMap((block) => {
      const fn = block.plan.facts.represented?.represented.inFunctions;
      return fn === undefined || typeof fn === "string"
        ? []
        : [[block, createInFunctions(binding, block, fn)] as const];
    }),
  );
  const bounds = derivation.constraints && createBounds(binding, derivation.constraints, upperSpan(problem));
  const value = engine.allocate(1);
  const objective = derivation.value ?? firstObjective(problem);
  let evaluateValue: (() => void) | undefined;
  const gradientSlot = engine.allocate(w.length);
  const gradientLengths = derivation.hypergradient.map((node) => lengthOf(node.shape, binding.sizes));
  // In one kernel: the gradient needs most of what the value is made of.
  const evaluateBoth = kernelOf(
    binding,
    "upper objective and hypergradient",
    [objective, ...derivation.hypergradient],
    [value, ...partsOf(binding, gradientSlot, gradientLengths)],
  );

  const extra = engine.allocate(w.length);
  const sinks = new Map([...sinksFor(binding, variables, extra), ...blocks.flatMap((block) => block.sinks)]);
  const paths = new Map(
    blocks.flatMap((block) => {
      const { path } = block.plan.facts.block;
      if (path === undefined) return [];
      const { selected } = path;
      const runtime =
        selected.kind === "descent"
          ? createUnrolled(binding, block, selected)
          : createFlow(binding, problem.graph, block, path);
      return [[block, runtime] as const];
    }),
  );

  const solveLower = (warm: boolean, within?: number): LowerSolution => {
    const warnings: Diagnostic[] = [];
    const factorised = new Map<BlockRuntime, Factorised>();
    let [residual, complete] = [0, true];
    hoisted.refresh();
    for (const block of blocks) {
      const { inner } = block.plan;
      const isWarm = warm && inner.arguments.get("warm") !== false;
      const report = solveBlock(binding, block, isWarm, paths.get(block), within);
      residual = Math.max(residual, report.residual);
      warnings.push(...report.warnings);
      if (report.factorised !== undefined) factorised.set(block, report.factorised);
      if (report.residual <= report.tolerance) continue;
      warnings.push(
        notConverged(`the lower level in ${block.names}`, inner.solver, report.residual, report.tolerance, block.span),
      );
      complete &&= inner.arguments.has("max") || block.steps !== undefined;
    }
    return { residual, warnings, complete, factorised };
  };

  const assemble = (gradient: Vector): number => {
    evaluateBoth();
    engine.copy(gradientSlot, gradient);
    engine.axpy(1, extra, gradient);
    return engine.read(value)[0] as number;
  };

  let estimator: Estimator | undefined;
  const estimatorHere = (): Estimator => {
    // The unknowns and adjoints that it reads have their slots by now.
    estimator ??= createEstimator(binding, problem, derivation, plan.outer);
    return estimator;
  };
  const assembleOnRows = (gradient: Vector): number => {
    const estimated = estimatorHere().evaluate(gradient);
    engine.axpy(1, extra, gradient);
    return estimated;
  };

  const readValue = (): number => {
    evaluateValue ??= kernelOf(binding, "upper objective", [objective], [value]);
    evaluateValue();
    return engine.read(value)[0] as number;
  };

  const solved = (assembled: Aid["assemble"], gradient: Vector, weigh?: () => void, within?: number): Hypergradient => {
    const lower = solveLower(true, within);
    weigh?.();
    const warnings = [...lower.warnings];
    let [residual, complete] = [0, lower.complete];
    for (const sink of [extra, ...blocks.map((block) => block.received)]) engine.fill(sink, 0);
    try {
      for (const block of derivation.value === undefined ? [] : [...blocks].reverse()) {
        const { adjoint } = block.plan;
        const path = adjoint.solver === "reverse" || adjoint.solver === "forward" ? paths.get(block) : undefined;
        const dual = duals.get(block);
        const report =
          adjoint.solver === "rkhs"
            ? (inFunctions.get(block) as SolveInFunctions)()
            : dual !== undefined
              ? dual.solve()
              : path === undefined
                ? solveAdjoint(binding, block, lower.factorised.get(block), within)
                : pulledBack(binding, block, path, sinks);
        warnings.push(...report.warnings);
        if (path === undefined && paths.has(block) && adjoint.solver !== "zero")
          warnings.push(...estimateAtEnd(binding, block));
        residual = Math.max(residual, report.residual);
        if (report.residual <= report.tolerance) continue;
        const how = estimates[adjoint.solver];
        warnings.push(
          how === undefined
            ? notConverged(
                `the adjoint of ${block.names}`,
                block.plan.dual?.inner.solver ?? adjoint.solver,
                report.residual,
                report.tolerance,
                block.span,
              )
            : approximateGradient(block.names, how, report.residual, block.span),
        );
        const capped =
          adjoint.arguments.has("max") ||
          dual?.runtime.steps !== undefined ||
          adjoint.solver === "identity" ||
          adjoint.solver === "shared" ||
          (adjoint.solver === "neumann" && report.residual < 1) ||
          block.plan.damping > 0;
        complete &&= capped;
      }
    } finally {
      for (const { factor } of lower.factorised.values()) factor.release();
    }
    const residuals = { inner: lower.residual, adjoint: residual };
    return { value: assembled(gradient), residuals, warnings, complete };
  };

  const hypergradient: Aid["hypergradient"] = (...given) => solved(assemble, ...given);
  const isEstimated = plan.outer.arguments.has("batch");

  const assess = (gradient: Vector): Hypergradient => {
    hoisted.refresh();
    for (const block of blocks) block.refreshStart();
    const residuals = {
      inner: Math.max(0, ...blocks.map((block) => innerResidual(binding, block))),
      adjoint: Math.max(0, ...blocks.flatMap((block) => adjointResiduals(binding, block))),
    };
    return { value: assemble(gradient), residuals, warnings: [], complete: true };
  };

  const solvedBlocks = [...blocks, ...[...duals.values()].map(({ runtime }) => runtime)];
  const restart = (): void => {
    estimator?.restart();
    for (const block of solvedBlocks) {
      block.refreshStart();
      engine.copy(block.start, block.y);
      engine.fill(block.v, 0);
      block.steps?.restart();
      if (block.learnt !== undefined) forget(block.learnt);
    }
  };

  const keep = (ledger: Ledger): void => {
    ledger.vector("w", w);
    if (bounds !== undefined) ledger.vector("multipliers", bounds.multipliers);
    if (isEstimated) estimatorHere().keep(ledger.part("estimator"));
    for (const [k, block] of solvedBlocks.entries()) {
      const own = ledger.part(`block ${k}`);
      own.vector("y", block.y);
      own.vector("v", block.v);
      block.steps?.keep(own.part("steps"));
      if (block.learnt !== undefined) keepLearnt(block.learnt, own.part("learnt"));
    }
  };

  const valueAt = (from: "warm" | "cold"): number => {
    for (const { factor } of solveLower(from === "warm").factorised.values()) factor.release();
    return readValue();
  };

  const verify = (): readonly Diagnostic[] =>
    blocks.flatMap((block) => {
      verifyExpansion(binding, problem.graph, block);
      refuseOtherStationaryPoints(binding, problem.graph, block);
      return block.plan.facts.represented === undefined ? curvatureFindings(binding, block) : [];
    });

  const project = createProjection(binding, problem);
  return {
    w,
    blocks,
    duals,
    inFunctions,
    restart,
    keep,
    value: valueAt,
    hypergradient,
    estimate: isEstimated ? (...given) => solved(assembleOnRows, ...given) : hypergradient,
    assess,
    objective: readValue,
    ...(bounds && { bounds }),
    assemble,
    verify,
    ...(project && { project }),
  };
}

/** Methods that were asked for an estimate, and what it leaves out. */
const estimates: Partial<Record<AdjointSolver, string>> = {
  zero: "is left out",
  reverse: "is carried back through a limited number of steps",
  forward: "is that of a limited number of steps",
  identity: "is taken with the identity for the curvature",
  neumann: "is a truncated series",
  shared: "is that of the inner solver's quasi-Newton matrix",
};

/** Where a path ends short of a minimiser and the implicit formula is applied all the same. */
function estimateAtEnd(binding: Binding, block: BlockRuntime): readonly Diagnostic[] {
  const left = innerResidual(binding, block);
  if (left <= toleranceFor(binding.engine, adjointTolerance)) return [];
  return [approximateGradient(block.names, "is solved where the steps end, as at a minimiser", left, block.span)];
}

/** Carries ∂f/∂y at the end of the block's path back along it. */
function pulledBack(binding: Binding, block: BlockRuntime, path: PathRuntime, sinks: Sinks): AdjointReport {
  const { engine } = binding;
  const end = engine.allocate(block.size);
  block.adjointRhs(end);
  const residual = path.pullBack(end, sinks);
  engine.release(end);
  return { residual, tolerance: toleranceFor(engine, adjointTolerance), iterations: 0, warnings: [] };
}

const upperSpan = ({ upper }: Problem): Span => upper?.span ?? { file: "", start: 0, end: 0 };

function createBounds(binding: Binding, { constraints, multipliers }: UpperConstraints, span: Span): UpperBounds {
  const { engine, sizes } = binding;
  const flat = addSlots(binding, multipliers);
  engine.fill(flat, 0);
  const out = engine.allocate(flat.length);
  const nodes = constraints.map(({ value }) => value);
  const relations = constraints.flatMap(({ relation, value }) =>
    Array.from({ length: lengthOf(value.shape, sizes) }, () => relation),
  );
  let evaluate: (() => void) | undefined;
  const values = (): Float64Array => {
    // The unknowns that the constraints read have their slots by now.
    evaluate ??= flatKernel(binding, "upper constraints", nodes, out);
    evaluate();
    return engine.read(out);
  };
  return {
    relations,
    values,
    multipliers: flat,
    violation: () => values().reduce((most, c, i) => Math.max(most, relations[i] === "==" ? Math.abs(c) : c), 0),
    shapes: nodes.map(({ shape }) => shape.map((size) => sizeNumber(size, sizes))),
    span,
  };
}

/** What a file with a `where` level alone reports: the first objective there is; equations have none, which counts as 0. */
function firstObjective(problem: Problem): Node {
  const clause = problem.level?.clauses.find((c) => c.kind === "optimize");
  const objective = clause?.kind === "optimize" ? clause.objective : constant(problem.graph, 0);
  return throughFamilies(problem.graph, problem.functions)([objective])[0] as Node;
}
