/**
 * Random well-typed expressions over named and numeric sizes, every node kind included, with inputs chosen so that every function is
 * well inside its domain and away from its kinks: what a property test of derivatives or rewriting quantifies over.
 */
import fc from "fast-check";
import type { Graph } from "../../compiler/ir/graph.ts";
import * as G from "../../compiler/ir/graph.ts";
import type { Input, Node } from "../../compiler/ir/node.ts";
import { print } from "../../compiler/ir/print.ts";
import {
  evaluateSize,
  namedSize,
  productOfSizes,
  type Size,
  type SizeBindings,
  sizeOf,
} from "../../compiler/ir/size.ts";
import { indices, interpret, type Tensor, volume } from "./interpret.ts";

export interface Expression {
  readonly graph: Graph;
  readonly root: Node;
  readonly inputs: readonly Input[];
  readonly values: ReadonlyMap<string, Tensor>;
  readonly sizes: SizeBindings;
  /** How fast-check shows a counterexample. */
  readonly [fc.toStringMethod]: () => string;
}

const LARGEST = 6;
const MARGIN = 0.3;

const sizeNames = ["n", "m"] as const;

/** Reads choices from a finite list, which is what fast-check shrinks. */
type Choose = (below: number) => number;

/** A node made of some of the pool, or nothing where the pool does not allow it. */
type Maker = (world: World) => Node | undefined;

interface World {
  readonly g: Graph;
  readonly choose: Choose;
  readonly pool: readonly Node[];
  readonly pick: () => Node;
  readonly like: (node: Node) => Node;
  readonly size: () => Size;
  readonly bound: (size: Size) => number;
  readonly value: (node: Node) => Float64Array;
}

const all = (values: Float64Array, holds: (x: number) => boolean): boolean => values.every(holds);

/** A function of one operand whose values satisfy a condition. */
const unary =
  (holds: (x: number) => boolean, build: (g: Graph, x: Node) => Node): Maker =>
  ({ g, pick, value }) => {
    const x = pick();
    return all(value(x), holds) ? build(g, x) : undefined;
  };

const positive = (x: number): boolean => x > MARGIN;
const away = (x: number): boolean => Math.abs(x) > MARGIN;

const apart = (world: World, a: Node, b: Node): boolean => {
  const other = world.value(b);
  return world.value(a).every((x, i) => away(x - (other[i] as number)));
};

/** A symmetric positive definite matrix made of a node with two last axes of one size. */
function definite({ g, pool, choose }: World): Node | undefined {
  const square = pool.filter((x) => x.shape.length >= 2 && x.shape.at(-1)?.key === x.shape.at(-2)?.key);
  const x = square[choose(Math.max(1, square.length))];
  if (x === undefined) return undefined;
  const batch = x.shape.slice(0, -2).map((_, axis) => axis);
  const product = G.einsum(
    g,
    [x, x],
    [
      [...batch, 7, 9],
      [...batch, 8, 9],
    ],
    [...batch, 7, 8],
  );
  const unit = G.broadcastLeading(g, G.delta(g, x.shape.at(-1) as Size), x.shape.slice(0, -2));
  return G.add(g, [0.3, 1.5], [product, unit]);
}

const indexVector = ({ g, choose }: World, bound: number): Node => {
  const length = 1 + choose(3);
  return G.literal(
    g,
    Float64Array.from({ length }, () => choose(bound)),
    [sizeOf(length)],
  );
};

const smoothUnary = ["sin", "cos", "tanh", "sigmoid", "softplus", "erf", "logcosh", "expm1", "exp"] as const;

