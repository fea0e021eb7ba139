/**
 * A program in stages, so that no array beyond a limit is ever held: what sums a large array into a small one, as K α does that of a kernel
 * matrix K, is evaluated over blocks of rows. Each block computes its own rows of the large array, from small ones.
 */
import { constant, einsum, type Graph, gather, input, permute, reduce, reshape, solve } from "../ir/graph.ts";
import { type Einsum, type Input, type Node, operandsOf, type Reduce, reachable } from "../ir/node.ts";
import { oneSize, type Size } from "../ir/size.ts";
import { substitute, withOperands } from "../ir/substitute.ts";

/** A small node that is evaluated over blocks of rows of the large arrays it sums. */
export interface Stage {
  /** Its numbers, the rows along the first axis where blocks lie beside each other. */
  readonly result: Input;
  /** The node, in terms of the result. */
  readonly value: Node;
  /** Small nodes that every block reads, with what stands for them. */
  readonly reads: ReadonlyMap<Node, Input>;
  /** The large arrays, all of which have these rows. */
  readonly large: readonly Node[];
  readonly rows: Size;
  /** Whether blocks lie beside each other or are added up. */
  readonly into: "rows" | "sum";
  /** The part of the result from the rows whose numbers stand in the index. */
  readonly block: (index: Input) => Node;
}

type IsLarge = (node: Node) => boolean;

/** The stages in order, and the outputs in terms of their results. `name` keeps the stages of programs apart. */
export function inStages(
  g: Graph,
  name: string,
  outputs: readonly Node[],
  isLarge: IsLarge,
): { readonly stages: readonly Stage[]; readonly outputs: readonly Node[] } {
  const stages: Stage[] = [];
  const whole = new Set<Node>();
  let roots = outputs;
  for (;;) {
    const next = reachable(roots).find(
      (node) => !isLarge(node) && !whole.has(node) && operandsOf(node).some((operand) => isLarge(operand)),
    );
    if (next === undefined) return { stages, outputs: roots };
    const stage = stageOf(g, `${name}, stage ${stages.length + 1}`, next, isLarge);
    // What cannot be taken apart is left to the memory that there is.
    if (stage === undefined) whole.add(next);
    else {
      stages.push(stage);
      roots = substitute(g, roots, new Map([[next, stage.value]]));
    }
  }
}

function stageOf(g: Graph, name: string, node: Node, isLarge: IsLarge): Stage | undefined {
  const taken = node.kind === "einsum" ? apart(g, node, isLarge) : node.kind === "reduce" ? along(g, node) : undefined;
  if (taken === undefined) return undefined;
  const reads = new Map<Node, Input>();
  const stand = (small: Node): Node => {
    if (small.kind === "input" || operandsOf(small).length === 0) return small;
    const own = reads.get(small) ?? input(g, `${name}, operand ${reads.size + 1}`, "step", small.shape);
    reads.set(small, own);
    return own;
  };
  const { rows, axis, part } = taken;
  const order = axis === undefined ? [] : [axis, ...node.shape.keys()].filter((own, at) => at === 0 || own !== axis);
  const moved = (whole: Node): Node => (axis === undefined ? whole : permute(g, whole, order));
  const block = (index: Input): Node => moved(part(slicer(g, index, isLarge, stand), index.shape[0] as Size));
  // Building one block tells which small nodes are read.
  const { shape } = block(input(g, `${name}, probe`, "step", [oneSize]));
  const full = axis === undefined ? shape : [rows, ...shape.slice(1)];
  const result = input(g, name, "step", full);
  const back = order.map((_, own) => order.indexOf(own));
  return {
    result,
    value: axis === undefined ? result : permute(g, result, back),
    reads,
    large: reachable([node]).filter(isLarge),
    rows,
    into: axis === undefined ? "sum" : "rows",
    block,
  };
}

/** How a node is made of slices along an axis of large operands, which is one of its own or summed. */
interface Apart {
  readonly rows: Size;
  readonly axis: number | undefined;
  readonly part: (slice: Slice, count: Size) => Node;
}

