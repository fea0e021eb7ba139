/**
 * Families of parametric maps: the tensors that are their weights, where these start, and the map's value at a point. A layer is
 * x W + b, then the normalisation of what it gives, then the activation; the last layer goes through the head instead. Spectral
 * normalisation is of every W.
 */
import type { UnaryFunction } from "../check/builtins.ts";
import { isClosedForm } from "../check/families.ts";
import { type FamilySettings, settingsOf } from "../check/family-settings.ts";
import { type Convolution, convolutionsOf } from "../check/images.ts";
import type { Family, Generator } from "../check/model.ts";
import type { MapType } from "../check/types.ts";
import { add, constant, einsum, type Graph, map, multiply, reshape, sizeNode } from "../ir/graph.ts";
import type { Node } from "../ir/node.ts";
import { addSizes, oneSize, type Size, sizeOf } from "../ir/size.ts";
import { type Batched, elementwise, ownShape, product } from "./batched.ts";
import { entriesAfter, pooled, seenIn, windowCount, windowEntries } from "./convolution.ts";
import { lowerNormalisation, lowerUnary } from "./functions.ts";
import { atUnitNorm, standardised } from "./normalise.ts";
import { lowerStructured } from "./structured.ts";

/** One array of a map's weights: `W1`. */
export interface WeightTensor {
  readonly name: string;
  readonly shape: readonly Size[];
  /** `draw` gives an array of the tensor's shape that a seeded generator fills. */
  readonly start: (g: Graph, draw: (generator: Generator) => Node) => Node;
}

/** Whether the map is linear in its weights, so that its functions form a linear space. */
export function isLinearFamily(family: Family): boolean {
  const { channels, hidden, head } = settingsOf(family);
  return channels.length + hidden.length === 0 && head === "linear";
}

/** Where the last layer is in closed form: how many of the last tensors are its own, and the ridge penalty on them. */
export function closedFormOf(family: Family): { readonly tensors: number; readonly ridge: number } | undefined {
  const { bias, ridge } = settingsOf(family);
  return isClosedForm(family) ? { tensors: bias ? 2 : 1, ridge } : undefined;
}

// ---------------------------------------------------------------------------------------------------------- weights

const entriesOf = ({ shape }: { readonly shape: readonly Size[] }): Size => shape[0] ?? oneSize;

/** A layer from `from` numbers to an array of shape `to`: one axis, or none for a number. A convolution is one at every window. */
interface Layer {
  readonly from: Size;
  readonly to: readonly Size[];
  readonly isLast: boolean;
  readonly convolution?: Convolution;
}

function layersOf(type: MapType, settings: FamilySettings): readonly Layer[] {
  const convolutions = convolutionsOf(settings);
  const last = convolutions.at(-1);
  const first = last === undefined ? type.from.map(entriesOf).reduce(addSizes) : sizeOf(entriesAfter(last));
  const widths = [first, ...settings.hidden.map(sizeOf)];
  return [
    ...convolutions.map((convolution): Layer => {
      const from = sizeOf(windowEntries(convolution.windows));
      return { from, to: [sizeOf(convolution.to.channels)], isLast: false, convolution };
    }),
    ...widths.map((from, k): Layer => {
      const next = widths[k + 1];
      return next === undefined ? { from, to: type.to.shape, isLast: true } : { from, to: [next], isLast: false };
    }),
  ];
}

/** The tensors in order; `applyFamily` takes them so. */
export function weightsOf(type: MapType, family: Family): readonly WeightTensor[] {
  const settings = settingsOf(family);
  return layersOf(type, settings).flatMap((layer, k) => {
    const filled = (letter: string, value: number): WeightTensor => ({
      name: `${letter}${k + 1}`,
      shape: layer.to,
      start: (g) => constant(g, value, layer.to),
    });
    const matrix: WeightTensor = {
      name: `W${k + 1}`,
      shape: [layer.from, ...layer.to],
      start: (g, draw) => drawn(g, settings, layer, k, draw),
    };
    const normed = settings.norm === "layer" && !layer.isLast;
    return [
      matrix,
      ...(settings.bias ? [filled("b", 0)] : []),
      ...(normed ? [filled("gain", 1), filled("shift", 0)] : []),
    ];
  });
}

/** Seeds of layers lie between whole numbers, so that no layer of one seed is a layer of another. */
const seedStride = 1 / 64;

