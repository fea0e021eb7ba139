/** Solving one block of the lower level by the solver the plan names. The answer's residual is computed afresh. */

import type { InnerSolver } from "../../compiler/plan/solvers.ts";
import { BilevelError, type Diagnostic } from "../../grammar/diagnostics.ts";
import type { Binding } from "../bind.ts";
import type { Engine, Factorised, Vector } from "../engine/engine.ts";
import { notFinite, unboundedLowerLevel } from "../errors.ts";
import { anderson } from "../solve/anderson.ts";
import { fixedPointStopping, innerStopping, newtonStopping, rootStopping } from "../solve/defaults.ts";
import { cg } from "../solve/linear/cg.ts";
import { gradientDescent } from "../solve/minimise/gradient-descent.ts";
import { type Awareness, lbfgs } from "../solve/minimise/lbfgs.ts";
import { type Curvature, newton } from "../solve/minimise/newton.ts";
import { type Equations, type RootIterate, type RootOutcome, root } from "../solve/root.ts";
import type { Stopping } from "../solve/stopping.ts";
import { type Minimisation, runToEnd } from "../solve/types.ts";
import { toleranceFor, withWorkspace } from "../solve/workspace.ts";
import { type BlockRuntime, type FactorKind, factorKind, innerResidual, refuseCurvature } from "./block.ts";
import type { PathRuntime } from "./path.ts";
import { isSingular } from "./pivots.ts";
import { forget } from "./shine.ts";

export interface InnerReport {
  /** Relative, of the point that stands in the block now. */
  readonly residual: number;
  readonly tolerance: number;
  readonly iterations: number;
  /** The factorised curvature of a quadratic, for the adjoint; the caller releases it. */
  readonly factorised?: Factorised;
  readonly warnings: readonly Diagnostic[];
}

/** What counts as solved when no tolerance was asked for: the solvers themselves aim two digits or more below. */
const defaultTolerance = 1e-9;

/**
 * `warm`: begin at the block's present point; `within` replaces the tolerance. Throws refusals where there is no minimum to find.
 */
export function solveBlock(
  binding: Binding,
  block: BlockRuntime,
  warm: boolean,
  path?: PathRuntime,
  within?: number,
): InnerReport {
  const { engine } = binding;
  block.refreshStart();
  if (!warm || !Number.isFinite(engine.norm(block.y))) {
    engine.copy(block.start, block.y);
    block.steps?.restart();
    if (block.learnt !== undefined) forget(block.learnt);
  }
  if (path !== undefined) return followPath(binding, block, path);
  const { solver, arguments: options } = block.plan.inner;
  const asked = within ?? numberOf(options, "tol");
  const isSystem = !block.plan.facts.minimisation && block.face === undefined;
  const byNewton = solver === "descent" || solver === "gradient_flow" || (isSystem && solver === "newton");
  const solve = block.responses.length > 0 ? inTurns : byNewton ? solveEquations : solvers[solver];
  const { iterations, factorised, warnings = [] } = solve(binding, block, asked);
  const residual = innerResidual(binding, block);
  if (!Number.isFinite(residual)) {
    const what = isSystem ? `the equation for ${block.names}` : `what ${block.names} minimizes`;
    throw new BilevelError([notFinite(what, block.span)]);
  }
  return { residual, tolerance: asked ?? toleranceFor(engine, defaultTolerance), iterations, factorised, warnings };
}

/** Steps are exactly what was asked for, so how far they are from a minimiser is reported and not judged; a flow goes to its end. */
function followPath(binding: Binding, block: BlockRuntime, path: PathRuntime): InnerReport {
  path.run();
  const residual = innerResidual(binding, block);
  if (!Number.isFinite(residual)) {
    throw new BilevelError([notFinite(`the path on what ${block.names} minimizes`, block.span)]);
  }
  const selected = block.plan.facts.block.path?.selected;
  const judged = selected?.kind !== "descent" || selected.approximates === true;
  const tolerance = judged ? toleranceFor(binding.engine, defaultTolerance) : Number.POSITIVE_INFINITY;
  return { residual, tolerance, iterations: 0, warnings: [] };
}

