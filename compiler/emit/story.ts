/** Everything that an explanation speaks of, with the letters it goes by. */
import type { Derivation } from "../derive/implicit.ts";
import type { Input, Node } from "../ir/node.ts";
import type { SizeBindings } from "../ir/size.ts";
import type { LowerClause, Problem } from "../lower/problem.ts";
import type { BlockPlan, Plan } from "../plan/plan.ts";
import { simplify } from "../simplify/simplify.ts";
import { type Formula, symbol } from "./math.ts";
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
}

export interface Story {
  readonly notation: Notation;
  readonly problem: Problem;
  readonly derivation: Derivation;
  readonly blocks: readonly NamedBlock[];
  readonly upper: Formula;
  readonly sizes: SizeBindings;
}

/** Gives everything its letter. */
export function tell(problem: Problem, derivation: Derivation, plan: Plan, sizes: SizeBindings): Story {
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
    ]),
    ...derivation.direct,
    ...derivation.hypergradient,
    ...plan.blocks.flatMap(({ facts }) => [
      ...facts.predictors,
      ...(facts.modulus ?? []),
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
  const all = values.flat();
  const numbered = (letter: string, k: number, count: number): Formula =>
    symbol(letter, count === 1 ? undefined : String(k + 1));
  const letterOf = (clause: LowerClause): Formula => {
    const alike = all.filter((own) => own.clause.kind === clause.kind);
    const k = alike.findIndex((own) => own.clause === clause);
    return numbered(clause.kind === "optimize" ? objectiveLetter : residualLetter, k, alike.length);
  };
  const named = plan.blocks.map(
    (block, k): NamedBlock => ({
      plan: block,
      clauses: (values[k] ?? []).map(({ clause, value }) => ({ clause, value, letter: letterOf(clause) })),
      curvature: numbered(curvatureLetter, k, plan.blocks.length),
    }),
  );
  return { notation, problem, derivation, blocks: named, upper, sizes };
}

export const show = (story: Story, node: Node): Formula => array(story.notation, node);
export const nameOf = (story: Story, input: Input): Formula => story.notation.symbols.of(input);

/** Formulas with commas between. */
export function commas(formulas: readonly Formula[]): readonly Inline[] {
  return formulas.flatMap((formula, k): readonly Inline[] => (k === 0 ? [formula] : [", ", formula]));
}
