/**
 * What each clause asks for, as equations: the gradient of what it minimises is zero, or left equals right.
 *
 * A clause above a deeper level minimises g(w, y, z(y)) where z answers y through R(w, y, z) = 0. With multipliers u for that
 * condition, its solutions are the stationary points of g(w, y, z) − ⟨u, R(w, y, z)⟩ in y, z and u together:
 *
 *     ∂_y (g − ⟨u, R⟩) = 0,   ∂_z (g − ⟨u, R⟩) = 0,   R = 0.
 *
 * The second is the adjoint system of the deeper level. Differentiating these equations again is how a second derivative
 * goes through an argmin; nothing else changes, and levels nest to any depth. A clause that does not mention the deeper unknowns
 * needs none of this: the levels are a chain.
 */
import { BilevelError } from "../../grammar/diagnostics.ts";
import { notDerivedYet, notPointwise } from "../errors.ts";
import { add, type Graph, input } from "../ir/graph.ts";
import { type Input, type Node, reachable } from "../ir/node.ts";
import type { ClosedForm, L2Function, LowerClause, LowerLevel, Problem } from "../lower/problem.ts";
import { simplify } from "../simplify/simplify.ts";
import { type Bound, type Constrained, deriveConstrained } from "./constrained.ts";
import { gradient } from "./differentiate.ts";
import { deriveEpigraph } from "./epigraph.ts";
import { type Functional, functionalOf, penalised, throughFamilies } from "./functional.ts";
import { kinksIn } from "./kinks.ts";
import { deriveNonsmooth, type Nonsmooth } from "./nonsmooth.ts";
import { pairing } from "./pairing.ts";
import { type Represented, representedCondition } from "./representer.ts";

export interface Condition {
  readonly clause: LowerClause;
  /** The clause's own, then the multipliers it brings. */
  readonly unknowns: readonly Input[];
  /** As many equations, of the unknowns' shapes. */
  readonly residual: readonly Node[];
  /** What is minimised, where the residual is its whole gradient. */
  readonly minimand?: Node;
  /** What answers the clause's own unknowns: those of the deeper levels it reads, and the multipliers it brings for them. */
  readonly answers?: readonly Input[];
  /** Where the clause has kinks or sets: the residual then holds on the face that masks describe. */
  readonly nonsmooth?: Nonsmooth;
  /** Where the clause has constraints: the same. */
  readonly constrained?: Constrained;
  /** Where the unknown is a function in L2: the residual is that of the family that represents it. */
  readonly functional?: Functional;
  /** Unknowns that are solved for, given the others. */
  readonly head?: ClosedForm;
  /** Where unknowns are functions in an RKHS: the residual is that of their coefficients. */
  readonly represented?: Represented;
}

/** Whether the condition holds on a face of the solution only, whose masks the solver finds. */
export const hasFace = (condition: Pick<Condition, "nonsmooth" | "constrained">): boolean =>
  condition.nonsmooth !== undefined || condition.constrained !== undefined;

/** What conditions are stated with besides the levels. */
export type Surroundings = Pick<Problem, "sets" | "functions">;
type Sets = Problem["sets"];

/** The conditions of a level and of all below it. */
export function conditionsOf(g: Graph, level: LowerLevel | undefined, around: Surroundings): readonly Condition[] {
  if (level === undefined) return [];
  const deeper = conditionsOf(g, level.deeper, around);
  return [...level.clauses.map((clause) => conditionOf(g, clause, deeper, around)), ...deeper];
}

