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
  kernelTooLarge,
  nonSmoothLowerLevel,
  noRkhsPenalty,
  notConvexInRkhs,
  notCurved,
  solverUnavailable,
} from "../errors.ts";
import type { Graph } from "../ir/graph.ts";
import { evaluateSize, type Size, type SizeBindings } from "../ir/size.ts";
import { asked, unavailable } from "./asked.ts";
import { chooseAdjoint } from "./choose-adjoint.ts";
import { chooseInner } from "./choose-inner.ts";
import { chooseOuter } from "./choose-outer.ts";
import { type TfjsBackend, tfjsBackend } from "./engine.ts";
import { type BlockFacts, factsOf, type RepresentedFacts, unknownsOf } from "./facts.ts";
import { planFunction } from "./functional.ts";
import { largestArray } from "./memory.ts";
import { planPath } from "./paths.ts";
import { recipeOf } from "./recipes.ts";
import {
  type AdjointSolver,
  adjointSolvers,
  type InnerSolver,
  innerSolvers,
  type OuterSolver,
  type Search,
  searches,
} from "./solvers.ts";
import { planStochastic, type StochasticMethod, type StochasticPlan, stochasticMethods } from "./stochastic.ts";

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
  /** How the last layer of such an unknown is found, where that is in closed form. */
  readonly head?: BlockPlan;
}

