/**
 * Linear and convex quadratic bilevel problems to their global optimum: the followers' optimality conditions in place of the followers
 * (compiler/derive/complementarity.ts), and branch and bound on complementarity. Where a follower has several answers, the one that
 * suits the upper level is taken, and the result says so.
 */
import { deriveSingleLevel } from "../../compiler/derive/complementarity.ts";
import { solverUnavailable } from "../../compiler/errors.ts";
import type { Input } from "../../compiler/ir/node.ts";
import type { Problem } from "../../compiler/lower/problem.ts";
import { BilevelError, type Diagnostic } from "../../grammar/diagnostics.ts";
import type { Binding } from "../bind.ts";
import { infeasibleUpper, severalAnswers, unboundedUpper } from "../errors.ts";
import type { OuterRun, SolveOptions } from "../run.ts";
import { branchAndBound } from "../solve/branch-and-bound.ts";
import { type QuadraticOutcome, quadraticProgram } from "../solve/quadratic-program.ts";
import { symmetricSpectrum } from "../solve/symmetric.ts";
import type { Status } from "../types.ts";
import { createWatch } from "../watch.ts";
import type { Aid, Hypergradient } from "./aid.ts";
import { innerResidual } from "./block.ts";
import { type Coefficients, coefficientsOf } from "./coefficients.ts";

/**
 * Leaves the answer in aid.w and in the blocks; its gradient is that of the Lagrangian of both levels together, which is zero. Throws refusals: not of this kind,
 * infeasible, unbounded.
 */
export async function runKkt(
  binding: Binding,
  problem: Problem,
  aid: Aid,
  { nodes: limit = Number.POSITIVE_INFINITY, ...options }: SolveOptions & { readonly nodes?: number },
): Promise<OuterRun> {
  const { engine } = binding;
  const { upper } = problem;
  if (upper === undefined) throw new Error("no upper level to solve");
  const direction = upper.direction === "maximize" ? -1 : 1;
  const watch = createWatch(options, direction);
  const derived = deriveSingleLevel(problem);
  if (!derived.ok) throw notThisKind(derived.reason);
  const coefficients = coefficientsOf(binding, derived.level);
  refuseConcave(coefficients);
  const { program, pairs, places } = coefficients;

  let best: Solved | undefined;
  watch.ledger.keep(
    "best",
    () => best,
    (written) => {
      best = written;
    },
  );
  const take = (nodes: number, found: Solved): void => {
    best = found;
    watch.note({
      step: nodes,
      value: direction * (found.value + coefficients.constant),
      gradient_norm: 0,
      inner_residual: 0,
      adjoint_residual: 0,
    });
  };
  const search = async (): Promise<Pick<OuterRun, "status" | "steps" | "message">> => {
    const machine = branchAndBound(engine, program, pairs, watch.ledger);
    for (;;) {
      const next = machine.next();
      const { nodes, best: found } = next.value;
      if (found !== undefined && (best === undefined || found.value < best.value)) take(nodes, found);
      if (next.done === true) {
        const { status } = next.value;
        if (status === "unbounded") throw new BilevelError([unboundedUpper(upper.span)]);
        if (status === "infeasible") throw new BilevelError([infeasibleUpper(undefined, upper.span)]);
        return status === "solved"
          ? { status: "converged", steps: nodes }
          : { status: "max_steps", steps: nodes, message: "rounding has spoilt a linear program of the search" };
      }
      const stopped: Status | undefined = await watch.pause(nodes, nodes >= limit);
      if (stopped !== undefined) return { status: stopped, steps: nodes };
      if (nodes >= limit) return { status: "max_steps", steps: nodes };
    }
  };
  const ended = await search();
  // What was stopped before it found a feasible point has none to show.
  if (best === undefined) throw new BilevelError([infeasibleUpper(undefined, upper.span)]);
  const { x, equationMultipliers, inequalityMultipliers } = best;
  for (const [input, { from, length }] of places) {
    const slot = binding.slots.get(input);
    if (slot !== undefined) engine.write(slot, x.subarray(from, from + length));
  }
  if (aid.bounds !== undefined) {
    let [equation, inequality] = [0, 0];
    engine.write(
      aid.bounds.multipliers,
      aid.bounds.relations.map(
        (relation) =>
          (relation === "==" ? equationMultipliers[equation++] : inequalityMultipliers[inequality++]) as number,
      ),
    );
  }
  const inner = aid.blocks.reduce((worst, block) => Math.max(worst, innerResidual(binding, block)), 0);
  const unknowns = aid.blocks.flatMap((block) => block.plan.facts.block.clauses.flatMap((clause) => clause.unknowns));
  const answer: Hypergradient = {
    value: aid.objective(),
    residuals: { inner, adjoint: 0 },
    warnings: severalAnswersAt(binding, coefficients, x, upper.variables, unknowns, aid),
    complete: true,
  };
  return {
    ...ended,
    seconds: watch.seconds(),
    trace: watch.trace,
    evaluated: { answer, gradient: new Float64Array(aid.w.length) },
  };
}

