/**
 * Which solvers follow from what was found, and why. The solve block and the command line override each choice; what does not
 * fit the structure is refused rather than run.
 */
import { BilevelError, type Span } from "../../grammar/diagnostics.ts";
import type { OptionValue } from "../check/model.ts";
import type { Block, Derivation } from "../derive/implicit.ts";
import { kinkName } from "../derive/kinks.ts";
import {
  equationsLeaveOut,
  nonSmoothLowerLevel,
  noRkhsPenalty,
  notConvexInRkhs,
  notCurved,
  solverUnavailable,
} from "../errors.ts";
import type { Graph } from "../ir/graph.ts";
import { declaredName } from "../ir/node.ts";
import { evaluateSize, type SizeBindings } from "../ir/size.ts";
import type { Selected } from "../lower/problem.ts";
import { type Asked, asked, unavailable } from "./asked.ts";
import { type TfjsBackend, tfjsBackend } from "./engine.ts";
import { type BlockFacts, factsOf, type RepresentedFacts } from "./facts.ts";
import { planFunction } from "./functional.ts";
import { planPath } from "./paths.ts";

export const innerSolvers = [
  "cholesky",
  "newton",
  "cg",
  "lbfgs",
  "gd",
  "prox_gd",
  "fista",
  "coordinate",
  "anderson",
  "fixed_point",
  "adam",
  "sgd",
] as const;
/** `descent` and `gradient_flow` are not choices, but what the clause says; constraints have one solver. */
export type InnerSolver = (typeof innerSolvers)[number] | Selected["kind"] | "interior_point";
/** `none`: the adjoint is zero by the structure. */
export const adjointSolvers = [
  "none",
  "cholesky",
  "lu",
  "cg",
  "minres",
  "gmres",
  "bicgstab",
  "fixed_point",
  "lbfgs",
  "gd",
  "neumann",
  "identity",
] as const;
/** `none`: the adjoint is zero by the structure. `zero`: it is left out, as asked. `reverse`, `forward`: along a path. `function`: by the plan of the dual. */
export type AdjointSolver = (typeof adjointSolvers)[number] | "none" | "zero" | "reverse" | "forward" | "function";
export const outerSolvers = ["gd", "adam", "lbfgs", "projected_gd"] as const;
export type OuterSolver = (typeof outerSolvers)[number];

/** A solver with the arguments that were asked for; what is not there takes the solver's documented default. */
export interface Choice<S extends string> {
  readonly solver: S;
  readonly arguments: ReadonlyMap<string, number | boolean>;
  /** One clause of a sentence: why this one. */
  readonly reason: string;
}

export interface BlockPlan {
  readonly facts: BlockFacts;
  readonly inner: Choice<InnerSolver>;
  /** How a Newton direction or a quadratic's solution is found: by factorising the curvature, or matrix-free. */
  readonly linear: "cholesky" | "lu" | "cg" | "gmres";
  readonly adjoint: Choice<AdjointSolver>;
  /** Added to the curvature's diagonal in the adjoint system, with the author's consent. */
  readonly damping: number;
  /** How the block's clauses with a face are solved alone, where several answer each other. */
  readonly responses?: readonly BlockPlan[];
  /** How the adjoint function of an unknown in L2 is found. */
  readonly dual?: BlockPlan;
}

export interface Plan {
  readonly method: "aid" | "itd" | "analytic" | "funcid" | "kkt";
  readonly blocks: readonly BlockPlan[];
  readonly outer: Choice<OuterSolver>;
  /** Outer steps at the most. */
  readonly steps: number;
  /** Of TensorFlow.js, where its engine was asked for. */
  readonly backend?: TfjsBackend;
}

export type Options = ReadonlyMap<string, OptionValue>;

/**
 * A quadratic is factorised once a step up to this order; a curvature that must be formed at every Newton step, up to the
 * smaller one. Beyond, only products with it are taken.
 */
