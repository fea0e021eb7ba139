/**
 * Functions in L2 as they are explained: in their values, where the level is a condition like any other, never in the weights of the
 * families that represent them. The adjoint system is the minimisation of the adjoint loss.
 */
import type { Block, Derivation } from "../derive/implicit.ts";
import type { Graph } from "../ir/graph.ts";
import type { Problem } from "../lower/problem.ts";
import { factsOf } from "../plan/facts.ts";
import type { BlockPlan, Plan } from "../plan/plan.ts";
import type { Item } from "./explanation.ts";
import { symbol } from "./math.ts";
import { commas, type Inline, type NamedBlock, nameOf, type Story, show } from "./story.ts";

/** The derivation and the plan with each function in L2 as its values at the rows of D. */
export function shownInValues(
  problem: Problem,
  derivation: Derivation,
  plan: Plan,
): { readonly derivation: Derivation; readonly plan: Plan } {
  if (problem.functions.length === 0) return { derivation, plan };
  const g = problem.graph;
  const shown = derivation.blocks.map(blockInValues);
  const blocks = plan.blocks.map((own, k): BlockPlan => {
    const block = shown[k] as Block;
    return block.functional === undefined ? own : { ...own, facts: factsInValues(g, own, block, shown) };
  });
  return { derivation: { ...derivation, ...derivation.inValues, blocks: shown }, plan: { ...plan, blocks } };
}

function blockInValues(block: Block): Block {
  if (block.functional === undefined) return block;
  const { value, slope, curvature } = block.functional;
  return {
    ...block,
    unknowns: [value.input],
    adjoints: [value.adjointInput],
    tangents: [],
    ...(block.minimand && { minimand: block.functional.loss }),
    condition: [slope],
    curvature: [[curvature]],
    product: [],
    transposedProduct: [],
    adjointRhs: [],
  };
}

/** What was found in the values, with what the plan found of the rest. */
function factsInValues(g: Graph, own: BlockPlan, block: Block, all: readonly Block[]): BlockPlan["facts"] {
  const { upper, pointwise } = own.facts;
  const facts = factsOf(g, { ...block, adjointRhs: block.condition }, all);
  return { ...facts, upper: upper === "absent" ? "absent" : "different", pointwise };
}

const functionName = (block: NamedBlock) => symbol(block.plan.facts.pointwise?.functional.fn.name ?? "");

/** What an unknown function is, and what has to hold of its loss. */
export function functionFindings(story: Story, block: NamedBlock): readonly (readonly Inline[])[] {
  const { pointwise, smooth } = block.plan.facts;
  if (pointwise === undefined) return [];
  const { functional, modulus, isQuadratic, convexity } = pointwise;
  const { fn, value } = functional;
  const name = functionName(block);
  const values: readonly Inline[] = [
    name,
    ` is a function in L2(${fn.table}); `,
    nameOf(story, value.input),
    ` are its values at the rows of ${fn.table}`,
  ];
  const unique: readonly Inline[] =
    smooth === undefined
      ? ["the point where ", name, " and its stopped copy agree; the copy is held fixed in the hypergradient"]
      : modulus !== undefined
        ? ["the loss is strongly convex in the value at every row: ", name, " is unique, and nothing is assumed"]
        : [
            `assumed, and checked at the solution found: the loss, ${convexity === "convex" ? "convex" : "quadratic"} in the value, is strongly convex at every row`,
          ];
  const adjoint: readonly Inline[] = isQuadratic
    ? ["its curvature does not depend on the value: the adjoint function is a least-squares regression"]
    : ["the adjoint function minimises a quadratic weighed by the curvature of the loss at ", name];
  const trusted: readonly Inline[] = fn.isLinear
    ? ["the family is linear: both are exact within it, to the solver's precision"]
    : ["not verified: that the steps taken reach minimisers over the families; the residuals say how near they are"];
  const heads = [fn.head, fn.adjointHead].some((head) => head !== undefined);
  const settled: readonly Inline[] = [
    "a last layer in closed form is solved for before every step, given the others: ridge regression on what they give",
  ];
  return [values, unique, adjoint, ["no second derivative of a family is taken"], ...(heads ? [settled] : []), trusted];
}

/** The adjoint loss, whose minimiser is the adjoint function. */
export function functionAdjoint(story: Story, block: NamedBlock): readonly Item[] {
  const { pointwise, block: own } = block.plan.facts;
  const loss = own.functional?.adjointLoss;
  if (pointwise === undefined) return [];
  const { fn } = pointwise.functional;
  const name = functionName(block);
  const sentence = (...parts: readonly Inline[]): Item => ({ kind: "sentence", parts });
  if (loss === undefined) return [sentence("the adjoint function of ", name, " is zero: nothing above reads it")];
  const read = fn.values.filter(({ table }) => table !== fn.table && table !== undefined);
  const elsewhere = read.map((value) => nameOf(story, value.adjointInput));
  return [
    sentence(
      "the adjoint function of ",
      name,
      ", with values ",
      ...commas([pointwise.functional.value.adjointInput].map((input) => nameOf(story, input))),
      ` at the rows of ${fn.table}`,
      ...(elsewhere.length === 0 ? [] : [" and ", ...commas(elsewhere), " where the upper level reads it"]),
      ", minimises the adjoint loss",
    ),
    { kind: "equation", sides: [story.adjointLoss, show(story, loss)] },
  ];
}
