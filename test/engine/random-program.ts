/** Random tensor programs over every node kind, read from a tape of numbers so that a failing one shrinks. */
import * as build from "../../compiler/ir/graph.ts";
import type { Input, MapFunction, Node, ReduceFunction } from "../../compiler/ir/node.ts";
import { evaluateSize, namedSize, type Size, sizeOf } from "../../compiler/ir/size.ts";

export interface RandomProgram {
  readonly inputs: readonly Input[];
  readonly nodes: readonly Node[];
}

const names = ["a", "b", "c", "d"] as const;
/** Total on all of ℝ and tame, so that results stay comparable. */
const unary: readonly MapFunction[] = [
  "tanh",
  "sigmoid",
  "sin",
  "cos",
  "softplus",
  "erf",
  "abs",
  "sign",
  "stop",
  "not",
  "logcosh",
  "huber",
  "relu",
];
const binary: readonly MapFunction[] = ["maximum", "minimum", "equal", "less", "less_equal", "and", "or"];

export function randomProgram(tape: readonly number[], bindings: ReadonlyMap<string, number>): RandomProgram {
  const g = build.createGraph();
  let at = 0;
  const next = (below: number): number => (tape[at++ % tape.length] as number) % below;
  const size = (s: Size): number => evaluateSize(s, bindings) as number;
  const sizes = [...names.map(namedSize), sizeOf(1)];
  const inputs = Array.from({ length: 4 }, (_, i) => {
    const shape = Array.from({ length: i === 0 ? 2 : next(4) }, () => sizes[next(sizes.length)] as Size);
    return build.input(g, `x${i}`, "data", shape);
  });
  const pool: Node[] = [
    ...inputs,
    build.constant(g, 0.5),
    build.iota(g, sizes[0] as Size),
    build.delta(g, sizes[1] as Size),
    build.sizeNode(g, sizes[2] as Size),
  ];
  const pick = (): Node => pool[next(pool.length)] as Node;
  const entries = (node: Node): number => node.shape.reduce((n, s) => n * size(s), 1);
  /** A node stretched to the shape of another: labels by matching sizes, the rest summed or broadcast. */
  const stretch = (node: Node, shape: readonly Size[]): Node => {
    const free = shape.map((s, label) => ({ key: s.key, label }));
    const labels = node.shape.map((s, axis) => {
      const i = free.findIndex((f) => f.key === s.key);
      return i < 0 ? 100 + axis : (free.splice(i, 1)[0] as { label: number }).label;
    });
    return build.einsum(
      g,
      [node],
      [labels],
      shape.map((_, l) => l),
      new Map(shape.map((s, l) => [l, s])),
    );
  };
  const einsum = (): Node => {
    const operands = Array.from({ length: 1 + next(4) }, pick);
    const labelSizes: Size[] = [];
    const labels = operands.map((operand) =>
      operand.shape.map((s) => {
        const known = labelSizes.flatMap((other, l) => (other.key === s.key ? [l] : []));
        if (known.length > 0 && next(3) > 0) return known[next(known.length)] as number;
        return labelSizes.push(s) - 1;
      }),
    );
    const output = [...new Set(labels.flat())].filter(() => next(2) === 0).slice(0, 3);
    if (next(2) === 0) output.reverse();
    return build.einsum(g, operands, labels, output);
  };
  const index = (along: Size, length: Size): Node => {
    const raw = build.einsum(g, [build.iota(g, along), build.constant(g, 1)], [[0], []], [0]);
    const last = build.constant(g, Math.max(0, size(length) - 1), [along]);
    return build.map(g, "minimum", raw, last);
  };
  const square = (): Node => {
    const m = pick();
    const s = m.shape.at(-1) ?? (sizes[0] as Size);
    const sym = stretch(m, [s, s]);
    const bounded = build.map(g, "tanh", sym);
    const gram = build.einsum(
      g,
      [bounded, bounded],
      [
        [0, 2],
        [1, 2],
      ],
      [0, 1],
    );
    return build.add(g, [1, 1], [gram, build.delta(g, s)]);
  };
  const grow = (): Node => {
    const x = pick();
    const axis = x.shape.length === 0 ? -1 : next(x.shape.length);
    switch (next(12)) {
      case 0:
        return build.map(g, unary[next(unary.length)] as MapFunction, x);
      case 1:
        return build.map(g, binary[next(binary.length)] as MapFunction, x, stretch(pick(), x.shape));
      case 2:
        return build.map(g, "select", stretch(pick(), x.shape), x, stretch(pick(), x.shape));
      case 3: {
        const terms = 1 + next(3);
        return build.add(g, [0.5, -1, 2].slice(0, terms), [x, stretch(pick(), x.shape), x].slice(0, terms));
      }
      case 4:
      case 5:
      case 6:
        return einsum();
      case 7:
        return axis < 0 || size(x.shape[axis] as Size) === 0
          ? x
          : build.reduce(
              g,
              (["max", "min", "argmax", "logsumexp"] as ReduceFunction[])[next(4)] as ReduceFunction,
              x,
              axis,
            );
      case 8: {
        const along = sizes[next(sizes.length)] as Size;
        return axis < 0 || size(x.shape[axis] as Size) === 0
          ? x
          : build.gather(g, x, index(along, x.shape[axis] as Size), axis);
      }
      case 9: {
        const to = sizes[next(sizes.length)] as Size;
        if (axis < 0 || (size(to) === 0 && entries(x) > 0)) return x;
        return build.scatter(g, x, index(x.shape[axis] as Size, to), axis, to);
      }
      case 10:
        return build.reshape(
          g,
          x,
          [x.shape.slice(0, 1), x.shape.slice(1)]
            .flat()
            .reverse()
            .map((s) => sizeOf(size(s))),
        );
      default: {
        const m = square();
        const s = m.shape[0] as Size;
        const choice = next(3);
        return choice === 0
          ? build.cholesky(g, m)
          : choice === 1
            ? build.logdet(g, m)
            : build.solve(g, m, stretch(x, [s, sizes[0] as Size]));
      }
    }
  };
  for (let i = 0; i < 12; i += 1) {
    const node = grow();
    // Products of products grow quickly; squash what is about to leave the comparable range, and keep arrays small.
    if (node.shape.length <= 3 && entries(node) <= 4000)
      pool.push(node.kind === "einsum" ? build.map(g, "tanh", node) : node);
  }
  return { inputs, nodes: pool.slice(-6) };
}
