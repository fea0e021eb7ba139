/**
 * Approximate implicit differentiation: at each point w, solve the blocks of the lower level in order, then their adjoints in
 * reverse, then evaluate ∂ℒ/∂w (compiler/derive/implicit.ts). Solutions and adjoints are warm-started from the last point.
 */
import type { Derivation } from "../../compiler/derive/implicit.ts";
import { constant } from "../../compiler/ir/graph.ts";
import type { Node } from "../../compiler/ir/node.ts";
import type { Problem } from "../../compiler/lower/problem.ts";
import type { Plan } from "../../compiler/plan/plan.ts";
import type { Diagnostic } from "../../grammar/diagnostics.ts";
import { addSlots, type Binding, flatKernel, kernelOf } from "../bind.ts";
import type { Factorised, Vector } from "../engine/engine.ts";
import { notConverged } from "../errors.ts";
import type { Residuals } from "../types.ts";
import { solveAdjoint } from "./adjoint.ts";
import { type BlockRuntime, createBlock, refuseCurvature, sinksFor } from "./block.ts";
import { createFlow } from "./flow.ts";
import { solveBlock } from "./inner.ts";
import { isSingular } from "./pivots.ts";
import { createProjection } from "./projection.ts";
import { createUnrolled } from "./unrolled.ts";

export interface Hypergradient {
  /** f, with the author's sign; what the first clause says in a file without an upper problem. */
  readonly value: number;
  readonly residuals: Residuals;
  readonly warnings: readonly Diagnostic[];
  /** No solver fell short of its tolerance, but for those that were told to stop early. */
  readonly complete: boolean;
}

export interface Aid {
  /** All upper variables, flat: write the point here. */
  readonly w: Vector;
  readonly blocks: readonly BlockRuntime[];
  /** Solves the lower level at w, from its last solution or its start, and gives f there. Throws refusals. */
  readonly value: (from: "warm" | "cold") => number;
  /** Solves the lower level and the adjoints at w and writes df/dw. Throws refusals. */
  readonly hypergradient: (gradient: Vector) => Hypergradient;
  /** Refuses a present solution that is no strict minimum where no adjoint was there to notice. */
  readonly verify: () => void;
  /** Overwrites a point by the nearest one in the upper variables' sets; absent where they have none. */
  readonly project?: (point: Vector) => void;
  /** ∂ℒ/∂w at the present lower level and adjoints. */
  readonly assemble: (gradient: Vector) => void;
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
  const blocks = plan.blocks.map((block) =>
    createBlock(
      binding,
      problem.graph,
      block,
      block.facts.block.unknowns.map((y) => problem.starts.get(y.name) ?? constant(problem.graph, 0, y.shape)),
    ),
  );
  const value = engine.allocate(1);
  const evaluateValue = kernelOf(binding, "upper objective", [derivation.value ?? firstObjective(problem)], [value]);
  const gradientSlot = engine.allocate(w.length);
  const evaluateGradient =
    variables.length === 0 ? () => {} : flatKernel(binding, "hypergradient", derivation.hypergradient, gradientSlot);

  const extra = engine.allocate(w.length);
  const sinks = new Map([...sinksFor(binding, variables, extra), ...blocks.flatMap((block) => block.sinks)]);
  const paths = new Map(
    blocks.flatMap((block) => {
      const { path } = block.plan.facts.block;
      if (path === undefined) return [];
      const { selected } = path;
      const runtime =
        selected.kind === "descent"
          ? createUnrolled(binding, block, path, selected)
          : createFlow(binding, problem.graph, block, path);
      return [[block, runtime] as const];
    }),
  );

  const solveLower = (warm: boolean): LowerSolution => {
    const warnings: Diagnostic[] = [];
    const factorised = new Map<BlockRuntime, Factorised>();
    let [residual, complete] = [0, true];
    for (const block of blocks) {
      const { inner } = block.plan;
      const report = solveBlock(binding, block, warm && inner.arguments.get("warm") !== false, paths.get(block));
      residual = Math.max(residual, report.residual);
      warnings.push(...report.warnings);
      if (report.factorised !== undefined) factorised.set(block, report.factorised);
      if (report.residual <= report.tolerance) continue;
      warnings.push(
        notConverged(`the lower level in ${block.names}`, inner.solver, report.residual, report.tolerance, block.span),
      );
      complete &&= inner.arguments.has("max");
    }
    return { residual, warnings, complete, factorised };
  };

  const assemble = (gradient: Vector): void => {
    evaluateGradient();
    engine.copy(gradientSlot, gradient);
    engine.axpy(1, extra, gradient);
  };

  const readValue = (): number => {
    evaluateValue();
    return engine.read(value)[0] as number;
  };

  const hypergradient = (gradient: Vector): Hypergradient => {
    const lower = solveLower(true);
    const warnings = [...lower.warnings];
    let [residual, complete] = [0, lower.complete];
    for (const sink of [extra, ...blocks.map((block) => block.received)]) engine.fill(sink, 0);
    try {
      for (const block of derivation.value === undefined ? [] : [...blocks].reverse()) {
        const path = paths.get(block);
        if (path !== undefined) {
          const end = engine.allocate(block.size);
          block.adjointRhs(end);
          residual = Math.max(residual, path.pullBack(end, sinks));
          engine.release(end);
          continue;
        }
        const report = solveAdjoint(binding, block, lower.factorised.get(block));
        const { adjoint } = block.plan;
        warnings.push(...report.warnings);
        residual = Math.max(residual, report.residual);
        if (report.residual <= report.tolerance) continue;
        warnings.push(
          notConverged(`the adjoint of ${block.names}`, adjoint.solver, report.residual, report.tolerance, block.span),
        );
        const capped =
          adjoint.arguments.has("max") ||
          adjoint.solver === "identity" ||
          adjoint.solver === "neumann" ||
          block.plan.damping > 0;
        complete &&= capped;
      }
    } finally {
      for (const { factor } of lower.factorised.values()) factor.release();
    }
    if (variables.length > 0) assemble(gradient);
    return { value: readValue(), residuals: { inner: lower.residual, adjoint: residual }, warnings, complete };
  };

  const valueAt = (from: "warm" | "cold"): number => {
    for (const { factor } of solveLower(from === "warm").factorised.values()) factor.release();
    return readValue();
  };

  /** With an adjoint the factorisation says so; where structure makes it zero (Danskin), the curvature is looked at for this alone. */
  const verify = (): void => {
    for (const block of blocks) {
      const { adjoint, linear, facts } = block.plan;
      if (adjoint.solver !== "none" || linear !== "cholesky" || facts.upper === "absent") continue;
      const made = block.factorise("cholesky")(0);
      if (!made.ok || isSingular(made, binding, block)) refuseCurvature(binding, block);
      made.factor.release();
    }
  };

  const project = createProjection(binding, problem);
  return { w, blocks, value: valueAt, hypergradient, assemble, verify, ...(project && { project }) };
}

/** What a file with a `where` level alone reports: the first objective there is; equations have none, which counts as 0. */
function firstObjective(problem: Problem): Node {
  const clause = problem.level?.clauses.find((c) => c.kind === "optimize");
  return clause?.kind === "optimize" ? clause.objective : constant(problem.graph, 0);
}
