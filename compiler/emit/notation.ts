/**
 * Tensor expressions as formulas. Matrix notation is used where a node has at most two axes and its products are matrix products;
 * otherwise entries, with Σ over named indices. Axes of size 1 are not shown: such a node reads as the vector or number it holds.
 */
import {
  type Add,
  type Input,
  type MapFunction,
  type MapNode,
  type Node,
  type Reduce,
  type Reshape,
  reachable,
} from "../ir/node.ts";
import { addSizes, constantSize, namesIn, type Size, sizeOf } from "../ir/size.ts";
import { oneHot, repeated, softmaxOperand } from "./idioms.ts";
import {
  call,
  type Formula,
  identity,
  keyOf,
  type MathSymbol,
  number,
  ones,
  power,
  product,
  type RelationSign,
  relation,
  subscripted,
  symbol,
} from "./math.ts";
import { entryOfProduct, wholeProduct } from "./products.ts";
import { asNumber, assemble, one, plain, type Scaled, signed, sumOf } from "./scaled.ts";
import { createSymbols, indexFor, lateness, type Symbols, sizeFormula } from "./symbols.ts";

export interface Notation {
  readonly symbols: Symbols;
  readonly whole: Map<Node, Scaled | undefined>;
  /** How many axes the array has that a formula (by key) stands for. */
  readonly ranks: Map<string, number>;
  readonly lateness: (node: Node) => number;
}

/** The entry at these indices, one an axis; index letters in `used` are not free for Σ. */
export interface Place {
  readonly at: readonly Formula[];
  readonly used: ReadonlySet<string>;
}

/** A notation for everything that the roots read. */
export function createNotation(roots: readonly Node[]): Notation {
  const nodes = reachable(roots);
  const inputs = nodes.filter((node): node is Input => node.kind === "input");
  const sizes = new Set(nodes.flatMap((node) => node.shape.flatMap((size) => [...namesIn(size)])));
  const memo = new Map<Node, number>();
  const late = (node: Node): number => {
    const known = memo.get(node) ?? lateness(reachable([node]));
    memo.set(node, known);
    return known;
  };
  return { symbols: createSymbols(inputs, sizes), whole: new Map(), ranks: new Map(), lateness: late };
}

/** The axes that are shown. */
export function shownAxes(shape: readonly Size[]): readonly number[] {
  return shape.map((_, axis) => axis).filter((axis) => constantSize(shape[axis] as Size) !== 1);
}

export const rankOf = (node: Node): number => shownAxes(node.shape).length;

/** In matrix notation; `undefined` where there is none. */
export function whole(n: Notation, node: Node): Scaled | undefined {
  if (n.whole.has(node)) return n.whole.get(node);
  const converted = rankOf(node) > 2 && node.kind !== "input" ? undefined : convert(n, node, undefined);
  const scaled = converted !== undefined && isUniform(n, node) ? asNumber(converted) : converted;
  n.whole.set(node, scaled);
  if (scaled?.body !== undefined) n.ranks.set(keyOf(scaled.body), rankOf(node));
  return scaled;
}

/** A function or sum of arrays that hold one number everywhere does so too. */
function isUniform(n: Notation, node: Node): boolean {
  if (rankOf(node) === 0 || (node.kind !== "add" && node.kind !== "map")) return false;
  return node.operands.every((operand) => {
    const known = n.whole.get(operand);
    return known !== undefined && known.body === undefined;
  });
}

/** The entry at a place: always has a formula. */
export function entry(n: Notation, node: Node, place: Place): Scaled {
  const scaled = rankOf(node) === 0 ? whole(n, node) : convert(n, node, place);
  return scaled ?? plain(subscripted(array(n, node), shown(node, place)));
}

/** The whole array, in matrix notation or else by its entries. */
export function array(n: Notation, node: Node): Formula {
  const known = whole(n, node);
  if (known !== undefined) return assemble(known);
  const { indices, place } = freshPlace(n, node.shape);
  const body = assemble(entry(n, node, place));
  return { kind: "entries", indices, body };
}