function conditionOf(g: Graph, clause: LowerClause, deeper: readonly Condition[], around: Surroundings): Condition {
  const { unknowns, span } = clause;
  const { sets, functions } = around;
  const fn = functions.find(({ weights }) => unknowns.some((y) => weights.includes(y)));
  const deepFunction = deeper.find(({ functional }) => functional !== undefined);
  if (deepFunction !== undefined) throw new BilevelError([notDerivedYet("a level above a function in L2", span)]);
  if (fn !== undefined && clause.kind === "optimize") return functionalCondition(g, clause, fn, around);
  const inSet = unknowns.find((y) => sets.has(y.name));
  if (inSet !== undefined && (clause.kind === "solves" || clause.selected !== undefined)) {
    throw new BilevelError([notDerivedYet(`the set of ${inSet.name} in such a clause`, span)]);
  }
  if (clause.kind === "solves") return { clause, unknowns, residual: [clause.residual] };
  const answers = mentioned(clause.minimand, deeper);
  const path = answers.find(({ clause: answer }) => answer.kind === "optimize" && answer.selected !== undefined);
  if (path !== undefined) throw new BilevelError([notDerivedYet("a level above one with a selection", span)]);
  const kinked = inSet !== undefined || kinksIn(simplify(g, [clause.minimand]), new Set<Node>(unknowns)).length > 0;
  const bound = clause.subject.length > 0;
  if (clause.representers !== undefined) {
    if (kinked || bound || answers.length > 0 || clause.selected !== undefined) {
      const what = "a kink, a constraint, a selection or a deeper level in a clause for a function in an RKHS";
      throw new BilevelError([notDerivedYet(what, span)]);
    }
    return { clause, unknowns, ...representedCondition(g, clause, clause.representers) };
  }
  if (bound && answers.length > 0) throw new BilevelError([notDerivedYet("a constraint above a deeper level", span)]);
  if (bound) return boundCondition(g, clause, sets);
  if (kinked && clause.selected === undefined && answers.length === 0) {
    const faced = deriveNonsmooth(g, clause.minimand, unknowns, sets) ?? throughEpigraph(g, clause, sets);
    if (faced !== undefined) return { clause, ...faced };
    if (inSet !== undefined)
      throw new BilevelError([notDerivedYet(`a kink in ${inSet.name} together with its set`, span)]);
  }
  if (answers.length === 0) {
    const residual = gradient(g, clause.minimand, unknowns);
    // With a stopped copy of its own unknown in it, the clause is the equation where copy and solution agree.
    return { clause, unknowns, residual, ...(!stops(clause.minimand, unknowns) && { minimand: clause.minimand }) };
  }
  const inner = answers.flatMap((answer) => answer.unknowns);
  const name = unknowns.map((y) => y.name).join(", ");
  const multipliers = inner.map((z) => input(g, `multiplier of ${z.name} for ${name}`, "multiplier", z.shape));
  const residuals = answers.flatMap((answer) => answer.residual);
  const pairings = residuals.map((r, k) => pairing(g, multipliers[k] as Input, r));
  const lagrangian = add(g, [1, ...pairings.map(() => -1)], [clause.minimand, ...pairings]);
  if (kinked) {
    const faced = deriveNonsmooth(g, lagrangian, unknowns, sets, true);
    if (faced === undefined) throw new BilevelError([notDerivedYet("such a kink above a deeper level", span)]);
    return {
      clause,
      unknowns: [...faced.unknowns, ...multipliers],
      residual: [...faced.residual, ...gradient(g, lagrangian, inner)],
      answers: [...multipliers, ...inner],
      nonsmooth: faced.nonsmooth,
    };
  }
  return {
    clause,
    unknowns: [...unknowns, ...multipliers],
    residual: gradient(g, lagrangian, [...unknowns, ...inner]),
    answers: [...multipliers, ...inner],
  };
}

