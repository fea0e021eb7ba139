/**
 * What the kernels of a lower level read that stays as it is while the level is solved: kernel matrices, features of a network at the
 * upper level. The maximal sub-expressions of data and upper variables that are costly become inputs, evaluated once a point.
 */
import { type Graph, input } from "../../compiler/ir/graph.ts";
import { type Input, type Node, operandsOf, reachable } from "../../compiler/ir/node.ts";
import { substitute } from "../../compiler/ir/substitute.ts";
import type { BlockPlan } from "../../compiler/plan/plan.ts";
import { addSlot, type Binding, kernelOf, lengthOf } from "../bind.ts";

/** Operations below which a kernel may as well do them again. */
const leastWork = 2 ** 18;
/** Operations an entry, below which reading the entry back is no faster. */
const leastWorkPerEntry = 8;
/** Of a function of one number, in operations. */
const functionWork = 10;
/** Entries that are kept at the most: a kernel matrix of 12 000 points. */
const mostEntries = 1.5e8;

export interface Hoisted {
  /** The plans with inputs in place of what does not change. */
  readonly plans: readonly BlockPlan[];
  /** Evaluates these inputs; to be called where upper variables have changed, before anything is solved. */
  readonly refresh: () => void;
}

/** `variables` are the upper variables, whose slots stand. */
export function hoistInvariants(
  binding: Binding,
  g: Graph,
  plans: readonly BlockPlan[],
  variables: readonly Input[],
): Hoisted {
  const fixed = new Set<Node>([...binding.constants.keys(), ...variables]);
  const found = [...new Set(plans.filter(isPlain).flatMap((plan) => costly(binding, rootsOf(plan), fixed)))];
  if (found.length === 0) return { plans, refresh: () => {} };
  const stands = new Map<Node, Node>(
    found.map((node) => [node, input(g, `invariant ${node.id}`, "step", node.shape)] as const),
  );
  const slots = [...stands.values()].map((own) => addSlot(binding, own as Input));
  const refresh = kernelOf(binding, "invariants of the lower level", found, slots);
  return { plans: plans.map((plan) => (isPlain(plan) ? rewritten(g, plan, stands) : plan)), refresh };
}

/** Blocks whose kernels are those of the condition and the curvature alone, on all rows. */
function isPlain({ facts: { block }, inner }: BlockPlan): boolean {
  const { nonsmooth, constrained, path, functional, responses } = block;
  const isSampled = inner.solver === "adam" || inner.solver === "sgd";
  return !(nonsmooth || constrained || path || functional || isSampled) && responses.length === 0;
}

const rootsOf = ({ facts: { block } }: BlockPlan): readonly Node[] => [
  ...block.condition,
  ...block.product,
  ...block.transposedProduct,
];

function rewritten(g: Graph, plan: BlockPlan, stands: ReadonlyMap<Node, Node>): BlockPlan {
  const { facts } = plan;
  const { block, form } = facts;
  const all = (nodes: readonly Node[]): readonly Node[] => substitute(g, nodes, stands);
  return {
    ...plan,
    facts: {
      ...facts,
      form: { ...form, matrix: all([form.matrix])[0] as Node },
      block: {
        ...block,
        ...(block.minimand && { minimand: all([block.minimand])[0] as Node }),
        condition: all(block.condition),
        curvature: block.curvature.map(all),
        product: all(block.product),
        transposedProduct: all(block.transposedProduct),
      },
    },
  };
}

/** The largest sub-expressions that read nothing but `fixed`, where keeping them pays. */
function costly(binding: Binding, roots: readonly Node[], fixed: ReadonlySet<Node>): readonly Node[] {
  const nodes = reachable(roots);
  const still = new Set<Node>();
  for (const node of nodes)
    if (node.kind === "input" ? fixed.has(node) : operandsOf(node).every((operand) => still.has(operand)))
      still.add(node);
  const edges = nodes.flatMap((node) => (still.has(node) ? [] : operandsOf(node))).filter((node) => still.has(node));
  return [...new Set(edges)].filter((node) => {
    if (node.kind === "input") return false;
    const entries = lengthOf(node.shape, binding.sizes);
    const work = reachable([node]).reduce((sum, part) => sum + workOf(binding, part), 0);
    return entries <= mostEntries && work >= Math.max(leastWork, leastWorkPerEntry * entries);
  });
}

/** Operations of one node, roughly. */
function workOf({ sizes }: Binding, node: Node): number {
  switch (node.kind) {
    case "map":
      return functionWork * lengthOf(node.shape, sizes);
    case "einsum":
      return lengthOf(node.sizes, sizes);
    case "solve":
    case "logdet":
    case "cholesky": {
      const order = lengthOf(operandsOf(node)[0]?.shape.slice(-1) ?? [], sizes);
      return order * (lengthOf(node.shape, sizes) + order * order);
    }
    default:
      return lengthOf(node.shape, sizes);
  }
}
