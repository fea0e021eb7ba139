/** Everything that an explanation speaks of, with the letters it goes by. */
import type { Block, Derivation } from "../derive/implicit.ts";
import { isPenalty } from "../derive/nonsmooth.ts";
import type { Path } from "../derive/path.ts";
import { declaredName, type Input, type Node, tensorName } from "../ir/node.ts";
import type { SizeBindings } from "../ir/size.ts";
import type { LowerClause, Problem } from "../lower/problem.ts";
import type { BlockPlan, Plan } from "../plan/plan.ts";
import { simplify } from "../simplify/simplify.ts";
import type { KernelLetter } from "./kernels.ts";
import { type Formula, keyOf, type MathSymbol, negative, symbol } from "./math.ts";
import { array, createNotation, type Notation } from "./notation.ts";

/** Words and mathematics in one line. */
export type Inline = string | Formula;

/** A clause of the lower level with its letter: g for what is minimised, R for the residual of an equation. */
export interface NamedClause {
  readonly clause: LowerClause;
  readonly letter: Formula;
  /** As written and simplified: the objective, or left − right. */
  readonly value: Node;
}

export interface NamedBlock {
  readonly plan: BlockPlan;
  readonly clauses: readonly NamedClause[];
  readonly curvature: Formula;
  /** What is minimised, less its kinks: a letter of its own where there are any, else that of the clause with its sign. */
  readonly smooth: Formula;
  /** What the block has one problem for each of: `task`. */
  readonly index?: string;
}

export interface Story {
  readonly notation: Notation;
  readonly problem: Problem;
  readonly derivation: Derivation;
  readonly blocks: readonly NamedBlock[];
  readonly upper: Formula;
  readonly sizes: SizeBindings;
  /** What counts the steps of descent, and the time of a gradient flow. */
  readonly step: MathSymbol;
  readonly time: MathSymbol;
  /** The rate of steps that were not told one. */
  readonly rate: MathSymbol;
  /** The part of a flow's adjoint that is carried back along it. */
  readonly carried: MathSymbol;
  /** What the adjoint function of an unknown in L2 minimises. */
  readonly adjointLoss: MathSymbol;
  /** The kernel matrices of functions in an RKHS. */
  readonly kernels: readonly KernelLetter[];
}