type Solved = Extract<QuadraticOutcome, { status: "solved" }>;

const notThisKind = (reason: string): BilevelError =>
  new BilevelError([
    solverUnavailable(
      "method",
      "kkt",
      `takes a convex quadratic upper objective, convex quadratic lower ones and linear constraints, and ${reason}`,
      undefined,
      "write method: aid or leave it out",
    ),
  ]);

/** A negative curvature, relative to the largest, that rounding does not excuse. */
const negative = -1e-12;

function refuseConcave({ program, followers }: Coefficients): void {
  const isConvex = (matrix: Float64Array): boolean => {
    const { values } = symmetricSpectrum(matrix, Math.round(Math.sqrt(matrix.length)));
    return (values[0] ?? 0) >= negative * Math.max(...values.map(Math.abs), 0);
  };
  if (program.curvature !== undefined && !isConvex(program.curvature)) throw notThisKind("the upper one is not convex");
  if (!followers.every(isConvex)) throw notThisKind("a lower one is not convex");
}

/** Unknowns whose range over the followers' answers is wider than this part of their size have several. */
const wide = 1e-7;
/** Each unknown costs two linear programs. */
const mostUnknowns = 100;

/**
 * All answers of a convex follower share its multipliers: they are the points that satisfy its conditions with those at hand. An
 * unknown that can move among them is not determined.
 */
function severalAnswersAt(
  binding: Binding,
  { program, upperEquations, pairs, places }: Coefficients,
  x: Float64Array,
  fixed: readonly Input[],
  unknowns: readonly Input[],
  aid: Aid,
): readonly Diagnostic[] {
  const moving = new Set(unknowns.flatMap((y) => positionsOf(places, y)));
  if (moving.size > mostUnknowns) return [];
  const held = Array.from({ length: program.size }, (_, i) => i).filter((i) => !moving.has(i));
  const unit = (k: number, sign: number): Float64Array =>
    Float64Array.from({ length: program.size }, (_, i) => (i === k ? sign : 0));
  const pressed = pairs.variables.map((k) => (x[k] as number) > wide * (1 + (x[k] as number)));
  const face = {
    equations: {
      rows: [
        ...program.equations.rows.slice(upperEquations),
        ...held.map((i) => unit(i, 1)),
        ...pairs.rows.filter((_, i) => pressed[i]),
      ],
      right: [
        ...program.equations.right.slice(upperEquations),
        ...held.map((i) => x[i] as number),
        ...pairs.right.filter((_, i) => pressed[i]),
      ],
    },
    inequalities: {
      rows: pairs.rows.filter((_, i) => !pressed[i]),
      right: pairs.right.filter((_, i) => !pressed[i]),
    },
  };
  const moves = (i: number): boolean =>
    [1, -1].some((sign) => {
      const end = quadraticProgram(binding.engine, { size: program.size, slope: unit(i, sign), ...face });
      if (end.status === "unbounded") return true;
      return (
        end.status === "solved" &&
        Math.abs((end.x[i] as number) - (x[i] as number)) > wide * (1 + Math.abs(x[i] as number))
      );
    });
  const undetermined = unknowns.filter((y) => positionsOf(places, y).some(moves)).map((y) => y.name);
  const span = aid.blocks[0]?.span;
  return undetermined.length === 0 || span === undefined
    ? []
    : [severalAnswers(undetermined.join(", "), fixed.map((w) => w.name).join(", "), span)];
}

function positionsOf(places: Coefficients["places"], input: Input): readonly number[] {
  const { from = 0, length = 0 } = places.get(input) ?? {};
  return Array.from({ length }, (_, i) => from + i);
}