export function numberOf(options: ReadonlyMap<string, number | boolean>, name: string): number | undefined {
  const value = options.get(name);
  return typeof value === "number" ? value : undefined;
}

type Solve = (
  binding: Binding,
  block: BlockRuntime,
  tolerance: number | undefined,
) => { readonly iterations: number; readonly factorised?: Factorised; readonly warnings?: readonly Diagnostic[] };

/** Refinements of a factorised quadratic, until one brings the condition less than half the way to zero. */
const refinements = 3;

/** Proximal steps and Newton on the face; the tolerance is that of the proximal residual. */
const onFace: Solve = (binding, block, tolerance) => {
  const { face, plan } = block;
  if (face === undefined) throw new Error("no kink and no set to solve on");
  const options = {
    tolerance: tolerance ?? toleranceFor(binding.engine, newtonStopping.tolerance),
    maxIterations:
      numberOf(plan.inner.arguments, "max") ??
      (plan.inner.solver === "interior_point" ? newtonStopping : innerStopping).maxIterations,
    solver: plan.inner.solver,
    rate: numberOf(plan.inner.arguments, "rate"),
  };
  const { iterations } = face.solve(block, () => solveEquations(binding, block, undefined), options);
  return { iterations, warnings: face.warnings(block) };
};

/**
 * Clauses that answer each other, some of them with a face: each answers alone what the others do now, which names its face; Newton's
 * method solves the conditions of all on these faces; and again, until no face changes under it.
 */
const inTurns: Solve = (binding, block, tolerance) => {
  const wanted = tolerance ?? toleranceFor(binding.engine, rootStopping.tolerance);
  let [iterations, before] = [0, Number.POSITIVE_INFINITY];
  for (let turn = 0; turn < turnsAtMost; turn += 1) {
    for (const response of block.responses) onFace(binding, response, undefined);
    iterations += solveEquations(binding, block, tolerance).iterations;
    const residual = innerResidual(binding, block);
    if (residual <= wanted || (turn > 2 && residual >= before)) break;
    before = residual;
  }
  for (const response of block.responses) response.face?.settle();
  return { iterations, warnings: block.responses.flatMap((response) => response.face?.warnings(response) ?? []) };
};

const turnsAtMost = 50;

/** As many steps as asked for, whatever they come to. */
const takeSteps: Solve = (binding, { steps, head }) => {
  if (steps === undefined) throw new Error("no steps were planned");
  if (head === undefined) return { iterations: steps.run() };
  const iterations = steps.run(() => settle(binding, head));
  refined(binding, head, "cholesky").factorised?.factor.release();
  return { iterations };
};

/** y ← y − H⁻¹ R(y) once: exact for a quadratic, up to rounding. */
function settle(binding: Binding, block: BlockRuntime): void {
  const { engine } = binding;
  const factorised = block.factorise("cholesky")(0);
  if (!factorised.ok || isSingular(factorised, binding, block)) return refuseCurvature(binding, block);
  const { factor } = factorised;
  withWorkspace(engine, block.size, (workspace) => {
    const r = workspace.vector();
    block.condition(block.y, r);
    factor.solve(r);
    engine.axpy(-1, r, block.y);
  });
  factor.release();
}

/** y ← y − H⁻¹ R(y), repeated as iterative refinement. */
function refined(binding: Binding, block: BlockRuntime, kind: FactorKind): ReturnType<Solve> {
  return withWorkspace(binding.engine, block.size, (workspace) => {
    const { engine } = binding;
    const factorised = block.factorise(kind)(0);
    if (!factorised.ok || isSingular(factorised, binding, block)) return refuseCurvature(binding, block);
    const { factor } = factorised;
    const [x, r, trial] = [workspace.vector(), workspace.vector(), workspace.vector()];
    engine.copy(block.y, x);
    block.condition(x, r);
    let norm = engine.norm(r);
    let iterations = 0;
    while (norm > 0 && iterations <= refinements) {
      iterations += 1;
      factor.solve(r);
      engine.copy(x, trial);
      engine.axpy(-1, r, trial);
      block.condition(trial, r);
      const next = engine.norm(r);
      const gain = norm / next;
      if (iterations > 1 && !(gain > 1)) break;
      norm = next;
      engine.copy(trial, x);
      if (iterations > 1 && gain < 2) break;
    }
    engine.copy(x, block.y);
    return { iterations, factorised };
  });
}