export interface Plan {
  readonly method:
    | "aid"
    | "itd"
    | "analytic"
    | "funcid"
    | "kernel"
    | "kkt"
    | "hoag"
    | "shine"
    | "bgs"
    | Search
    | StochasticMethod;
  /** How a run steps on drawn rows; the gradient at a point is then that of `aid`. */
  readonly stochastic?: StochasticPlan;
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
/** With more, factorising the curvature of a fixed point costs more than iterating it. */
const largestFixedPointCurvature = largestFactorisedOrder.general ** 2;

const defaultSteps = 1000;

/** Throws a BilevelError with refusals. Sizes that are not bound yet count as small. */
export function planOf(g: Graph, derivation: Derivation, options: Options, sizes: SizeBindings): Plan {
  const method = checkMethod(options);
  const isFunctional = derivation.blocks.some(({ functional }) => functional !== undefined);
  const stochastic = planStochastic(derivation, options);
  if (derivation.isStreamed && rereading.includes(method)) {
    const why = "comes back to rows, and a stream has moved on by then";
    throw new BilevelError([solverUnavailable("method", method, why, options.get("method")?.span)]);
  }
  refuseWhatIsNotBuilt(options, isFunctional || stochastic !== undefined);
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
  if (method === "kernel" && derivation.blocks.every(({ represented }) => represented === undefined))
    throw new BilevelError([
      solverUnavailable("method", "kernel", "is for unknown functions in an RKHS", options.get("method")?.span),
    ]);
  const descends = blocks.some(({ inner }) => inner.solver === "descent");
  const steps = options.get("steps");
  return {
    method: method === "auto" || method === "exact" ? (descends ? "itd" : isFunctional ? "funcid" : "aid") : method,
    blocks,
    ...(stochastic && { stochastic }),
    outer: chooseOuter(options, {
      inSet: derivation.upperInSet,
      isConstrained: derivation.constraints !== undefined,
      isStreamed: derivation.isStreamed === true,
      blocks,
    }),
    steps: steps?.kind === "number" ? steps.value : defaultSteps,
    backend: tfjsBackend(options.get("engine")),
  };
}

const methods = [
  "auto",
  "exact",
  "aid",
  "itd",
  "analytic",
  "funcid",
  "kernel",
  "kkt",
  "hoag",
  "shine",
  "bgs",
  ...searches,
  ...stochasticMethods,
] as const;
type Method = (typeof methods)[number];

/** Methods whose steps compare values, or read rows that they have read before. */
const rereading: readonly Method[] = ["kkt", "bgs", ...stochasticMethods];

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
function refuseWhatIsNotBuilt(options: Options, drawsRows: boolean): void {
  const precision = options.get("precision");
  const isSingle =
    tfjsBackend(options.get("engine")) !== undefined || (precision?.kind === "word" && precision.value === "f32");
  const method = options.get("method");
  if (isSingle && method?.kind === "word" && method.value === "kkt") {
    const why = "compares the values of many small problems, which single precision cannot tell apart";
    throw new BilevelError([
      solverUnavailable("method", "kkt", why, method.span, "write engine: wasm and precision: f64"),
    ]);
  }
  if (precision?.kind === "word" && precision.value === "f64" && tfjsBackend(options.get("engine")) !== undefined) {
    const why = "is more than TensorFlow.js computes in";
    throw new BilevelError([solverUnavailable("precision", "f64", why, precision.span, "write engine: wasm")]);
  }
  const [batch, inner] = [options.get("batch"), options.get("inner")];
  const takesBatches = drawsRows || (inner?.kind === "word" && (inner.value === "sgd" || inner.value === "adam"));
  if (batch?.kind === "number" && !takesBatches)
    throw unavailable("batch", String(batch.value), batch.span, "leave it out: every row is used");
}

function planBlock(facts: BlockFacts, options: Options, sizes: SizeBindings, method: Method): BlockPlan {
  const selected = facts.block.path?.selected;
  const path = selected && planPath(facts, selected, options, sizes);
  const atEnd = method === "analytic" || (method === "aid" && selected?.kind === "descent");
  // Steps have a derivative off the kinks that they pass; a flow comes to rest on them.
  if (selected?.kind === "gradient_flow") refuseKinks(facts);
  if (path !== undefined && !atEnd) return { facts, ...path, linear: "cg", damping: 0 };
  if (facts.pointwise !== undefined) return planFunction(facts, facts.pointwise, options);
  refuseWhatHasNoAnswer(facts);
  refuseManyCentres(facts, sizes, Math.floor(Math.sqrt(largestArray(options))));
  const recipe = recipeOf(options, facts);
  const inner = asked(options, "inner", innerSolvers, recipe.inner);
  const adjoint = asked(options, "adjoint", adjointSolvers, recipe.adjoint);
  const order = evaluateSize(facts.form.order, sizes) ?? 0;
  // TensorFlow.js has no factorisation: beyond the smaller order, products on its device beat the host's.
  const isOnHost = tfjsBackend(options.get("engine")) === undefined;
  // The curvature of a function in an RKHS is its kernel matrix with rows weighed: forming it costs next to nothing.
  const isCheap = facts.quadratic || facts.represented !== undefined;
  const limit = largestFactorisedOrder[isCheap && isOnHost ? "quadratic" : "general"];
  const numbers = (facts.form.shared ? 1 : (evaluateSize(facts.form.count, sizes) ?? 0)) * order ** 2;
  const isFormed = facts.form.kind !== "operator";
  const { symmetric } = facts.represented ?? {};
  const isSymmetric = facts.minimisation || symmetric !== undefined;
  const isSmall =
    symmetric === undefined ? order <= limit && numbers <= largestCurvature : order ** 2 <= largestArray(options);
  const factorised = isFormed && (method === "exact" || isSmall);
  const iterated = facts.fixedPoint && method !== "exact" && numbers > largestFixedPointCurvature;
  const extent = { order, factorised, iterated };
  const linear = isSymmetric ? (factorised ? "cholesky" : "cg") : factorised ? "lu" : "gmres";
  const asksDamping = adjoint.arguments.get("damping");
  const damping = typeof asksDamping === "number" ? asksDamping : 0;
  const solved = path?.inner ?? { ...chooseInner(facts, inner, extent, damping), arguments: inner.arguments };
  const read = path ? unsolved(facts) : facts;
  const inFunctions = facts.represented?.represented.inFunctions;
  if (method === "kernel" && typeof inFunctions === "string")
    throw new BilevelError([
      solverUnavailable(
        "method",
        "kernel",
        `differentiates in the RKHS: ${inFunctions}`,
        options.get("method")?.span,
        "write method: aid, which differentiates through the coefficients",
      ),
    ]);
  return {
    facts,
    inner: solved,
    linear,
    adjoint:
      method === "analytic"
        ? leftOut
        : method === "kernel" && inFunctions !== undefined && facts.upper !== "absent"
          ? throughFunctions
          : { ...chooseAdjoint(read, adjoint, solved.solver, linear, extent), arguments: adjoint.arguments },
    damping,
  };
}

const leftOut: Choice<AdjointSolver> = {
  solver: "zero",
  arguments: new Map([["max", 0]]),
  reason: "left out, as asked: only the upper objective's own dependence is differentiated",
};

const throughFunctions: Choice<AdjointSolver> = {
  solver: "rkhs",
  arguments: new Map(),
  reason: "the adjoint function solves its equation in the RKHS, by the same system as the function itself",
};

/** Where steps end the lower condition does not hold, so equal objectives do not make the adjoint vanish. */
function unsolved(facts: BlockFacts): BlockFacts {
  return facts.upper === "absent" ? facts : { ...facts, upper: "different" };
}

const spanOf = ({ block }: BlockFacts): Span => (block.clauses[0] as { span: Span }).span;

const isSystem = ({ block }: BlockFacts): boolean => block.clauses.every(({ kind }) => kind === "solves");

function refuseKinks(facts: BlockFacts): void {
  const kink = facts.kinks[0];
  if (kink === undefined || facts.block.nonsmooth !== undefined) return;
  const names = unknownsOf(facts);
  const what = isSystem(facts) ? `what ${names} solves` : `the objective that ${names} minimizes`;
  throw new BilevelError([nonSmoothLowerLevel(what, names, kinkName(kink), spanOf(facts))]);
}

function refuseWhatHasNoAnswer(facts: BlockFacts): void {
  const span = spanOf(facts);
  if (facts.represented !== undefined) refuseExpansions(facts.represented, span);
  refuseKinks(facts);
  if (facts.form.kind !== "zero") return;
  const leavesOut = isSystem(facts) ? equationsLeaveOut : notCurved;
  throw new BilevelError([leavesOut(unknownsOf(facts), span)]);
}

/** Only the symmetric form is solved without the kernel matrix. */
function refuseManyCentres({ represented, block }: BlockFacts, sizes: SizeBindings, most: number): void {
  if (represented?.symmetric !== undefined) return;
  for (const { coefficients, span } of represented?.represented.representers ?? []) {
    const count = evaluateSize(coefficients.shape[0] as Size, sizes) ?? 0;
    if (count > most)
      throw new BilevelError([kernelTooLarge(coefficients.name, count, most, block.clauses[0]?.span ?? span)]);
  }
}

/** What cannot be proved of a function in an RKHS is checked at the solution, where there is a check. */
function refuseExpansions({ represented, isConvex, penalties }: RepresentedFacts, span: Span): void {
  const { representers, certificate } = represented;
  const nameOf = (k: number): string => representers[k]?.coefficients.name ?? "it";
  const free = penalties.indexOf("zero");
  if (free >= 0) throw new BilevelError([noRkhsPenalty(nameOf(free), span)]);
  if (isConvex || certificate !== undefined) return;
  throw new BilevelError([notConvexInRkhs(representers.map((_, k) => nameOf(k)).join(", "), span)]);
}