const makers: readonly Maker[] = [
  // Elementwise.
  ({ g, choose, pick }) => G.map(g, smoothUnary[choose(smoothUnary.length)] as (typeof smoothUnary)[number], pick()),
  unary(positive, (g, x) => G.map(g, "log", x)),
  unary(
    (x) => x > MARGIN - 1,
    (g, x) => G.map(g, "log1p", x),
  ),
  unary(positive, (g, x) => G.map(g, "sqrt", x)),
  unary(
    (x) => Math.abs(x) < 1,
    (g, x) => G.map(g, "tan", x),
  ),
  unary(away, (g, x) => G.map(g, "abs", x)),
  unary(away, (g, x) => G.map(g, "sign", x)),
  ({ g, choose, pick, value }) => {
    const [x, p] = [pick(), [-1, 2, 0.5, 3, -2, 1.5, 0, 1][choose(8)] as number];
    return p > 0 && Number.isInteger(p)
      ? G.map(g, "power", x, G.constant(g, p, x.shape))
      : all(value(x), positive)
        ? G.map(g, "power", x, G.constant(g, p, x.shape))
        : undefined;
  },
  ({ g, pick, like, value }) => {
    const x = pick();
    return all(value(x), positive) ? G.map(g, "power", x, like(x)) : undefined;
  },
  (world) => {
    const a = world.pick();
    const b = world.like(a);
    if (!apart(world, a, b)) return undefined;
    const less = G.map(world.g, "less", a, b);
    const makes = [
      () => G.map(world.g, "maximum", a, b),
      () => G.map(world.g, "minimum", a, b),
      () => G.map(world.g, "select", less, a, b),
      () =>
        G.map(
          world.g,
          "select",
          G.map(world.g, "and", G.map(world.g, "not", less), G.map(world.g, "less_equal", b, a)),
          a,
          b,
        ),
      () => G.map(world.g, "select", G.map(world.g, "or", G.map(world.g, "equal", a, b), less), b, a),
    ];
    return makes[world.choose(makes.length)]?.();
  },
  // Sums.
  ({ g, choose, pick, like }) => {
    const x = pick();
    const terms = [x, ...Array.from({ length: choose(3) }, () => like(x))];
    return G.add(
      g,
      terms.map(() => [1, -1, 0.5, 2, -0.5][choose(5)] as number),
      terms,
    );
  },
  // Products, three times as often.
  randomEinsum,
  randomEinsum,
  randomEinsum,
  // Quotients and other compositions that rewriting looks for.
  ({ g, choose, pick, value }) => {
    const x = pick();
    const one = G.constant(g, 1, x.shape);
    const e = G.map(g, "exp", choose(2) === 0 ? x : G.scale(g, -1, x));
    const inverse = (s: Node) => G.map(g, "power", s, G.constant(g, -1, s.shape));
    const normaliser =
      x.shape.length === 0
        ? e
        : G.einsum(
            g,
            [G.einsum(g, [e], [range(x)], range(x).slice(1))],
            [range(x).slice(1)],
            range(x),
            new Map([[0, x.shape[0] as Size]]),
          );
    const makes = [
      () => G.map(g, "log", G.add(g, [1, 1], [one, e])),
      () => inverse(G.add(g, [1, 2], [e, one])),
      () => G.multiply(g, e, inverse(G.add(g, [1, 1], [e, one]))),
      () => G.multiply(g, e, inverse(normaliser)),
      () => G.map(g, "log", G.multiply(g, e, inverse(normaliser))),
      () => G.map(g, "log", normaliser),
      () => G.map(g, "log", G.add(g, [1, -1], [one, G.map(g, "sigmoid", x)])),
      () => G.map(g, "log", G.map(g, "sigmoid", x)),
      () => G.add(g, [2, -2], [e, one]),
      () => G.map(g, "log", e),
      () => (all(value(x), positive) ? G.map(g, "exp", G.scale(g, 3, G.map(g, "log", x))) : undefined),
      () => (all(value(x), positive) ? G.multiply(g, G.map(g, "sqrt", x), G.map(g, "sqrt", x)) : undefined),
      () => G.map(g, "log", G.add(g, [1, 1], [e, G.map(g, "exp", G.map(g, "sin", x))])),
    ];
    return makes[choose(makes.length)]?.();
  },
  // Reductions, away from ties.
  ({ g, choose, pick, value, bound }) => {
    const x = pick();
    if (x.shape.length === 0) return undefined;
    const axis = choose(x.shape.length);
    const fn = (["logsumexp", "max", "min", "argmax"] as const)[choose(4)] ?? "max";
    const shape = x.shape.map(bound);
    const own = { shape, values: value(x) };
    const lines = [...indices(shape.toSpliced(axis, 1))].map((index) =>
      Array.from(
        { length: shape[axis] as number },
        (_, i) => own.values[flat(shape, index.toSpliced(axis, 0, i))] as number,
      ).sort((p, q) => p - q),
    );
    const clear = lines.every(
      (line) => line.length === 1 || line.every((entry, i) => i === 0 || away(entry - (line[i - 1] as number))),
    );
    return fn === "logsumexp" || clear ? G.reduce(g, fn, x, axis) : undefined;
  },
  // Indexing.
  (world) => {
    const x = world.pick();
    if (x.shape.length === 0) return undefined;
    const axis = world.choose(x.shape.length);
    return G.gather(world.g, x, indexVector(world, world.bound(x.shape[axis] as Size)), axis);
  },
  (world) => {
    const x = world.pick();
    if (x.shape.length === 0) return undefined;
    const axis = world.choose(x.shape.length);
    const target = world.size();
    const index = indexVector(world, world.bound(target));
    return G.scatter(
      world.g,
      G.gather(world.g, x, indexVectorOf(world, index, world.bound(x.shape[axis] as Size)), axis),
      index,
      axis,
      target,
    );
  },
  ({ g, choose, pick }) => {
    const x = pick();
    const shapes = [
      [productOfSizes(x.shape)],
      [sizeOf(1), ...x.shape],
      [...x.shape, sizeOf(1)],
      [x.shape.at(-1) ?? sizeOf(1), productOfSizes(x.shape.slice(0, -1))],
    ];
    return G.reshape(g, x, shapes[choose(shapes.length)] as Size[]);
  },
  // Linear algebra.
  (world) => {
    const matrix = definite(world);
    return matrix && G.logdet(world.g, matrix);
  },
  (world) => {
    const matrix = definite(world);
    return matrix && G.cholesky(world.g, matrix);
  },
  (world) => {
    const matrix = definite(world);
    if (matrix === undefined) return undefined;
    const fits = world.pool.filter((x) => {
      const lead = x.shape.slice(0, -2).map((s) => s.key);
      const batch = matrix.shape.slice(0, -2).map((s) => s.key);
      return (
        x.shape.length >= matrix.shape.length &&
        x.shape.at(-2)?.key === matrix.shape.at(-1)?.key &&
        lead.slice(lead.length - batch.length).join() === batch.join()
      );
    });
    const rhs = fits[world.choose(Math.max(1, fits.length))];
    return rhs && G.solve(world.g, matrix, rhs);
  },
];