const solvers: Record<Exclude<InnerSolver, "descent" | "gradient_flow">, Solve> = {
  interior_point: onFace,
  prox_gd: onFace,
  fista: onFace,
  coordinate: onFace,

  cholesky: (binding, block) => refined(binding, block, "cholesky"),

  /** H d = −R(y), y ← y + d, matrix-free. */
  cg: (binding, block, tolerance) => {
    const kind = factorKind(block.plan, "cg");
    if (kind !== undefined) return refined(binding, block, kind);
    return withWorkspace(binding.engine, block.size, (workspace) => {
      const { engine } = binding;
      const [r, d] = [workspace.vector(), workspace.vector()];
      block.condition(block.y, r);
      engine.scale(-1, r);
      const norm = engine.norm(r);
      const wanted = (tolerance ?? toleranceFor(engine, newtonStopping.tolerance)) * block.scale();
      const outcome = cg(engine, block.product, r, d, {
        tolerance: norm === 0 ? 1 : Math.min(1, wanted / norm),
        maxIterations: numberOf(block.plan.inner.arguments, "max"),
      });
      if (outcome.status === "indefinite") return refuseCurvature(binding, block);
      engine.axpy(1, d, block.y);
      return { iterations: outcome.iterations };
    });
  },

  newton: (binding, block, tolerance) => {
    const curvature = curvatureOf(binding, block);
    return minimise(binding, block, stoppingFor(binding.engine, newtonStopping, tolerance), (x, stopping) =>
      newton(binding.engine, block.objective, x, { ...stopping, curvature }),
    );
  },

  lbfgs: (binding, block, tolerance) =>
    minimise(binding, block, stoppingFor(binding.engine, innerStopping, tolerance), (x, stopping) =>
      lbfgs(binding.engine, block.objective, x, {
        ...stopping,
        memory: numberOf(block.plan.inner.arguments, "memory"),
        ...(block.learnt?.kind === "pairs" && { pairs: block.learnt.pairs, awareness: awarenessOf(binding, block) }),
      }),
    ),

  fixed_point: (binding, block, tolerance) => iterate(binding, block, tolerance, 0),

  /** Where it stalls without having been told to stop early, Newton's method goes on from its best point. */
  anderson: (binding, block, tolerance) => {
    const options = block.plan.inner.arguments;
    const outcome = iterate(binding, block, tolerance, numberOf(options, "memory"));
    if (outcome.status === "converged" || options.has("max")) return outcome;
    const { iterations } = solveEquations(binding, block, tolerance);
    return { iterations: outcome.iterations + iterations };
  },

  adam: takeSteps,
  sgd: takeSteps,

  gd: (binding, block, tolerance) =>
    minimise(binding, block, stoppingFor(binding.engine, innerStopping, tolerance), (x, stopping) =>
      gradientDescent(binding.engine, block.objective, x, {
        ...stopping,
        rate: numberOf(block.plan.inner.arguments, "rate"),
      }),
    ),
};

const stoppingFor = (engine: Engine, usual: Stopping, asked: number | undefined): Stopping => ({
  ...usual,
  tolerance: asked ?? toleranceFor(engine, usual.tolerance),
  settles: asked === undefined && usual.settles,
});

