/**
 * Checked terms to tensor expressions. Binders become leading axes (batched.ts); the total table below has one rule a
 * term kind. What the derivation does not cover yet is refused here, with the place in the source.
 */
import { BilevelError, type Span } from "../../grammar/diagnostics.ts";
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
import type { Divergence } from "./problem.ts";
import { lowerStructured } from "./structured.ts";

export interface Lowering {
  readonly graph: Graph;
  /** The input that stands for a declared unknown or param. */
  readonly variable: (name: string) => Input;
  /** Arrays that a seeded generator fills, by the input's name. */
  readonly generated: Map<string, { readonly input: Input; readonly generator: Generator }>;
  readonly binders: Map<BinderId, TermRange>;
  /** The declared table whose rows a table-valued range runs over; for a fold, that which the folds were made of. */
  readonly baseOf: (range: TermTableRange) => { readonly name: string; readonly rows: Size };
  /** Divergences met, each an input until the lower level is known (derive/divergence.ts). */
  readonly divergences: Divergence[];
  /** A definition's term is shared by its uses, and so is what it becomes. */
  readonly lowered: Map<Term, Batched>;
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

/** A term that may read the given index, which is then its leading axis. Parts come before what reads them, without recursion: definitions may chain to any depth. */
export function lowerUnder(context: Lowering, root: Term, index: TermBinder | undefined): Batched {
  if (index !== undefined) context.binders.set(index.id, index.range);
  const stack = [root];
  for (let term = stack.at(-1); term !== undefined; term = stack.at(-1)) {
    const waiting = isLiteral(term) ? [] : partsOf(term).filter((part) => !context.lowered.has(part));
    if (term.kind === "reduce") for (const binder of term.binders) context.binders.set(binder.id, binder.range);
    if (waiting.length > 0) stack.push(...waiting);
    else {
      lowerTerm(context, term);
      stack.pop();
    }
  }
  return lowerTerm(context, root);
}

function lowerTerm(context: Lowering, term: Term): Batched {
  const known = context.lowered.get(term);
  if (known !== undefined) return known;
  const rule = rules[term.kind] as (context: Lowering, term: Term) => Batched;
  const lowered = rule(context, term);
  context.lowered.set(term, lowered);
  return lowered;
}

/** A list of numbers is one array, however many it holds. */
const isLiteral = (term: Term): boolean => term.kind === "list" && literalNumbers(term) !== undefined;

function shapeOf(term: Term): readonly Size[] {
  if (term.type.kind === "weights") refuse(`arithmetic on the weights of ${term.type.map}`, term.span);
  return term.type.shape;
}

const columnInput = (context: Lowering, table: string, field: string, shape: readonly Size[]): Input =>
  input(context.graph, `${table}.${field}`, "data", shape);

const rules: { readonly [K in TermKind]: Rule<K> } = {
  number: ({ graph }, term) => unbatched(constant(graph, term.value)),

  size: ({ graph }, term) => unbatched(sizeNode(graph, term.size)),

  variable: (context, term) => {
    if (term.type.kind === "weights") refuse(`the network ${term.name}`, term.span);
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
    const g = context.graph;
    const shape = shapeOf(term);
    const [left, right] = [lowerTerm(context, term.left), lowerTerm(context, term.right)];
    if (term.fn === "multiply") return product(g, [left, right], shape);
    if (term.fn === "divide") {
      return product(g, [left, { node: reciprocal(g, right.node), batch: right.batch }], shape);
    }
    const build = lowerBinary[term.fn];
    // A constant exponent stays a constant, whatever the shape it is spread to.
    return elementwise(g, [left, right], shape, (a, b) => build(g, a as Node, b as Node));
  },

  reduction: (context, term) => {
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

  index: (context, term) => indexed(context, lowerTerm(context, term.object), term.items),

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

  apply: (_, term) => refuse(`the function ${term.map}`, term.span),
  "rkhs-norm": (_, term) => refuse(`the function ${term.map} in an RKHS`, term.span),
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
    const name = `${generator.kind}(${JSON.stringify(generator)}, ${shape.map((s) => s.key).join(", ")})`;
    const node = input(g, name, "generated", shape);
    context.generated.set(name, { input: node, generator });
    return unbatched(node);
  },
};

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