const largestFactorisedOrder = { quadratic: 3000, general: 400 } as const;
/** Numbers that a curvature's blocks hold together: with more, it is not formed at all. */
const largestCurvature = 3e7;
/** With more entries, moving all of them at once takes longer than coordinate descent on those that matter. */
const largestProximalOrder = 50;
/** With more, factorising the curvature of a fixed point costs more than iterating it. */
const largestFixedPointCurvature = largestFactorisedOrder.general ** 2;

const defaultSteps = 1000;

/** Throws a BilevelError with refusals. Sizes that are not bound yet count as small. */
export function planOf(g: Graph, derivation: Derivation, options: Options, sizes: SizeBindings): Plan {
  const method = checkMethod(options);
  const isFunctional = derivation.blocks.some(({ functional }) => functional !== undefined);
  refuseWhatIsNotBuilt(options, isFunctional);
  const planned = (block: Block, own: Options): BlockPlan =>
    planBlock(factsOf(g, block, derivation.blocks), own, sizes, method);
  const blocks = derivation.blocks.map((block): BlockPlan => {
    const responses = block.responses.map((response) => planned(response, new Map()));
    return { ...planned(block, options), ...(responses.length > 0 && { responses }) };
  });
  if (method === "funcid" && !isFunctional)
    throw new BilevelError([
      solverUnavailable("method", "funcid", "is for unknown functions in L2", options.get("method")?.span),
    ]);
  const descends = blocks.some(({ inner }) => inner.solver === "descent");
  const steps = options.get("steps");
  return {
    method: method === "auto" || method === "exact" ? (descends ? "itd" : isFunctional ? "funcid" : "aid") : method,
    blocks,
    outer: planOuter(options, derivation.upperInSet, blocks.some(takesSteps)),
    steps: steps?.kind === "number" ? steps.value : defaultSteps,
    backend: tfjsBackend(options.get("engine")),
  };
}

const methods = ["auto", "exact", "aid", "itd", "analytic", "funcid", "kkt"] as const;
type Method = (typeof methods)[number];

function checkMethod(options: Options): Method {
  const method = options.get("method");
  if (method?.kind !== "word") return "auto";
  const known = methods.find((name) => name === method.value);
  if (known !== undefined) return known;
  throw unavailable(
    "method",
    method.value,
    method.span,
    "write method: aid (implicit differentiation) or leave it out",
  );
}

/** An option that would change the answer or the work and cannot be honoured is refused, never ignored. */
function refuseWhatIsNotBuilt(options: Options, isFunctional: boolean): void {
  const precision = options.get("precision");
  if (precision?.kind === "word" && precision.value === "f64" && tfjsBackend(options.get("engine")) !== undefined) {
    const why = "is more than TensorFlow.js computes in";
    throw new BilevelError([solverUnavailable("precision", "f64", why, precision.span, "write engine: wasm")]);
  }
  const [batch, inner] = [options.get("batch"), options.get("inner")];
  const takesBatches = isFunctional || (inner?.kind === "word" && (inner.value === "sgd" || inner.value === "adam"));
  if (batch?.kind === "number" && !takesBatches)
    throw unavailable("batch", String(batch.value), batch.span, "leave it out: every row is used");
}

function planBlock(facts: BlockFacts, options: Options, sizes: SizeBindings, method: Method): BlockPlan {
  const selected = facts.block.path?.selected;
  const path = selected && planPath(facts, selected, options, sizes);
  const atEnd = method === "analytic" || (method === "aid" && selected?.kind === "descent");
  if (path !== undefined && !atEnd) return { facts, ...path, linear: "cg", damping: 0 };
  if (facts.pointwise !== undefined) return planFunction(facts, facts.pointwise, options);
  refuseWhatHasNoAnswer(facts);
  const inner = asked(options, "inner", innerSolvers);
  const adjoint = asked(options, "adjoint", adjointSolvers);
  const order = evaluateSize(facts.form.order, sizes) ?? 0;
  // TensorFlow.js has no factorisation: beyond the smaller order, products on its device beat the host's.
  const isOnHost = tfjsBackend(options.get("engine")) === undefined;
  const limit = largestFactorisedOrder[facts.quadratic && isOnHost ? "quadratic" : "general"];
  const numbers = (facts.form.shared ? 1 : (evaluateSize(facts.form.count, sizes) ?? 0)) * order ** 2;
  const isFormed = facts.form.kind !== "operator";
  const factorised = isFormed && (method === "exact" || (order <= limit && numbers <= largestCurvature));
  const iterated = facts.fixedPoint && method !== "exact" && numbers > largestFixedPointCurvature;
  const extent = { order, factorised, iterated };
  const linear = facts.minimisation ? (factorised ? "cholesky" : "cg") : factorised ? "lu" : "gmres";
  const asksDamping = adjoint.arguments.get("damping");
  const damping = typeof asksDamping === "number" ? asksDamping : 0;
  return {
    facts,
    inner: path?.inner ?? {
      ...chooseInner(facts, inner, extent, damping),
      arguments: inner.arguments,
    },
    linear,
    adjoint:
      method === "analytic"
        ? leftOut
        : { ...chooseAdjoint(path ? unsolved(facts) : facts, adjoint, linear, extent), arguments: adjoint.arguments },
    damping,
  };
}

