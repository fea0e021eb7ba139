/**
 * Checked terms to tensor expressions. Binders become leading axes (batched.ts); the total table below has one rule a
 * term kind. What the derivation does not cover yet is refused here, with the place in the source.
 */
import { BilevelError, type Span } from "../../grammar/diagnostics.ts";
import type { BinaryFunction } from "../check/builtins.ts";
import type { BinderId, Generator, Term, TermBinder, TermIndexItem, TermKind, TermRange } from "../check/model.ts";
import { partsOf } from "../check/terms.ts";
import { notDerivedYet } from "../errors.ts";
import {
  add,
  broadcastLeading,
  constant,
  einsum,
  type Graph,
  gather,
  input,
  iota,
  literal,
  reshape,
  sizeNode,
} from "../ir/graph.ts";
import type { Input, Node } from "../ir/node.ts";
import { addSizes, constantSize, productOfSizes, type Size, sameSize, scaleSize, sizeOf } from "../ir/size.ts";
import { type Batched, elementwise, labels, nodeAxis, ownShape, product, unbatched, unionBatch } from "./batched.ts";
import { lowerBinary, lowerNormalisation, lowerReduction, lowerUnary, reciprocal } from "./functions.ts";
import { isValue, lowerMap, type Maps } from "./maps.ts";
import type { Divergence } from "./problem.ts";
import { lowerNorm } from "./representer.ts";
import { lowerStructured } from "./structured.ts";
import { lowerWeights, reduceWeights } from "./weights.ts";

export interface Lowering {
  readonly graph: Graph;
  /** The input that stands for a declared unknown or param. */
  readonly variable: (name: string) => Input;
  /** The inputs that stand for the weights of an unknown, network or function, one a tensor. */
  readonly weights: (name: string) => readonly Input[];
  readonly maps: Maps;
  /** Arrays that a seeded generator fills, by the input's name. */
  readonly generated: Map<string, { readonly input: Input; readonly generator: Generator }>;
  readonly binders: Map<BinderId, TermRange>;
  /** The declared table whose rows a table-valued range runs over; for a fold, that which the folds were made of. */
  readonly baseOf: (range: TermTableRange) => { readonly name: string; readonly rows: Size };
  /** Divergences met, each an input until the lower level is known (derive/divergence.ts). */
  readonly divergences: Divergence[];
  /** A definition's term is shared by its uses, and so is what it becomes: one value, or one a tensor of weights. */
  readonly lowered: Map<Term, readonly Batched[]>;
}

export type TermTableRange = Extract<TermRange, { kind: "table" }>;

type Rule<K extends TermKind> = (context: Lowering, term: Extract<Term, { kind: K }>) => Batched;

export function refuse(what: string, span: Span, suggestion?: string): never {
  throw new BilevelError([notDerivedYet(what, span, suggestion)]);
}

/** A term outside every binder. */
export function lowerClosed(context: Lowering, root: Term): Node {
  return lowerUnder(context, root, undefined).node;
}

/** A term that may read the given index, which is then its leading axis. */
export function lowerUnder(context: Lowering, root: Term, index: TermBinder | undefined): Batched {
  return single(root, lowerPartsUnder(context, root, index));
}

/** The same for a value that may be weights. Parts come before what reads them, without recursion: definitions may chain to any depth. */
export function lowerPartsUnder(context: Lowering, root: Term, index: TermBinder | undefined): readonly Batched[] {
  if (index !== undefined) context.binders.set(index.id, index.range);
  const stack = [root];
  for (let term = stack.at(-1); term !== undefined; term = stack.at(-1)) {
    const waiting = isLiteral(term) ? [] : partsOf(term).filter((part) => !context.lowered.has(part));
    if (term.kind === "reduce") for (const binder of term.binders) context.binders.set(binder.id, binder.range);
    if (waiting.length > 0) stack.push(...waiting);
    else {
      lowerParts(context, term);
      stack.pop();
    }
  }
  return lowerParts(context, root);
}

function lowerTerm(context: Lowering, term: Term): Batched {
  return single(term, lowerParts(context, term));
}

function lowerParts(context: Lowering, term: Term): readonly Batched[] {
  const known = context.lowered.get(term);
  if (known !== undefined) return known;
  const rule = rules[term.kind] as (context: Lowering, term: Term) => Batched;
  const lowered = term.type.kind === "weights" ? lowerWeights(context, term, lower(context)) : [rule(context, term)];
  context.lowered.set(term, lowered);
  return lowered;
}

const lower = (context: Lowering) => ({
  parts: (term: Term): readonly Batched[] => lowerParts(context, term),
  entry: (whole: Batched, index: Term): Batched => at(context, whole, 0, index),
});

function single(term: Term, parts: readonly Batched[]): Batched {
  const [only] = parts;
  if (term.type.kind === "weights" || only === undefined) return refuse("such a use of weights", term.span);
  return only;
}