/** Gives everything its letter. `indices`: the index of each unknown that has one. */
export function tell(
  problem: Problem,
  derivation: Derivation,
  plan: Plan,
  sizes: SizeBindings,
  indices: ReadonlyMap<string, string>,
  kernels: readonly KernelLetter[],
): Story {
  const g = problem.graph;
  const valueOf = (clause: LowerClause): Node =>
    simplify(g, [clause.kind === "optimize" ? clause.objective : clause.residual])[0] as Node;
  const values = plan.blocks.map((block) =>
    block.facts.block.clauses.map((clause) => ({ clause, value: valueOf(clause) })),
  );
  const blocks = plan.blocks.map((block) => block.facts.block);
  const roots = [
    ...(derivation.value === undefined ? [] : [derivation.value]),
    ...values.flat().map((own) => own.value),
    ...blocks.flatMap((block) => [
      ...block.condition,
      ...block.curvature.flat(),
      ...block.product,
      ...block.transposedProduct,
      ...block.adjointRhs,
      ...block.adjoints,
      ...block.tangents,
      ...pathNodes(block),
      ...(block.functional?.adjointLoss === undefined ? [] : [block.functional.adjointLoss]),
    ]),
    ...(derivation.constraints?.constraints ?? []).map(({ value }) => value),
    ...derivation.direct,
    ...derivation.hypergradient,
    ...kernels.flatMap(({ letter, slope }) => (slope === undefined ? [letter] : [letter, slope])),
    ...[...problem.declarations.values()].flatMap((pieces) => pieces.filter((piece) => typeof piece !== "string")),
    ...plan.blocks.flatMap(({ facts }) => [
      ...facts.predictors,
      ...(facts.modulus ?? []),
      ...(facts.smooth === undefined ? [] : [facts.smooth]),
      ...facts.kinks,
      facts.form.matrix,
    ]),
    ...[...g.inputs.values()].filter((input) => input.role !== "tangent" && input.role !== "adjoint"),
  ];
  const notation = createNotation(roots);
  const { fresh } = notation.symbols;
  const upper = symbol(fresh("f", "F", "φ"));
  const objectiveLetter = fresh("g", "G", "ψ");
  const residualLetter = fresh("R", "Φ", "E");
  const curvatureLetter = fresh("H", "J", "K");
  const hasPath = blocks.some((block) => block.path !== undefined);
  const letter = (...candidates: readonly string[]): MathSymbol => symbol(hasPath ? fresh(...candidates) : "");
  const [step, time, carried] = [letter("k", "i"), letter("τ", "ξ"), letter("p", "q")];
  const rateless = blocks.some(({ path }) => path?.selected.kind === "descent" && path.selected.rate === undefined);
  const rate = symbol(rateless ? fresh("r", "ρ", "η") : "");
  const isFunctional = blocks.some((block) => block.functional !== undefined);
  const adjointLoss = symbol(isFunctional ? fresh("A", "L", "Λ") : "");
  const kinked = blocks.filter(hasPenalty);
  const smoothLetter = kinked.length === 0 ? "" : fresh("s", "S", "σ");
  const all = values.flat();
  const numbered = (letter: string, k: number, count: number): Formula =>
    symbol(letter, count === 1 ? undefined : String(k + 1));
  const letterOf = (clause: LowerClause): Formula => {
    const alike = all.filter((own) => own.clause.kind === clause.kind);
    const k = alike.findIndex((own) => own.clause === clause);
    return numbered(clause.kind === "optimize" ? objectiveLetter : residualLetter, k, alike.length);
  };
  const named = plan.blocks.map((block, k): NamedBlock => {
    const own = block.facts.block;
    const clauses = (values[k] ?? []).map(({ clause, value }) => ({ clause, value, letter: letterOf(clause) }));
    return {
      plan: block,
      clauses,
      curvature: numbered(curvatureLetter, k, plan.blocks.length),
      smooth: hasPenalty(own) ? numbered(smoothLetter, kinked.indexOf(own), kinked.length) : minimised(clauses),
      index: indices.get(own.unknowns[0]?.name ?? ""),
    };
  });
  return {
    notation,
    problem,
    derivation,
    blocks: named,
    upper,
    sizes,
    step,
    time,
    rate,
    carried,
    adjointLoss,
    kernels,
  };
}

const pathNodes = ({ path }: Block): readonly Node[] =>
  path === undefined
    ? []
    : [
        ...path.fromStep,
        ...path.fromStart,
        ...(path.selected.start ?? []),
        ...(path.selected.kind === "descent"
          ? [path.selected.rate, path.selected.momentum].flatMap((n) => n ?? [])
          : []),
      ];

/** The block's path where the adjoint follows it, rather than look at its end alone. */
export function followedPath({ plan }: NamedBlock): Path | undefined {
  return plan.adjoint.solver === "reverse" || plan.adjoint.solver === "forward" ? plan.facts.block.path : undefined;
}

const hasPenalty = ({ nonsmooth }: Block): boolean => nonsmooth?.pieces.some(isPenalty) ?? false;

/** g, or −g where it is maximised. */
function minimised([first]: readonly NamedClause[]): Formula {
  const { clause, letter } = first as NamedClause;
  return clause.kind === "optimize" && clause.direction === "maximizes" ? negative(letter) : letter;
}

export const show = (story: Story, node: Node): Formula => array(story.notation, node);
/** Weights and values of a map by its name, once; anything else by its own. */
export function mapNames(story: Story, inputs: readonly Input[]): readonly Formula[] {
  const names = inputs.map((input) =>
    tensorName(input) === undefined ? nameOf(story, input) : symbol(declaredName(input)),
  );
  return [...new Map(names.map((name) => [keyOf(name), name])).values()];
}

export const nameOf = (story: Story, input: Input): Formula => story.notation.symbols.of(input);

export const derivative = (of: Formula, by: readonly Formula[], total = false): Formula => ({
  kind: "derivative",
  of,
  by,
  total,
});

/** Formulas with commas between. */
export function commas(formulas: readonly Formula[]): readonly Inline[] {
  return formulas.flatMap((formula, k): readonly Inline[] => (k === 0 ? [formula] : [", ", formula]));
}
