/**
 * What kernels read that stays as it is between many of their runs. While a lower level is solved: kernel matrices, features of a network
 * at the upper level. While a linear system with its curvature is: the predictions at the solution. The maximal sub-expressions of what
 * does not change that are costly become inputs, evaluated once.
 */
import { type Graph, input } from "../../compiler/ir/graph.ts";
import { type Input, type Node, operandsOf, reachable } from "../../compiler/ir/node.ts";
import { substitute } from "../../compiler/ir/substitute.ts";
import type { RepresentedFacts } from "../../compiler/plan/facts.ts";
import type { BlockPlan, Plan } from "../../compiler/plan/plan.ts";
import { addSlot, type Binding, kernelOfChanges, lengthOf } from "../bind.ts";

/** Operations below which a kernel may as well do them again. */
const leastWork = 2 ** 18;
/** Operations an entry, below which reading the entry back is no faster. */
const leastWorkPerEntry = 8;
/** Operations a number that is read and may change, below which it is no faster to see whether it has. */
const leastWorkPerCompared = 64;
/** Of a function of one number, in operations. */
const functionWork = 10;

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
  { blocks: plans, stochastic, method }: Plan,
  variables: readonly Input[],
): Hoisted {
  // These move the upper variables without solving anything in between.
  if (stochastic !== undefined || method === "kkt") return { plans, refresh: () => {} };
  const fixed = new Set<Node>([...binding.constants.keys(), ...variables]);
  const found = plans.filter(isPlain).flatMap((plan) => costly(binding, rootsOf(plan), (input) => fixed.has(input)));
  const { stands, refresh } = keep(binding, g, "invariants of the lower level", found);
  return { plans: plans.map((plan) => (isPlain(plan) ? rewritten(g, plan, stands) : plan)), refresh };
}

/** Outputs that are evaluated again and again while nothing but `varying` changes. */
export function hoistFromProduct(
  binding: Binding,
  g: Graph,
  outputs: readonly Node[],
  varying: readonly Input[],
): { readonly outputs: readonly Node[]; readonly refresh: () => void } {
  const found = costly(binding, outputs, (input) => !varying.includes(input)).filter((node) => {
    const read = reachable([node]).filter((part) => part.kind === "input" && !binding.constants.has(part));
    const entries = read.reduce((sum, { shape }) => sum + lengthOf(shape, binding.sizes), 0);
    return entries > 0 && workUpTo(binding, node) >= leastWorkPerCompared * entries;
  });
  const { stands, refresh } = keep(binding, g, "what the curvature reads", found);
  return { outputs: substitute(g, outputs, stands), refresh };
}

/** An input for each node, which `refresh` brings up to date. */
function keep(
  binding: Binding,
  g: Graph,
  name: string,
  nodes: readonly Node[],
): { readonly stands: ReadonlyMap<Node, Node>; readonly refresh: () => void } {
  // An input is kept by one refresh alone: another's would write over it unseen.
  const owner = binding.slots.size;
  const stands = new Map(
    [...new Set(nodes)].map((node) => [node, input(g, `invariant ${node.id} of ${owner}`, "step", node.shape)]),
  );
  if (stands.size === 0) return { stands, refresh: () => {} };
  const slots = [...stands.values()].map((own) => addSlot(binding, own));
  return { stands, refresh: kernelOfChanges(binding, name, [...stands.keys()], slots) };
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
  const { block, form, represented } = facts;
  const all = (nodes: readonly Node[]): readonly Node[] => substitute(g, nodes, stands);
  const one = (node: Node): Node => all([node])[0] as Node;
  return {
    ...plan,
    facts: {
      ...facts,
      form: { ...form, matrix: one(form.matrix) },
      ...(represented && { represented: { ...represented, ...inSymmetricForm(represented, one) } }),
      block: {
        ...block,
        ...(block.minimand && { minimand: one(block.minimand) }),
        condition: all(block.condition),
        curvature: block.curvature.map(all),
        product: all(block.product),
        transposedProduct: all(block.transposedProduct),
      },
    },
  };
}

function inSymmetricForm(
  { symmetric }: RepresentedFacts,
  one: (node: Node) => Node,
): Pick<RepresentedFacts, "symmetric"> {
  if (symmetric === undefined) return {};
  const { representer, root, penalty, matrix } = symmetric;
  return {
    symmetric: {
      representer: { ...representer, gram: one(representer.gram) },
      root: one(root),
      penalty: one(penalty),
      matrix: one(matrix),
    },
  };
}

/** The largest sub-expressions that read nothing but fixed inputs, where keeping them pays. */
function costly(binding: Binding, roots: readonly Node[], isFixed: (input: Input) => boolean): readonly Node[] {
  const nodes = reachable(roots);
  const still = new Set<Node>();
  for (const node of nodes)
    if (node.kind === "input" ? isFixed(node) : operandsOf(node).every((operand) => still.has(operand)))
      still.add(node);
  const edges = nodes.flatMap((node) => (still.has(node) ? [] : operandsOf(node))).filter((node) => still.has(node));
  return [...new Set(edges)].filter((node) => {
    if (node.kind === "input") return false;
    const entries = lengthOf(node.shape, binding.sizes);
    const isHeld = binding.arrays === undefined || entries <= binding.arrays.largest;
    return isHeld && workUpTo(binding, node) >= Math.max(leastWork, leastWorkPerEntry * entries);
  });
}

/** Operations of the node and all below it. */
function workUpTo(binding: Binding, node: Node): number {
  return reachable([node]).reduce((sum, part) => sum + workOf(binding, part), 0);
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