/** A list of numbers is one array, however many it holds. */
const isLiteral = (term: Term): boolean => term.kind === "list" && literalNumbers(term) !== undefined;

function shapeOf(term: Term): readonly Size[] {
  if (term.type.kind === "weights") return refuse("such a use of weights", term.span);
  return term.type.shape;
}

const columnInput = (context: Lowering, table: string, field: string, shape: readonly Size[]): Input =>
  input(context.graph, `${table}.${field}`, "data", shape);

const rules: { readonly [K in TermKind]: Rule<K> } = {
  number: ({ graph }, term) => unbatched(constant(graph, term.value)),

  size: ({ graph }, term) => unbatched(sizeNode(graph, term.size)),

  variable: (context, term) => {
    const whole = unbatched(context.variable(term.name));
    return term.index === undefined ? whole : at(context, whole, 0, term.index);
  },

  column: (context, term) => {
    if (term.table.kind === "row-table") {
      refuse("a whole field of a fold", term.span, "write it with E[...], as in E[fold.train]((X @ theta - y)^2)");
    }
    return unbatched(columnInput(context, term.table.name, term.field, shapeOf(term)));
  },

  "row-field": (context, term) => {
    const range = context.binders.get(term.binder);
    if (range?.kind !== "table") refuse("a field of what is no row", term.span);
    const { name, rows } = context.baseOf(range);
    return { node: columnInput(context, name, term.field, [rows, ...shapeOf(term)]), batch: [term.binder] };
  },

  "row-index": (context, term) => {
    const range = context.binders.get(term.binder) as TermRange;
    if (isRowTable(range)) refuse("the number of a row within a fold", term.span);
    return { node: iota(context.graph, rangeSize(range)), batch: [term.binder] };
  },

  list: (context, term) => {
    const numbers = literalNumbers(term);
    if (numbers !== undefined) return unbatched(literal(context.graph, Float64Array.from(numbers), shapeOf(term)));
    return stack(context, term.items, 0, shapeOf(term));
  },

  unary: (context, term) => {
    shapeOf(term);
    const operand = lowerTerm(context, term.operand);
    return { node: lowerUnary[term.fn](context.graph, operand.node), batch: operand.batch };
  },

  binary: (context, term) => {
    const [left, right] = [lowerTerm(context, term.left), lowerTerm(context, term.right)];
    return combine(context.graph, term.fn, left, right, shapeOf(term));
  },

  reduction: (context, term) => {
    if (term.operand.type.kind === "weights")
      return reduceWeights(context.graph, term.fn, lowerParts(context, term.operand), term);
    const operand = lowerTerm(context, term.operand);
    const own = ownShape(operand);
    const axes = (term.axis === undefined ? own.map((_, i) => i) : [term.axis]).map((axis) => nodeAxis(operand, axis));
    return { node: lowerReduction[term.fn](context.graph, operand.node, axes), batch: operand.batch };
  },

  normalisation: (context, term) => {
    const operand = lowerTerm(context, term.operand);
    const axis = nodeAxis(operand, term.axis);
    return { node: lowerNormalisation[term.fn](context.graph, operand.node, axis), batch: operand.batch };
  },

  structured: (context, term) => {
    const operands = term.operands.map((operand) => lowerTerm(context, operand));
    if (term.fn === "stack") return stack(context, term.operands, term.axis ?? 0, shapeOf(term));
    return lowerStructured[term.fn](context.graph, operands, shapeOf(term), term.axis ?? 0);
  },

  index: (context, term) => {
    const [item] = term.items;
    if (item?.kind === "at" && term.items.length === 1 && isValue(context, term.object)) {
      if (item.value.kind === "row-field") return lowerMap(context, term.object, lower(context), item.value);
      if (item.value.kind === "number")
        return constantEntry(context, lowerTerm(context, term.object), item.value.value);
    }
    return indexed(context, lowerTerm(context, term.object), term.items);
  },

  reduce: (context, term) => {
    const g = context.graph;
    const body = lowerTerm(context, term.body);
    const masks = term.binders.flatMap((binder) => maskOf(context, binder) ?? []);
    const masked = masks.length === 0 ? body : product(g, [body, ...masks], ownShape(body));
    const opened = term.binders.map((binder) => binder.id);
    const axes = opened.filter((id) => masked.batch.includes(id)).map((id) => masked.batch.indexOf(id));
    const batch = masked.batch.filter((id) => !opened.includes(id));
    const all = masked.node.shape.map((_, i) => i);
    const summed: Batched = {
      node: einsum(
        g,
        [masked.node],
        [all],
        all.filter((axis) => !axes.includes(axis)),
      ),
      batch,
    };
    const plain = term.binders.filter((binder) => !isRowTable(binder.range));
    const factors: Batched[] =
      term.reducer === "mean"
        ? [
            ...masks.map((mask) => oneOverCount(g, mask)),
            // A mean over a binder that the body does not read changes nothing.
            ...plain
              .filter((binder) => body.batch.includes(binder.id))
              .map((binder) => unbatched(reciprocal(g, sizeNode(g, rangeSize(binder.range))))),
          ]
        : plain
            .filter((binder) => !body.batch.includes(binder.id))
            .map((binder) => unbatched(sizeNode(g, rangeSize(binder.range))));
    return factors.length === 0 ? summed : product(g, [summed, ...factors], ownShape(summed));
  },

  apply: (context, term) => lowerMap(context, term, lower(context)),
  "rkhs-norm": (context, term) => {
    const expansion = context.maps.expansions.get(term.map);
    return expansion === undefined ? refuse(`the norm of ${term.map}`, term.span) : lowerNorm(expansion);
  },
  divergence: (context, term) => {
    const of = lowerTerm(context, term.of);
    const by = lowerTerm(context, term.by);
    if (of.batch.length > 0 || by.node.kind !== "input") refuse("a divergence inside E[...] or sum[...]", term.span);
    const step = term.step === undefined ? undefined : lowerTerm(context, term.step).node;
    const placeholder = input(context.graph, `divergence ${context.divergences.length + 1}`, "step", []);
    const probing =
      term.probes === undefined
        ? {}
        : { probing: { probes: term.probes, step: step ?? constant(context.graph, 1e-3), seed: term.seed ?? 0 } };
    context.divergences.push({ placeholder, of: of.node, by: by.node, ...probing });
    return unbatched(placeholder);
  },

  generate: (context, term) => {
    const shape = shapeOf(term);
    const g = context.graph;
    const { generator } = term;
    if (generator.kind === "zeros") return unbatched(constant(g, 0, shape));
    if (generator.kind === "ones") return unbatched(constant(g, 1, shape));
    return unbatched(drawn(context, generator, shape));
  },
};