/** The derivative of the condition at a point that Newton's method names, as the plan has it: factorised or by products. */
function curvatureOf(binding: Binding, block: BlockRuntime): Curvature {
  const { engine } = binding;
  const { linear } = block.plan;
  const kind = factorKind(block.plan, linear);
  if (kind !== undefined) {
    const factorise = block.factorise(kind);
    return {
      kind: "factorised",
      factorise: (point, shift) => {
        engine.copy(point, block.y);
        return factorise(shift);
      },
    };
  }
  return {
    kind: "products",
    apply: (point, v, out) => {
      engine.copy(point, block.y);
      block.product.apply(v, out);
    },
  };
}

/** Runs a minimiser from the block's point to its end; the scale of the condition is that of the cold start. */
function minimise(
  binding: Binding,
  block: BlockRuntime,
  stopping: Stopping,
  start: (x: Vector, stopping: Stopping) => Minimisation,
): { readonly iterations: number } {
  return withWorkspace(binding.engine, block.size, (workspace) => {
    const { engine } = binding;
    const x = workspace.vector();
    engine.copy(block.y, x);
    const scale = block.scale();
    const max = numberOf(block.plan.inner.arguments, "max");
    const outcome = runToEnd(
      start(x, {
        ...stopping,
        gradientScale: scale > 0 ? scale : undefined,
        ...(max === undefined ? {} : { maxIterations: max }),
      }),
    );
    if (outcome.status === "unbounded") throw new BilevelError([unboundedLowerLevel(block.names, block.span)]);
    if (outcome.status === "not_evaluable")
      throw new BilevelError([notFinite(`what ${block.names} minimizes`, block.span)]);
    engine.copy(x, block.y);
    return { iterations: outcome.iterations };
  });
}

/** Runs a solver for equations on the block's condition, from its point to its end. */
function solveSystem(
  binding: Binding,
  block: BlockRuntime,
  stopping: Stopping,
  start: (equations: Equations, x: Vector, stopping: Stopping) => Generator<RootIterate, RootOutcome, void>,
): RootOutcome {
  return withWorkspace(binding.engine, block.size, (workspace) => {
    const { engine } = binding;
    const x = workspace.vector();
    engine.copy(block.y, x);
    const scale = block.scale();
    const equations = {
      size: block.size,
      evaluate: (y: Vector, out: Vector): boolean => {
        block.condition(y, out);
        return Number.isFinite(engine.norm(out));
      },
    };
    const outcome = runToEnd(
      start(equations, x, {
        ...stopping,
        maxIterations: numberOf(block.plan.inner.arguments, "max") ?? stopping.maxIterations,
        gradientScale: scale > 0 ? scale : undefined,
      }),
    );
    if (outcome.status === "not_evaluable")
      throw new BilevelError([notFinite(`the equation for ${block.names}`, block.span)]);
    engine.copy(x, block.y);
    return outcome;
  });
}

/** Equations and equilibria: damped Newton on the condition itself. */
const solveEquations: Solve = (binding, block, tolerance) =>
  solveSystem(binding, block, stoppingFor(binding.engine, rootStopping, tolerance), (equations, x, stopping) =>
    root(binding.engine, equations, x, { ...stopping, jacobian: curvatureOf(binding, block) }),
  );

/** v ← F(v): the condition is v − F(v). */
const iterate = (binding: Binding, block: BlockRuntime, tolerance: number | undefined, memory?: number): RootOutcome =>
  solveSystem(binding, block, stoppingFor(binding.engine, fixedPointStopping, tolerance), (equations, x, stopping) =>
    anderson(binding.engine, equations, x, {
      ...stopping,
      memory,
      rate: numberOf(block.plan.inner.arguments, "rate"),
      ...(block.learnt?.kind === "differences" && { differences: block.learnt.differences }),
    }),
  );

/** The direction that the adjoint will need: its right-hand side at the present point. */
function awarenessOf({ engine }: Binding, block: BlockRuntime): Awareness | undefined {
  const every = numberOf(block.plan.adjoint.arguments, "opa");
  if (every === undefined) return undefined;
  const towards = (x: Vector, out: Vector): void => {
    engine.copy(x, block.y);
    block.adjointRhs(out);
  };
  return { every, towards };
}