function drawn(
  g: Graph,
  settings: FamilySettings,
  layer: Layer,
  k: number,
  draw: (generator: Generator) => Node,
): Node {
  const shape = [layer.from, ...layer.to];
  const seed = settings.seed + k * seedStride;
  const [fanIn, fanOut] = [sizeNode(g, layer.from), sizeNode(g, layer.to[0] ?? oneSize)];
  const normal = (deviation: Node): Node => multiply(g, spreadTo(g, deviation, shape), draw({ kind: "normal", seed }));
  const inverseRoot = (numerator: number, of: Node): Node =>
    multiply(g, constant(g, Math.sqrt(numerator)), map(g, "power", of, constant(g, -0.5)));
  switch (settings.init) {
    case "zeros":
      return constant(g, 0, shape);
    /** N(0, 2 / in): He et al. 2015 */
    case "he":
      return normal(inverseRoot(2, fanIn));
    /** N(0, 1 / in): LeCun et al. 1998 */
    case "lecun":
      return normal(inverseRoot(1, fanIn));
    case "normal":
      return normal(constant(g, 1));
    case "orthogonal":
      return draw({ kind: "orthogonal", seed });
    /** uniform on ±√(6 / (in + out)): Glorot and Bengio 2010 */
    default: {
      const bound = inverseRoot(6, add(g, [1, 1], [fanIn, fanOut]));
      return multiply(g, spreadTo(g, bound, shape), draw({ kind: "uniform", low: -1, high: 1, seed }));
    }
  }
}

function spreadTo(g: Graph, scalar: Node, shape: readonly Size[]): Node {
  const axes = shape.map((_, axis) => axis);
  return einsum(g, [scalar], [[]], axes, new Map(axes.map((axis) => [axis, shape[axis] as Size])));
}

// ------------------------------------------------------------------------------------------------------------ value

/** The map at points with the given leading axes beyond the declared ones, for weights as `weightsOf` lists them. */
export function applyFamily(
  g: Graph,
  type: MapType,
  family: Family,
  weights: readonly Batched[],
  points: readonly Batched[],
  leading: readonly Size[],
): Batched {
  const settings = settingsOf(family);
  const rest = [...weights];
  const take = (): Batched => rest.shift() as Batched;
  return layersOf(type, settings).reduce(
    (before, layer) => {
      const { convolution } = layer;
      const x = convolution === undefined ? before : onOwn(before, (node) => seenIn(g, node, convolution.windows));
      const shape = [
        ...leading,
        ...(convolution === undefined ? [] : [sizeOf(windowCount(convolution.windows))]),
        ...layer.to,
      ];
      const matrix = settings.norm === "spectral" ? atUnitNorm(g, take()) : take();
      const linear = lowerStructured.matmul(g, [x, matrix], shape, 0);
      const moved = settings.bias ? sum(g, [linear, take()], shape) : linear;
      if (layer.isLast) return onOwn(moved, (node) => headed(g, settings.head, node));
      const normed =
        settings.norm === "layer"
          ? sum(g, [product(g, [standardised(g, moved), take()], shape), take()], shape)
          : moved;
      const given = onOwn(normed, (node) => activated(g, settings.activation, node));
      return convolution === undefined ? given : onOwn(given, (node) => pooled(g, node, convolution));
    },
    joined(g, type, points, leading),
  );
}

const onOwn = (value: Batched, build: (node: Node) => Node): Batched => ({
  node: build(value.node),
  batch: value.batch,
});

const sum = (g: Graph, values: readonly Batched[], shape: readonly Size[]): Batched =>
  elementwise(g, values, shape, (...nodes) =>
    add(
      g,
      nodes.map(() => 1),
      nodes,
    ),
  );

/** All arguments as one vector, under the leading axes. */
function joined(g: Graph, type: MapType, points: readonly Batched[], leading: readonly Size[]): Batched {
  const columns = points.map((point, k) => {
    const isScalar = type.from[k]?.shape.length === 0;
    return isScalar ? onOwn(point, (node) => reshape(g, node, [...node.shape, oneSize])) : point;
  });
  const [only] = columns;
  if (columns.length === 1 && only !== undefined) return only;
  const spread = columns.map((column) => product(g, [column], [...leading, ownShape(column).at(-1) as Size]));
  const total = type.from.map(entriesOf).reduce(addSizes);
  return lowerStructured.concat(g, spread, [...leading, total], leading.length);
}

const activated = (g: Graph, name: string, x: Node): Node =>
  name === "relu" ? map(g, "relu", x) : lowerUnary[name as UnaryFunction](g, x);

function headed(g: Graph, name: string, x: Node): Node {
  if (name === "linear" || name === "closed_form") return x;
  return name === "softmax" ? lowerNormalisation.softmax(g, x, x.shape.length - 1) : activated(g, name, x);
}