/** A constant array that a seeded generator fills. */
export function drawn(context: Lowering, generator: Generator, shape: readonly Size[]): Input {
  const name = `${generator.kind}(${JSON.stringify(generator)}, ${shape.map((s) => s.key).join(", ")})`;
  const node = input(context.graph, name, "generated", shape);
  context.generated.set(name, { input: node, generator });
  return node;
}

/** Two values element by element, broadcast to the shape. */
export function combine(g: Graph, fn: BinaryFunction, left: Batched, right: Batched, shape: readonly Size[]): Batched {
  if (fn === "multiply") return product(g, [left, right], shape);
  if (fn === "divide") return product(g, [left, { node: reciprocal(g, right.node), batch: right.batch }], shape);
  const build = lowerBinary[fn];
  // A constant exponent stays a constant, whatever the shape it is spread to.
  return elementwise(g, [left, right], shape, (a, b) => build(g, a as Node, b as Node));
}

const isRowTable = (range: TermRange): boolean => range.kind === "table" && range.table.kind === "row-table";

/**
 * Rows of a fold are rows of the table it was made of, by a mask [folds, rows] that is 1 on those it has: folds of different sizes are
 * then one batch. Absent for any other range.
 */
function maskOf(context: Lowering, { id, range }: TermBinder): Batched | undefined {
  if (range.kind !== "table" || range.table.kind !== "row-table") return undefined;
  const { binder, field } = range.table;
  const folds = context.binders.get(binder);
  if (folds?.kind !== "table" || folds.table.kind !== "data") throw new Error("a fold of what is no table");
  const shape = [folds.type.rows, context.baseOf(range).rows];
  return { node: columnInput(context, folds.table.name, field, shape), batch: [binder, id] };
}

/** 1 / Σ over the mask's last binder. */
function oneOverCount(g: Graph, mask: Batched): Batched {
  const count = einsum(g, [mask.node], [[0, 1]], [0]);
  return { node: reciprocal(g, count), batch: mask.batch.slice(0, -1) };
}

export function rangeSize(range: TermRange): Size {
  return range.kind === "size" ? range.size : range.type.rows;
}

/** All entries of a nested list of numbers, row-major; `undefined` where an item is not a number. */
function literalNumbers(term: Term): readonly number[] | undefined {
  if (term.kind === "number") return [term.value];
  if (term.kind === "unary" && term.fn === "negate" && term.operand.kind === "number") return [-term.operand.value];
  if (term.kind !== "list") return undefined;
  const items = term.items.map(literalNumbers);
  return items.every((item) => item !== undefined) ? items.flat() : undefined;
}