const range = (x: Node): number[] => x.shape.map((_, axis) => axis);

const flat = (shape: readonly number[], index: readonly number[]): number =>
  shape.reduce((at, size, axis) => at * size + (index[axis] as number), 0);

function indexVectorOf({ g, choose }: World, like: Node, bound: number): Node {
  const length = evaluateSize(like.shape[0] as Size, new Map()) as number;
  return G.literal(
    g,
    Float64Array.from({ length }, () => choose(bound)),
    like.shape,
  );
}

/** Up to three operands, labels shared where sizes agree, a random output with now and then a new axis. */
function randomEinsum({ g, choose, pick, size }: World): Node {
  const operands = Array.from({ length: 1 + choose(3) }, pick);
  const sizes: Size[] = [];
  const labels = operands.map((operand) =>
    operand.shape.map((own) => {
      const same = sizes.flatMap((known, label) => (known.key === own.key ? [label] : []));
      const choice = choose(same.length + 1);
      return same[choice] ?? sizes.push(own) - 1;
    }),
  );
  const order = sizes.map((_, label) => label).sort((a, b) => choose(3) - 1 || a - b);
  const output = order.filter(() => choose(3) > 0).slice(0, 3);
  const broadcast = new Map<number, Size>();
  if (output.length < 3 && choose(4) === 0) {
    broadcast.set(sizes.length, size());
    output.splice(choose(output.length + 1), 0, sizes.length);
  }
  return G.einsum(g, operands, labels, output, broadcast);
}

