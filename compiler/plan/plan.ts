/**
 * Which solvers follow from what was found, and why. The solve block and the command line override each choice; what does not
 * fit the structure is refused rather than run.
 */
import { BilevelError, type Span } from "../../grammar/diagnostics.ts";
import type { OptionValue } from "../check/model.ts";
import type { Derivation } from "../derive/implicit.ts";
import { kinkName } from "../derive/kinks.ts";
import { nonSmoothLowerLevel, notCurved, solverUnavailable } from "../errors.ts";
import type { Graph } from "../ir/graph.ts";
import { evaluateSize, type SizeBindings } from "../ir/size.ts";
import type { Selected } from "../lower/problem.ts";
import { type BlockFacts, factsOf } from "./facts.ts";

export const innerSolvers = ["cholesky", "newton", "cg", "lbfgs", "gd", "prox_gd", "fista"] as const;
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
  "lbfgs",
  "gd",
  "neumann",
  "identity",
] as const;
/** `none`: the adjoint is zero by the structure. `reverse`: along a path. */
export type AdjointSolver = (typeof adjointSolvers)[number] | "none" | "reverse";
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
}

export interface Plan {
  readonly method: "aid";
  readonly blocks: readonly BlockPlan[];
  readonly outer: Choice<OuterSolver>;
  /** Outer steps at the most. */
  readonly steps: number;
}

export type Options = ReadonlyMap<string, OptionValue>;

/**
 * A quadratic is factorised once a step up to this order; a curvature that must be formed at every Newton step, up to the
 * smaller one. Beyond, only products with it are taken.
 */
const largestFactorisedOrder = { quadratic: 3000, general: 400 } as const;

const defaultSteps = 1000;

/** Throws a BilevelError with refusals. Sizes that are not bound yet count as small. */
export function planOf(g: Graph, derivation: Derivation, options: Options, sizes: SizeBindings): Plan {
  const method = checkMethod(options);
  refuseWhatIsNotBuilt(options);
  const exact = method === "exact";
  const blocks = derivation.blocks.map((block) =>
    planBlock(factsOf(g, block, derivation.blocks), options, sizes, exact),
  );
  const steps = options.get("steps");
  return {
    method: "aid",
    blocks,
    outer: planOuter(options, derivation.upperInSet),
    steps: steps?.kind === "number" ? steps.value : defaultSteps,
  };
}

function checkMethod(options: Options): "auto" | "exact" | "aid" {
  const method = options.get("method");
  if (method?.kind !== "word" || method.value === "auto") return "auto";
  if (method.value === "exact" || method.value === "aid") return method.value;
  throw unavailable(
    "method",
    method.value,
    method.span,
    "write method: aid (implicit differentiation) or leave it out",
  );
}

/** An option that would change the answer or the work and cannot be honoured is refused, never ignored. */
function refuseWhatIsNotBuilt(options: Options): void {
  const engine = options.get("engine");
  if (engine?.kind === "word" && engine.value !== "auto" && engine.value !== "wasm")
    throw unavailable("engine", engine.value, engine.span, "write engine: wasm or leave it out");
  const batch = options.get("batch");
  if (batch?.kind === "number")
    throw unavailable("batch", String(batch.value), batch.span, "leave it out: every row is used");
}

function unavailable(key: string, name: string, span: Span, suggestion?: string): BilevelError {
  return new BilevelError([solverUnavailable(key, name, "is not available yet", span, suggestion)]);
}

interface Asked<S extends string> {
  readonly solver?: S;
  readonly arguments: ReadonlyMap<string, number | boolean>;
  readonly span?: Span;
}

/** What the options say under a key, checked against the solvers that exist. */
function asked<S extends string>(options: Options, key: string, available: readonly S[]): Asked<S> {
  const value = options.get(key);
  if (value?.kind !== "word") return { arguments: new Map() };
  const entries = [...value.arguments].flatMap(([name, v]) =>
    v.kind === "number" || v.kind === "boolean" ? [[name, v.value] as const] : [],
  );
  if (value.value === "auto") return { arguments: new Map(entries), span: value.span };
  const solver = available.find((s) => s === value.value);
  if (solver === undefined)
    throw unavailable(key, value.value, value.span, `the ones that are: ${available.join(", ")}`);
  return { solver, arguments: new Map(entries), span: value.span };
}