/** Σ_k e_k ⊗ item_k: items along a new axis. */
function stack(context: Lowering, terms: readonly Term[], axis: number, shape: readonly Size[]): Batched {
  const g = context.graph;
  const itemShape = shape.filter((_, i) => i !== axis);
  const count = terms.length;
  const items = terms.map((term) => lowerTerm(context, term));
  return elementwise(g, items, itemShape, (...nodes) => {
    const lead = (nodes[0] as Node).shape.length - itemShape.length;
    const placed = nodes.map((node, k) => {
      const unit = Float64Array.from({ length: count }, (_, i) => (i === k ? 1 : 0));
      const own = node.shape.map((_, i) => i);
      const output = [...own.slice(0, lead + axis), -1, ...own.slice(lead + axis)];
      return einsum(g, [node, literal(g, unit, [sizeOf(count)])], [own, [-1]], output);
    });
    return add(
      g,
      placed.map(() => 1),
      placed,
    );
  });
}

/**
 * Items are applied from the last axis to the first, so that earlier axes keep their numbers. An axis indexed by a bound
 * row becomes that row's binder axis.
 */
function indexed(context: Lowering, object: Batched, items: readonly TermIndexItem[]): Batched {
  let value = object;
  for (let axis = items.length - 1; axis >= 0; axis -= 1) {
    const item = items[axis] as TermIndexItem;
    value =
      item.kind === "slice"
        ? sliced(context.graph, value, axis, item.from, item.to)
        : at(context, value, axis, item.value);
  }
  return value;
}

function sliced(g: Graph, value: Batched, axis: number, from: Size, to: Size): Batched {
  const own = nodeAxis(value, axis);
  const size = value.node.shape[own] as Size;
  if (constantSize(from) === 0 && sameSize(to, size)) return value;
  const count = addSizes(to, scaleSize(from, -1));
  const start = broadcastLeading(g, sizeNode(g, from), [count]);
  const index = add(g, [1, 1], [iota(g, count), start]);
  return { node: gather(g, value.node, index, own), batch: value.batch };
}

function at(context: Lowering, value: Batched, axis: number, term: Term): Batched {
  const g = context.graph;
  const own = nodeAxis(value, axis);
  const size = value.node.shape[own] as Size;
  const index = lowerTerm(context, term);
  if (index.node.shape.length > 0 && index.batch.length === index.node.shape.length && isWithin(index, value))
    return chosen(g, value, axis, index);
  const isRowIndex = term.kind === "row-index" && sameSize(size, index.node.shape[0] as Size);
  const flatIndex = reshape(g, index.node, [productOfSizes(index.node.shape)]);
  const gathered = isRowIndex ? value.node : gather(g, value.node, flatIndex, own);
  const split = reshape(g, gathered, [
    ...gathered.shape.slice(0, own),
    ...index.node.shape,
    ...gathered.shape.slice(own + 1),
  ]);
  // Label the axes: the index's binders merge with the object's own ones (then the diagonal is read).
  const batch = unionBatch([value, index]);
  const indexOwn = ownShape(index).map((_, i) => labels.fresh(500 + i));
  const objectOwn = ownShape(value).map((_, i) => labels.fresh(i));
  const before = objectOwn.slice(0, axis);
  const after = objectOwn.slice(axis + 1);
  const operand = [
    ...value.batch.map(labels.binder),
    ...before,
    ...index.batch.map(labels.binder),
    ...indexOwn,
    ...after,
  ];
  const output = [...batch.map(labels.binder), ...before, ...indexOwn, ...after];
  return { node: einsum(g, [split], [operand], output), batch };
}

const isWithin = (index: Batched, value: Batched): boolean => index.batch.every((id) => value.batch.includes(id));

/** Σ_k x[r, .., k, ..] [index_r = k]: one entry a row of what already has the row's axis. */
export function chosen(g: Graph, value: Batched, axis: number, index: Batched): Batched {
  const own = ownShape(value).map((_, i) => labels.fresh(i));
  const picked = lowerStructured.one_hot(g, [index], [ownShape(value)[axis] as Size], 0);
  const binders = (of: Batched): readonly number[] => of.batch.map(labels.binder);
  const node = einsum(
    g,
    [value.node, picked.node],
    [
      [...binders(value), ...own],
      [...binders(picked), own[axis] as number],
    ],
    [...binders(value), ...own.filter((_, i) => i !== axis)],
  );
  return { node, batch: value.batch };
}

/** Σ_k x[.., k] [k = entry] along the last axis: a product, so that the rows are seen not to be coupled. */
function constantEntry({ graph }: Lowering, value: Batched, entry: number): Batched {
  const { shape } = value.node;
  const count = constantSize(shape.at(-1) as Size) as number;
  const unit = Float64Array.from({ length: count }, (_, k) => (k === entry ? 1 : 0));
  const axes = shape.map((_, axis) => axis);
  const picked = literal(graph, unit, [sizeOf(count)]);
  return { node: einsum(graph, [value.node, picked], [axes, axes.slice(-1)], axes.slice(0, -1)), batch: value.batch };
}