/** Grows an expression from the choices; the inputs are small tensors of every rank. */
function grow(choices: readonly number[], bounds: readonly number[], numbers: readonly number[]): Expression {
  let next = 0;
  const choose: Choose = (below) => (next < choices.length ? (choices[next++] as number) % below : 0);
  const g = G.createGraph();
  const sizes = new Map(sizeNames.map((name, i) => [name as string, bounds[i] as number]));
  const bound = (size: Size): number => evaluateSize(size, sizes) as number;
  const [n, m, two] = [namedSize("n"), namedSize("m"), sizeOf(2)];
  const shapes = { a: [], b: [n], c: [n, m], d: [two, n, n], e: [m] } as Record<string, Size[]>;
  const inputs = Object.entries(shapes).map(([name, shape]) => G.input(g, name, "lower", shape));
  let drawn = 0;
  const values = new Map(
    inputs.map((own) => {
      const shape = own.shape.map(bound);
      return [
        own.name,
        {
          shape,
          values: Float64Array.from({ length: volume(shape) }, () => numbers[drawn++ % numbers.length] as number),
        },
      ];
    }),
  );
  const pool: Node[] = [
    ...inputs,
    G.constant(g, 0.7, [n]),
    G.sizeNode(g, n),
    G.iota(g, n),
    G.delta(g, n),
    G.literal(g, Float64Array.of(0.4, -1.2), [two]),
  ];
  const leaves = pool.length;
  const cache = new Map<Node, Float64Array>();
  const value = (node: Node): Float64Array => {
    const known = cache.get(node) ?? interpret(node, values, sizes).values;
    cache.set(node, known);
    return known;
  };
  // New nodes are preferred: half the picks are among the last three.
  const pick = (): Node => {
    const recent = pool.length > leaves && choose(2) === 0;
    return (recent ? pool.at(-1 - choose(Math.min(3, pool.length - leaves))) : pool[choose(pool.length)]) as Node;
  };
  const like = (node: Node): Node => {
    const same = pool.filter(
      (other) =>
        other.shape.length === node.shape.length && other.shape.every((size, i) => size.key === node.shape[i]?.key),
    );
    return same[choose(same.length)] as Node;
  };
  const size = (): Size => [n, m, two][choose(3)] as Size;
  const world: World = { g, choose, pool, pick, like, size, bound, value };
  for (let step = 0; step < 200 && next < choices.length; step++) {
    const node = makers[choose(makers.length)]?.(world);
    if (node === undefined || node.shape.length > 3 || volume(node.shape.map(bound)) > 64) continue;
    if (all(value(node), (x) => Math.abs(x) < LARGEST)) pool.push(node);
  }
  const root = pool.at(-1) as Node;
  const shown = () =>
    `${print(root)} at ${[...values].map(([name, own]) => `${name} = [${own.values}]`).join(", ")}, n = ${bounds[0]}, m = ${bounds[1]}`;
  return { graph: g, root, inputs, values, sizes, [fc.toStringMethod]: shown };
}

/** Expressions of up to some ten operations; inputs within ±1.5. */
export const expressions: fc.Arbitrary<Expression> = fc
  .tuple(
    fc.array(fc.nat(1000), { minLength: 8, maxLength: 70 }),
    fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 })),
    fc.array(
      fc.integer({ min: -150, max: 150 }).map((x) => x / 100),
      { minLength: 7, maxLength: 29 },
    ),
  )
  .map(([choices, bounds, numbers]) => grow(choices, bounds, numbers));