/** Index letters for every shown axis; axes of size 1 are at 0. */
export function freshPlace(
  n: Notation,
  shape: readonly Size[],
): { readonly indices: readonly MathSymbol[]; readonly place: Place } {
  const used = new Set(n.symbols.taken);
  const indices: MathSymbol[] = [];
  const axes = shownAxes(shape);
  const at = shape.map((size, axis): Formula => {
    if (!axes.includes(axis)) return number(0);
    const index = indexFor(size, used);
    used.add(index.base);
    indices.push(index);
    return index;
  });
  return { indices, place: { at, used } };
}

const shown = (node: Node, place: Place): readonly Formula[] =>
  shownAxes(node.shape).map((axis) => place.at[axis] as Formula);

function convert(n: Notation, node: Node, place: Place | undefined): Scaled | undefined {
  const own = (operand: Node): Scaled | undefined =>
    place === undefined ? whole(n, operand) : entry(n, operand, place);
  switch (node.kind) {
    case "input":
      return plain(place === undefined ? n.symbols.of(node) : subscripted(n.symbols.of(node), shown(node, place)));
    case "constant":
      return { ...one, coefficient: node.value };
    case "literal":
      return plain(
        place === undefined
          ? literalFormula(node.values, node.shape)
          : subscripted(literalFormula(node.values, node.shape), shown(node, place)),
      );
    case "size":
      return { ...one, numerator: [sizeFormula(node.size)] };
    case "iota":
      return plain(place === undefined ? call("range", sizeFormula(node.shape[0] as Size)) : (place.at[0] as Formula));
    case "delta":
      return place === undefined ? plain(identity) : deltaEntry(place);
    case "einsum":
      return place === undefined ? wholeProduct(n, node) : entryOfProduct(n, node, place);
    case "add":
      return total(n, node, own);
    case "map":
      return elementwise(n, node, place, own);
    case "reduce":
      return reduction(n, node, place);
    case "gather": {
      const index = (at: Formula | undefined): Formula =>
        at === undefined
          ? array(n, node.index)
          : assemble(entry(n, node.index, { at: [at], used: place?.used ?? new Set() }));
      if (place !== undefined)
        return entry(n, node.operand, { ...place, at: place.at.with(node.axis, index(place.at[node.axis])) });
      const position = slice(node.index) ?? index(undefined);
      return plain(
        subscripted(
          array(n, node.operand),
          shownAxes(node.operand.shape).map((axis) => (axis === node.axis ? position : symbol(":"))),
        ),
      );
    }
    case "scatter": {
      if (place === undefined) return plain(call("scatter", array(n, node.operand), array(n, node.index)));
      const letter = indexFor(node.index.shape[0] as Size, place.used);
      const used = new Set([...place.used, letter.base]);
      const position = assemble(entry(n, node.index, { at: [letter], used }));
      const inner = assemble(entry(n, node.operand, { at: place.at.with(node.axis, letter), used }));
      const condition = indicator(position, "=", place.at[node.axis] as Formula);
      return plain({ kind: "indexSum", indices: [letter], body: { kind: "product", factors: [condition, inner] } });
    }
    case "reshape":
      return reshaped(n, node, place);
    case "solve": {
      const inverse: Formula = { kind: "inverse", operand: array(n, node.matrix) };
      const rhs = whole(n, node.rhs) ?? plain(array(n, node.rhs));
      return { ...rhs, body: opaque(node, place, product(inverse, rhs.body ?? ones)).body };
    }
    case "logdet":
      return opaque(node, place, call("logdet", array(n, node.matrix)));
    case "cholesky":
      return opaque(node, place, call("chol", array(n, node.matrix)));
    default:
      return node satisfies never;
  }
}