const leftOut: Choice<AdjointSolver> = {
  solver: "zero",
  arguments: new Map([["max", 0]]),
  reason: "left out, as asked: only the upper objective's own dependence is differentiated",
};

/** Where steps end the lower condition does not hold, so equal objectives do not make the adjoint vanish. */
function unsolved(facts: BlockFacts): BlockFacts {
  return facts.upper === "absent" ? facts : { ...facts, upper: "different" };
}

function unknownsOf(facts: BlockFacts): string {
  return [...new Set(facts.block.unknowns.map(declaredName))].join(", ");
}

function refuseWhatHasNoAnswer(facts: BlockFacts): void {
  const span = (facts.block.clauses[0] as { span: Span }).span;
  if (facts.represented !== undefined) refuseExpansions(facts.represented, span);
  const isSystem = facts.block.clauses.every(({ kind }) => kind === "solves");
  const kink = facts.kinks[0];
  if (kink !== undefined && facts.block.nonsmooth === undefined) {
    const names = unknownsOf(facts);
    const what = isSystem ? `what ${names} solves` : `the objective that ${names} minimizes`;
    throw new BilevelError([nonSmoothLowerLevel(what, names, kinkName(kink), span)]);
  }
  if (facts.form.kind !== "zero") return;
  throw new BilevelError([isSystem ? equationsLeaveOut(unknownsOf(facts), span) : notCurved(unknownsOf(facts), span)]);
}

/** What cannot be proved of a function in an RKHS is checked at the solution, where there is a check. */
function refuseExpansions({ represented, isConvex, penalties }: RepresentedFacts, span: Span): void {
  const { representers, certificate } = represented;
  const nameOf = (k: number): string => representers[k]?.coefficients.name ?? "it";
  const free = penalties.findIndex((sign) => sign === "zero");
  if (free >= 0) throw new BilevelError([noRkhsPenalty(nameOf(free), span)]);
  if (certificate !== undefined || (isConvex && penalties.every((sign) => sign === "positive"))) return;
  throw new BilevelError([notConvexInRkhs(representers.map((_, k) => nameOf(k)).join(", "), span)]);
}

/** Whether every kink and bound is one of a single entry. */
function isSeparable({ block }: BlockFacts): boolean {
  return block.nonsmooth?.pieces.every(({ kind }) => kind === "penalty" || kind === "box" || kind === "free") ?? false;
}

/** How large the curvature is, and what follows from that. */
interface Extent {
  /** Of one block. */
  readonly order: number;
  readonly factorised: boolean;
  /** A fixed point that is not worth factorising, though it might be possible. */
  readonly iterated: boolean;
}

type Decision<S extends string> = Pick<Choice<S>, "solver" | "reason">;