/** Along a label that all large operands have: one of the output, if there is one, so that blocks lie beside each other. */
function apart(g: Graph, node: Einsum, isLarge: IsLarge): Apart | undefined {
  const { operands, labels, output, sizes } = node;
  const shared = [...sizes.keys()].filter((label) =>
    operands.every((operand, k) => {
      const times = labels[k]?.filter((own) => own === label).length ?? 0;
      return isLarge(operand) ? times === 1 : times <= 1;
    }),
  );
  const label = shared.find((own) => output.includes(own)) ?? shared[0];
  if (label === undefined) return undefined;
  const axis = output.indexOf(label);
  return {
    rows: sizes[label] as Size,
    axis: axis < 0 ? undefined : axis,
    part: (slice, count) => sliced(g, node, label, slice, count),
  };
}

/** An einsum over some entries of a label. */
function sliced(g: Graph, { operands, labels, output, sizes }: Einsum, label: number, slice: Slice, count: Size): Node {
  const parts = operands.map((operand, k) => {
    const axis = labels[k]?.indexOf(label) ?? -1;
    return slice(operand, axis < 0 ? undefined : axis);
  });
  return einsum(g, parts, labels, output, new Map(sizes.map((size, own) => [own, own === label ? count : size])));
}

/** A reduction along the first axis that it keeps. */
function along(g: Graph, { operand, axis, fn }: Reduce): Apart | undefined {
  if (operand.shape.length < 2) return undefined;
  const kept = axis === 0 ? 1 : 0;
  return {
    rows: operand.shape[kept] as Size,
    axis: 0,
    part: (slice) => reduce(g, fn, slice(operand, kept), axis),
  };
}

type Slice = (node: Node, axis?: number) => Node;

/** The rows of a node along an axis: large nodes by the same rows of what they are made of, small ones by picking rows. */
function slicer(g: Graph, index: Input, isLarge: IsLarge, stand: (small: Node) => Node): Slice {
  const count = index.shape[0] as Size;
  const known = new Map<string, Node>();
  const slice: Slice = (node, axis) => {
    if (axis === undefined) return isLarge(node) ? node : stand(node);
    const key = `${node.id} ${axis}`;
    const made = known.get(key) ?? build(node, axis);
    known.set(key, made);
    return made;
  };
  const build = (node: Node, axis: number): Node => {
    const shape = node.shape.map((size, own) => (own === axis ? count : size));
    if (node.kind === "constant") return constant(g, node.value, shape);
    if (!isLarge(node)) return gather(g, stand(node), index, axis);
    switch (node.kind) {
      case "map":
      case "add":
        return withOperands(
          g,
          node,
          node.operands.map((operand) => slice(operand, axis)),
        );
      case "einsum": {
        const label = node.output[axis] as number;
        const isTwice = node.labels.some((own) => own.filter((other) => other === label).length > 1);
        return isTwice ? gather(g, node, index, axis) : sliced(g, node, label, slice, count);
      }
      case "reduce":
        return reduce(g, node.fn, slice(node.operand, axis < node.axis ? axis : axis + 1), node.axis);
      case "reshape": {
        const from = sameAxis(node.operand.shape, node.shape, axis);
        return from === undefined ? gather(g, node, index, axis) : reshape(g, slice(node.operand, from), shape);
      }
      case "solve":
        return axis === node.shape.length - 1
          ? solve(g, slice(node.matrix), slice(node.rhs, axis))
          : gather(g, node, index, axis);
      default:
        return gather(g, node, index, axis);
    }
  };
  return slice;
}

/** The axis of the operand that an axis of its reshaped form is, where they differ in axes of length 1 alone. */
function sameAxis(from: readonly Size[], to: readonly Size[], axis: number): number | undefined {
  const longer = (shape: readonly Size[]): readonly number[] =>
    shape.flatMap((size, own) => (size.key === oneSize.key ? [] : [own]));
  const [before, after] = [longer(from), longer(to)];
  const isSame =
    before.length === after.length && before.every((own, k) => from[own]?.key === to[after[k] as number]?.key);
  return isSame ? before[after.indexOf(axis)] : undefined;
}