/** a:b, where an index counts from a to b − 1. */
function slice(index: Node): Formula | undefined {
  const size = index.shape[0] as Size;
  if (index.kind === "iota") return symbol(`0:${size.key}`);
  if (index.kind !== "add" || index.operands.length !== 2 || !index.operands.some((operand) => operand.kind === "iota"))
    return undefined;
  const k = index.operands.findIndex((operand) => operand.kind !== "iota");
  const [start, from] = [index.operands[k] as Node, index.coefficients[k] as number];
  const source = repeated(start)?.node ?? start;
  if (source.kind === "constant")
    return symbol(`${from * source.value}:${addSizes(sizeOf(from * source.value), size).key}`);
  return source.kind === "size" && from === 1
    ? symbol(`${source.size.key}:${addSizes(source.size, size).key}`)
    : undefined;
}

/** A function of whole arrays: an entry of it is the whole with indices. */
function opaque(node: Node, place: Place | undefined, formula: Formula): Scaled {
  return plain(place === undefined ? formula : subscripted(formula, shown(node, place)));
}

function deltaEntry({ at }: Place): Scaled {
  const [i = number(0), j = number(0)] = at;
  return keyOf(i) === keyOf(j) ? one : plain(subscripted({ kind: "symbol", base: "δ" }, [i, j]));
}

/** Small arrays as they are, large ones by a letter. */
function literalFormula(values: Float64Array, shape: readonly Size[]): Formula {
  if (values.length > 9 || shape.length > 2) return call("constants", ...shape.map(sizeFormula));
  if (shape.length < 2) return { kind: "matrix", rows: [...values].map((value) => [number(value)]) };
  const columns = constantSize(shape[1] as Size) as number;
  const rows = Array.from({ length: values.length / Math.max(columns, 1) }, (_, i) =>
    [...values.slice(i * columns, (i + 1) * columns)].map(number),
  );
  return { kind: "matrix", rows };
}

const readsData = (node: Node): boolean => reachable([node]).some((own) => own.kind === "input" && own.role === "data");

/** Data terms first, later unknowns before earlier ones, longer terms before shorter ones; numbers last; negative terms do not lead. */
function total(n: Notation, node: Add, own: (operand: Node) => Scaled | undefined): Scaled | undefined {
  const terms = node.operands.map((operand, k) => {
    const scaled = own(operand);
    const rank = (operand.kind === "constant" ? 10 : 0) - (readsData(operand) ? 5 : 0) - n.lateness(operand);
    const coefficient = node.coefficients[k] as number;
    return { rank, scaled: scaled && { ...scaled, coefficient: scaled.coefficient * coefficient } };
  });
  const known = terms.flatMap(({ rank, scaled }) =>
    scaled === undefined ? [] : [{ rank, scaled, key: keyOf(scaled.body ?? number(1)) }],
  );
  if (known.length < terms.length) return undefined;
  const ordered = known
    .toSorted((a, b) => a.rank - b.rank || b.key.length - a.key.length || (a.key < b.key ? -1 : 1))
    .map((term) => term.scaled);
  const kept = ordered.filter((term) => term.coefficient !== 0);
  const isNegative = (term: Scaled): boolean => signed(term).sign < 0;
  const [first] = kept;
  return sumOf(
    first === undefined || !isNegative(first)
      ? kept
      : kept.toSorted((a, b) => Number(isNegative(a)) - Number(isNegative(b))),
  );
}

// --------------------------------------------------------------------------------------------------- functions

const signs: Partial<Record<MapFunction, RelationSign>> = { equal: "=", less: "<", less_equal: "≤", and: "∧", or: "∨" };

function indicator(left: Formula, sign: RelationSign, right: Formula): Formula {
  return { kind: "indicator", condition: relation(left, sign, right) };
}

function elementwise(
  n: Notation,
  node: MapNode,
  place: Place | undefined,
  own: (operand: Node) => Scaled | undefined,
): Scaled | undefined {
  const softmax = softmaxOf(n, node);
  if (softmax !== undefined) return opaque(node, place, softmax);
  const hot = place === undefined ? oneHot(node) : undefined;
  if (hot !== undefined) return plain(call("onehot", array(n, hot)));
  const scaled = node.operands.map(own);
  if (!scaled.every((operand) => operand !== undefined)) return undefined;
  const operands = scaled.map(assemble);
  const [first = number(0), second = number(0)] = operands;
  const sign = signs[node.fn];
  if (sign !== undefined) return plain(indicator(first, sign, second));
  switch (node.fn) {
    case "power":
      return powerOf(first, scaled[1] ?? one, rankOf(node) === 0 || place !== undefined);
    case "sqrt":
      return plain(power(first, 0.5));
    case "abs":
      return plain({ kind: "abs", operand: first });
    case "not":
      return plain({ kind: "indicator", condition: relation(first, "=", number(0)) });
    default:
      return plain({ kind: "call", fn: node.fn, arguments: operands });
  }
}