function planBlock(facts: BlockFacts, options: Options, sizes: SizeBindings, exact: boolean): BlockPlan {
  if (facts.block.path !== undefined) return planPath(facts, facts.block.path.selected);
  refuseWhatHasNoAnswer(facts);
  const inner = asked(options, "inner", innerSolvers);
  const adjoint = asked(options, "adjoint", adjointSolvers);
  const order = evaluateSize(facts.form.order, sizes) ?? 0;
  const limit = facts.quadratic ? largestFactorisedOrder.quadratic : largestFactorisedOrder.general;
  const factorised = exact || order <= limit;
  const linear = facts.minimisation ? (factorised ? "cholesky" : "cg") : factorised ? "lu" : "gmres";
  const asksDamping = adjoint.arguments.get("damping");
  const damping = typeof asksDamping === "number" ? asksDamping : 0;
  return {
    facts,
    inner: { ...chooseInner(facts, inner, factorised, order, damping), arguments: inner.arguments },
    linear,
    adjoint: { ...chooseAdjoint(facts, adjoint, linear, order), arguments: adjoint.arguments },
    damping,
  };
}

/** The path is the problem's own, so there is nothing to choose. */
function planPath(facts: BlockFacts, selected: Selected): BlockPlan {
  const none = new Map<string, number | boolean>();
  const isFlow = selected.kind === "gradient_flow";
  const taken = isFlow
    ? facts.quadratic
      ? "the flow of a quadratic ends at its start less what lies along the curvature's range, in closed form"
      : "the flow is followed to its end"
    : `${selected.steps} ${selected.steps === 1 ? "step" : "steps"}, as the clause says`;
  const back = isFlow
    ? "the pseudo-inverse on the curvature's range, and along the flat directions back through the path"
    : "reverse mode through the steps, some kept and the others taken again";
  return {
    facts,
    inner: { solver: selected.kind, arguments: none, reason: taken },
    linear: "cg",
    adjoint: { solver: "reverse", arguments: none, reason: back },
    damping: 0,
  };
}

function unknownsOf(facts: BlockFacts): string {
  return facts.block.unknowns.map((y) => y.name).join(", ");
}

function refuseWhatHasNoAnswer(facts: BlockFacts): void {
  const span = (facts.block.clauses[0] as { span: Span }).span;
  const kink = facts.kinks[0];
  if (kink !== undefined && facts.block.nonsmooth === undefined)
    throw new BilevelError([nonSmoothLowerLevel(unknownsOf(facts), kinkName(kink), span)]);
  if (facts.form.kind === "zero") throw new BilevelError([notCurved(unknownsOf(facts), span)]);
}

type Decision<S extends string> = Pick<Choice<S>, "solver" | "reason">;

function chooseInner(
  facts: BlockFacts,
  ask: Asked<InnerSolver>,
  factorised: boolean,
  order: number,
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
    const proximal = ask.solver === "prox_gd" || ask.solver === "fista";
    if (proximal !== (facts.block.nonsmooth !== undefined)) {
      const why = proximal
        ? `is for kinks and sets, and what ${unknownsOf(facts)} minimizes is smooth`
        : `is for smooth problems, and ${unknownsOf(facts)} has a kink or a set`;
      throw new BilevelError([solverUnavailable("inner", ask.solver, why, ask.span, "leave the choice to auto")]);
    }
    if (!proximal && !facts.minimisation && ask.solver !== "newton") {
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
    return {
      solver: "fista",
      reason: "proximal steps find which entries are at a kink or bound, Newton's method solves for the others",
    };
  }
  if (!facts.minimisation) return { solver: "newton", reason: "the condition is a system of equations" };
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
  order: number,
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

function planOuter(options: Options, inSet: boolean): Choice<OuterSolver> {
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
  return {
    solver: "lbfgs",
    arguments: ask.arguments,
    reason: "the hypergradient is exact to the tolerance, so curvature can be learned from its changes",
  };
}