function chooseInner(
  facts: BlockFacts,
  ask: Asked<InnerSolver>,
  { order, factorised, iterated }: Extent,
  damping: number,
): Decision<InnerSolver> {
  if (ask.solver !== undefined) {
    const needsQuadratic = ask.solver === "cholesky" || ask.solver === "cg";
    if (needsQuadratic && !facts.quadratic) {
      throw new BilevelError([
        solverUnavailable(
          "inner",
          ask.solver,
          `solves quadratics, and what ${unknownsOf(facts)} minimizes is not quadratic in ${unknownsOf(facts)}`,
          ask.span,
          "write inner: newton",
        ),
      ]);
    }
    if (facts.block.constrained !== undefined) {
      const why = `takes no constraints, and ${unknownsOf(facts)} has some`;
      throw new BilevelError([solverUnavailable("inner", ask.solver, why, ask.span, "leave the choice to auto")]);
    }
    const proximal = ask.solver === "prox_gd" || ask.solver === "fista" || ask.solver === "coordinate";
    if (proximal && facts.block.responses.length > 0) {
      const why = `solves one clause, and ${unknownsOf(facts)} answer each other`;
      throw new BilevelError([solverUnavailable("inner", ask.solver, why, ask.span, "leave the choice to auto")]);
    }
    if (proximal !== (facts.block.nonsmooth !== undefined)) {
      const why = proximal
        ? `is for kinks and sets, and what ${unknownsOf(facts)} minimizes is smooth`
        : `is for smooth problems, and ${unknownsOf(facts)} has a kink or a set`;
      throw new BilevelError([solverUnavailable("inner", ask.solver, why, ask.span, "leave the choice to auto")]);
    }
    if (ask.solver === "coordinate" && !isSeparable(facts)) {
      const why = `moves one entry at a time, and entries of ${unknownsOf(facts)} are tied to each other`;
      throw new BilevelError([solverUnavailable("inner", ask.solver, why, ask.span, "write inner: fista")]);
    }
    const iterates = ask.solver === "anderson" || ask.solver === "fixed_point";
    if (iterates && !facts.fixedPoint) {
      const [why, help] = facts.minimisation
        ? [`iterates v = F(v), and ${unknownsOf(facts)} minimizes`, "leave the choice to auto"]
        : [
            `iterates v = F(v), and the equations for ${unknownsOf(facts)} have another form`,
            "put the unknown alone on one side, or write inner: newton",
          ];
      throw new BilevelError([solverUnavailable("inner", ask.solver, why, ask.span, help)]);
    }
    if (!proximal && !facts.minimisation && !iterates && ask.solver !== "newton") {
      throw new BilevelError([
        solverUnavailable(
          "inner",
          ask.solver,
          `minimizes, and ${unknownsOf(facts)} solves equations`,
          ask.span,
          "write inner: newton",
        ),
      ]);
    }
    return { solver: ask.solver, reason: "as asked" };
  }
  if (facts.block.constrained !== undefined) {
    return { solver: "interior_point", reason: "it finds the active constraints, Newton's method solves on them" };
  }
  if (facts.block.nonsmooth !== undefined) {
    if (isSeparable(facts) && facts.convexity === "convex" && order > largestProximalOrder)
      return {
        solver: "coordinate",
        reason: `kinks and bounds of single entries, and with ${order} of them most stay where they are: only a working set moves`,
      };
    return {
      solver: "fista",
      reason: "proximal steps find which entries are at a kink or bound, Newton's method solves for the others",
    };
  }
  if (iterated)
    return {
      solver: "anderson",
      reason:
        "a fixed point whose curvature costs more to factorise than to iterate; should that stall, Newton's method takes over",
    };
  if (facts.block.responses.length > 0)
    return {
      solver: "newton",
      reason:
        "each clause with a kink, a set or constraints is solved alone to find its face, Newton's method solves them all on these",
    };
  if (!facts.minimisation)
    return {
      solver: "newton",
      reason: facts.fixedPoint
        ? "it converges whether or not the fixed point attracts, and its steps are cheap at this size"
        : "the condition is a system of equations",
    };
  if (damping > 0)
    return { solver: "newton", reason: "damping allows a singular curvature, so its steps are shifted where it is" };
  if (facts.quadratic && factorised)
    return {
      solver: "cholesky",
      reason: `quadratic, and a curvature of order ${facts.form.order.key} is factorised exactly`,
    };
  if (facts.quadratic)
    return { solver: "cg", reason: `quadratic, and a curvature of order ${order} is too large to factorise` };
  if (factorised)
    return {
      solver: "newton",
      reason: `smooth, and a curvature of order ${facts.form.order.key} is factorised at each step`,
    };
  return {
    solver: "newton",
    reason: `smooth; directions by conjugate gradients, since a curvature of order ${order} costs more to form than to multiply with`,
  };
}