/** x⁻ᵖ divides; of a number (or an entry) it joins the numbers in front. */
function powerOf(base: Formula, exponent: Scaled, scalar: boolean): Scaled {
  const isNumber = exponent.body === undefined && exponent.numerator.length + exponent.denominator.length === 0;
  if (!isNumber) return plain({ kind: "power", base, exponent: assemble(exponent) });
  if (exponent.coefficient >= 0) return plain(power(base, exponent.coefficient));
  const below = power(base, -exponent.coefficient);
  return scalar
    ? { ...one, denominator: [below] }
    : plain({ kind: "fraction", numerator: number(1), denominator: below });
}

/** softmax(x) where x has matrix notation. */
function softmaxOf(n: Notation, node: MapNode): Formula | undefined {
  const found = softmaxOperand(node);
  const argument = found && whole(n, found.operand);
  if (found === undefined || argument === undefined) return undefined;
  return { kind: "call", fn: "softmax", ...axisOf(found.operand, found.axis), arguments: [assemble(argument)] };
}

/** Of a matrix, along which axis: each row on its own unless it says columns. */
function axisOf(operand: Node, axis: number): { readonly over?: Formula } {
  return rankOf(operand) === 2 && shownAxes(operand.shape)[0] === axis
    ? { over: { kind: "symbol", base: "columns" } }
    : {};
}

function reduction(n: Notation, node: Reduce, place: Place | undefined): Scaled | undefined {
  if (constantSize(node.operand.shape[node.axis] as Size) === 1) {
    if (node.fn === "argmax") return { ...one, coefficient: 0 };
    return place === undefined
      ? whole(n, node.operand)
      : entry(n, node.operand, { ...place, at: place.at.toSpliced(node.axis, 0, number(0)) });
  }
  const operand = whole(n, node.operand);
  if (operand !== undefined) {
    const formula: Formula = {
      kind: "call",
      fn: node.fn,
      ...axisOf(node.operand, node.axis),
      arguments: [assemble(operand)],
    };
    return opaque(node, place, formula);
  }
  if (place === undefined && rankOf(node) > 0) return undefined;
  const { at, used } = place ?? { at: node.shape.map(() => number(0)), used: n.symbols.taken };
  const index = indexFor(node.operand.shape[node.axis] as Size, used);
  const inner = assemble(
    entry(n, node.operand, { at: at.toSpliced(node.axis, 0, index), used: new Set([...used, index.base]) }),
  );
  return plain({ kind: "call", fn: node.fn, over: index, arguments: [inner] });
}

/** Axes of size 1 come and go unseen; anything else is said. */
function reshaped(n: Notation, node: Reshape, place: Place | undefined): Scaled | undefined {
  const [from, to] = [node.operand.shape, node.shape].map(shownAxes) as [readonly number[], readonly number[]];
  const same =
    from.length === to.length &&
    from.every((axis, k) => node.operand.shape[axis]?.key === node.shape[to[k] as number]?.key);
  if (same && place === undefined) return whole(n, node.operand);
  if (same && place !== undefined) {
    const at = node.operand.shape.map(
      (_, axis): Formula => (from.includes(axis) ? (place.at[to[from.indexOf(axis)] as number] as Formula) : number(0)),
    );
    return entry(n, node.operand, { ...place, at });
  }
  const operand = array(n, node.operand);
  const formula = to.length === 1 ? call("vec", operand) : call("reshape", operand, ...node.shape.map(sizeFormula));
  return opaque(node, place, formula);
}