/** The condition in the weights; the derivative is taken in the function's values. */
function functionalCondition(g: Graph, clause: Optimize, fn: L2Function, { functions }: Surroundings): Condition {
  const functional = functionalOf(g, clause, fn);
  const { unknowns } = clause;
  const { head } = fn;
  const minimand = penalised(g, throughFamilies(g, functions)([functional.loss])[0] as Node, head);
  const residual = gradient(g, minimand, unknowns);
  const isWhole = !stops(minimand, unknowns);
  if (head !== undefined && !isWhole) {
    const why = "it holds a stopped copy of the function, which a last layer in closed form would move with";
    throw new BilevelError([notPointwise(fn.name, why, clause.span, "leave out head: closed_form")]);
  }
  return { clause, unknowns, residual, functional, ...(isWhole && { minimand }), ...(head && { head }) };
}

function boundCondition(g: Graph, clause: Optimize, sets: Sets): Condition {
  const { unknowns, span } = clause;
  if (unknowns.some((y) => sets.get(y.name)?.kind === "psd"))
    throw new BilevelError([notDerivedYet("the set psd beside constraints", span)]);
  if (clause.selected !== undefined) throw new BilevelError([notDerivedYet("a selection under constraints", span)]);
  const bound = throughEpigraph(g, clause, sets);
  if (bound === undefined) throw new BilevelError([notDerivedYet("such a kink together with constraints", span)]);
  return { clause, ...bound };
}

/** Kinks as constraints, beside those that the clause has. */
function throughEpigraph(g: Graph, clause: Optimize, sets: Sets): Bound | undefined {
  const { unknowns, subject } = clause;
  if (unknowns.some((y) => sets.get(y.name)?.kind === "psd")) return undefined;
  const smooth = deriveEpigraph(g, clause.minimand, unknowns);
  if (smooth === undefined) return undefined;
  return deriveConstrained(g, smooth.minimand, unknowns, [...subject, ...smooth.subject], sets, smooth.epigraphs);
}

type Optimize = Extract<LowerClause, { kind: "optimize" }>;

/** The deeper conditions whose unknowns the node reads, directly or through another of them. */
function mentioned(node: Node, deeper: readonly Condition[]): readonly Condition[] {
  const found = new Set<Condition>();
  const visit = (roots: readonly Node[]): void => {
    const read = new Set<Node>(reachable(roots));
    for (const condition of deeper) {
      if (found.has(condition) || !condition.unknowns.some((z) => read.has(z))) continue;
      found.add(condition);
      visit(condition.residual);
    }
  };
  visit([node]);
  return deeper.filter((condition) => found.has(condition));
}

/** Whether a `stop` in the node reads one of the unknowns. */
function stops(node: Node, unknowns: readonly Input[]): boolean {
  const stopped = reachable([node]).filter((n) => n.kind === "map" && n.fn === "stop");
  const read = new Set<Node>(reachable(stopped));
  return unknowns.some((y) => read.has(y));
}

/**
 * Strongly connected components of "reads the unknowns of", each after those it reads: conditions that read each other form
 * an equilibrium and are solved together.
 */
export function inSolvingOrder(conditions: readonly Condition[]): readonly (readonly Condition[])[] {
  const reads = conditions.map((condition) => {
    const seen = new Set<Node>(reachable(condition.residual));
    return conditions.map((other) => other !== condition && other.unknowns.some((y) => seen.has(y)));
  });
  const reaches = conditions.map((_, i) => {
    const found = new Set<number>();
    const visit = (k: number): void =>
      conditions.forEach((_, l) => {
        if (!reads[k]?.[l] || found.has(l)) return;
        found.add(l);
        visit(l);
      });
    visit(i);
    return found;
  });
  const components: (readonly number[])[] = [];
  const placed = new Set<number>();
  const place = (i: number): void => {
    if (placed.has(i)) return;
    const members = conditions.map((_, k) => k).filter((k) => k === i || (reaches[i]?.has(k) && reaches[k]?.has(i)));
    for (const k of members) placed.add(k);
    for (const k of members) for (const l of reaches[k] ?? []) if (!members.includes(l)) place(l);
    components.push(members);
  };
  conditions.forEach((_, i) => place(i));
  return components.map((members) => members.map((k) => conditions[k] as Condition));
}