function chooseAdjoint(
  facts: BlockFacts,
  ask: Asked<AdjointSolver>,
  linear: BlockPlan["linear"],
  { order, iterated }: Extent,
): Decision<AdjointSolver> {
  if (ask.solver !== undefined) {
    const symmetricOnly: readonly AdjointSolver[] = ["cholesky", "cg", "minres", "lbfgs", "gd"];
    if (!facts.minimisation && symmetricOnly.includes(ask.solver)) {
      throw new BilevelError([
        solverUnavailable(
          "adjoint",
          ask.solver,
          `needs a symmetric system, and that of ${unknownsOf(facts)} is not`,
          ask.span,
          "write adjoint: lu or adjoint: gmres",
        ),
      ]);
    }
    if (ask.solver === "fixed_point" && !facts.fixedPoint) {
      const why = `is for fixed points v = F(v), and the condition of ${unknownsOf(facts)} is none`;
      throw new BilevelError([solverUnavailable("adjoint", ask.solver, why, ask.span, "leave the choice to auto")]);
    }
    return { solver: ask.solver, reason: "as asked" };
  }
  if (facts.upper === "absent") return { solver: "none", reason: "the upper level does not read it" };
  if (facts.upper === "equal")
    return {
      solver: "none",
      reason: "upper and lower objective agree up to terms free of it, so its adjoint is zero (Danskin)",
    };
  if (facts.upper === "negated")
    return {
      solver: "none",
      reason: "the upper objective is minus the lower one up to terms free of it, so its adjoint is zero (Danskin)",
    };
  if (facts.upper === "proportional")
    return {
      solver: "none",
      reason:
        "the upper objective is a multiple of the lower one up to terms free of it, so its adjoint is zero (Danskin)",
    };
  if (iterated)
    return { solver: "gmres", reason: "where the fixed point attracts, few products with its curvature are needed" };
  if (linear === "cholesky")
    return {
      solver: "cholesky",
      reason: facts.quadratic
        ? "the factorisation that solves the lower level serves the adjoint"
        : "the curvature is factorised once at the solution",
    };
  if (facts.block.constrained !== undefined) return { solver: linear, reason: "on the active constraints" };
  if (facts.block.nonsmooth !== undefined)
    return { solver: linear, reason: "on the entries that are not at a kink or bound" };
  if (linear === "lu") return { solver: "lu", reason: "the system is not symmetric, and small enough to factorise" };
  return { solver: linear, reason: `only products with the curvature of order ${order} are taken` };
}

/** Whether a level is left where a number of steps ends. */
const takesSteps = ({ inner }: BlockPlan): boolean => inner.solver === "adam" || inner.solver === "sgd";

function planOuter(options: Options, inSet: boolean, isEstimate: boolean): Choice<OuterSolver> {
  const ask = asked(options, "outer", outerSolvers);
  if (ask.solver !== undefined && inSet && ask.solver !== "projected_gd") {
    const why = "does not keep the upper variables in their sets";
    throw new BilevelError([solverUnavailable("outer", ask.solver, why, ask.span, "write outer: projected_gd")]);
  }
  if (ask.solver !== undefined) return { solver: ask.solver, arguments: ask.arguments, reason: "as asked" };
  if (inSet)
    return {
      solver: "projected_gd",
      arguments: ask.arguments,
      reason: "every step is projected to the sets of the upper variables",
    };
  if (isEstimate)
    return {
      solver: "adam",
      arguments: ask.arguments,
      reason: "the lower level is left where its steps end, so the hypergradient is an estimate",
    };
  return {
    solver: "lbfgs",
    arguments: ask.arguments,
    reason: "the hypergradient is exact to the tolerance, so curvature can be learned from its changes",
  };
}
