/** `X[i, :]`, `X[:5]`, `X[idx]`, `weight[r]` by the row, `v[task]` of an indexed unknown, `h(s)[a]` at a class. */
import type { Expression, IndexItem } from "../../grammar/syntax.ts";
import { addSizes, constantSize, oneSize, type Size, sameSize, scaleSize, sizeOf } from "../ir/size.ts";
import { type Context, type Denotation, demand, fail, poison, type Scope, written } from "./context.ts";
import { elaborate, toValue } from "./elaborate.ts";
import { badIndex, indexOutOfRange, notAValue } from "./errors.ts";
import { demandLabels } from "./labels.ts";
import type { DataRequirement, Term, TermIndexItem, TermRange } from "./model.ts";
import { array, origin } from "./operators.ts";
import { agreeing, asSize, compareSizes, constantOf, settled, sizeFromTerm } from "./sizes.ts";
import { isArray } from "./terms.ts";
import { arrayType, showType } from "./types.ts";

type IndexWithin = Extract<DataRequirement, { kind: "index-within" }>;
type IndexExpression = Extract<Expression, { kind: "index" }>;

export function indexed(scope: Scope, object: Denotation, e: IndexExpression): Denotation | Term {
  if (object.kind === "poison") throw poison;
  if (object.kind === "map") {
    if (object.range === undefined || object.index !== undefined)
      return fail(
        scope,
        notAValue(e.span, `${object.name} is one map, without an index`, `call it: ${object.name}(x)`),
      );
    return { ...object, index: unknownIndex(scope, object.name, object.range, e) };
  }
  if (object.kind === "indexed") {
    const entry: Term = {
      kind: "variable",
      name: object.name,
      index: unknownIndex(scope, object.name, object.range, e, 1),
      type: object.type,
      span: e.span,
    };
    return e.items.length > 1 ? indexedArray(scope, entry, e, e.items.slice(1)) : entry;
  }
  return indexedArray(scope, toValue(scope, object, e.object), e, e.items);
}

/** The entry of `v[i in RANGE]`: the row or number of the same range, or a number within it. */
function unknownIndex(scope: Scope, name: string, range: TermRange, e: IndexExpression, atLeast?: number): Term {
  const item = e.items[0];
  if (item === undefined || item.kind !== "at" || (atLeast === undefined && e.items.length > 1)) {
    return fail(scope, badIndex(e.span, `${name} has one entry per index, and takes one index`, `write ${name}[i]`));
  }
  const size = range.kind === "table" ? range.type.rows : range.size;
  return integerIndex(scope, size, item.value, name);
}

/** One whole number (or a label, or a row) within an axis. */
function integerIndex(scope: Scope, size: Size, e: Expression, text: string): Term {
  const denotation = elaborate(scope, e);
  const term = toValue(scope, denotation, e);
  if (denotation.kind === "row" && compareSizes(scope.context, denotation.type.rows, size) === "different") {
    fail(
      scope,
      badIndex(
        e.span,
        `${denotation.name} is one of ${denotation.type.rows.key} rows, and ${text} has ${size.key} entries along this axis`,
        `index a variable that is declared with the size ${denotation.type.rows.key}`,
      ),
    );
  }
  if (denotation.kind === "row")
    agreeing(scope, e.span, () => `${text} is indexed by the row ${denotation.name}`)(denotation.type.rows, size);
  if (!isArray(term) || (term.type.element !== "int" && term.type.element !== "class")) {
    fail(
      scope,
      badIndex(e.span, `${written(e)} is ${showType(term.type)}, and an index is a whole number, a label or a row`),
    );
  }
  demandLabels(scope, term, size, e.span);
  const extent = extentOf(scope.context, term);
  if (extent !== undefined) {
    const last = `the last entry is ${text}[${addSizes(size, sizeOf(-1)).key}]`;
    for (const index of sameSize(extent.low, extent.high) ? [extent.low] : [extent.low, extent.high])
      demandWithin(scope, { index, below: size, entries: size, text: written(e), span: e.span }, last);
  }
  return term;
}

/** 0 <= index < below: settled here as far as the names cancel, and else when the data is read. */
function demandWithin(scope: Scope, within: Omit<IndexWithin, "kind">, suggestion?: string): void {
  const { index, below, entries, text, span } = within;
  const known = (size: Size): number | undefined => constantSize(settled(scope.context, size));
  const [left, room] = [known(index), known(addSizes(below, scaleSize(addSizes(index, oneSize), -1)))];
  if ((left ?? 0) < 0 || (room ?? 0) < 0) {
    const shown = left === undefined || text === String(left) ? text : `${text} (${left})`;
    fail(scope, indexOutOfRange(span, shown, entries.key, (left ?? 0) < 0 ? suggestion : undefined));
  }
  if (left !== undefined && room !== undefined) return;
  demand(scope, `index ${index.key} ${below.key} ${span.start}`, { kind: "index-within", ...within });
}

/** The smallest and the largest value of an index that is made of sizes and of the names of binders. */
function extentOf(context: Context, term: Term): { readonly low: Size; readonly high: Size } | undefined {
  const size = sizeFromTerm(context, term);
  if (size !== undefined) return { low: size, high: size };
  if (term.kind === "row-index") {
    const count = context.binderCounts.get(term.binder);
    return count && { low: sizeOf(0), high: addSizes(count, sizeOf(-1)) };
  }
  if (term.kind === "unary" && term.fn === "negate") return scaled(extentOf(context, term.operand), -1);
  if (term.kind !== "binary") return undefined;
  const [a, b] = [extentOf(context, term.left), extentOf(context, term.right)];
  if (a === undefined || b === undefined) return undefined;
  switch (term.fn) {
    case "add":
      return { low: addSizes(a.low, b.low), high: addSizes(a.high, b.high) };
    case "subtract":
      return { low: addSizes(a.low, scaleSize(b.high, -1)), high: addSizes(a.high, scaleSize(b.low, -1)) };
    case "multiply": {
      const [x, y] = [constantOf(context, term.left), constantOf(context, term.right)];
      return x !== undefined ? scaled(b, x) : y !== undefined ? scaled(a, y) : undefined;
    }
    default:
      return undefined;
  }
}

function scaled(extent: ReturnType<typeof extentOf>, factor: number): ReturnType<typeof extentOf> {
  if (extent === undefined || !Number.isInteger(factor)) return undefined;
  const [low, high] = [scaleSize(extent.low, factor), scaleSize(extent.high, factor)];
  return factor < 0 ? { low: high, high: low } : { low, high };
}

function indexedArray(scope: Scope, object: Term, e: IndexExpression, items: readonly IndexItem[]): Term {
  const text = written(e.object);
  const { type } = array(scope, object, e.object, "indexing");
  if (items.length > type.shape.length) {
    fail(
      scope,
      badIndex(
        e.span,
        `${text} is ${showType(type)} and takes ${type.shape.length === 0 ? "no index" : type.shape.length === 1 ? "one index" : `at most ${type.shape.length} indices`}`,
        undefined,
        origin(scope.context, object),
      ),
    );
  }
  const shape: Size[] = [];
  const resolved = type.shape.map((size, axis): TermIndexItem => {
    const item = items[axis];
    if (item === undefined || item.kind === "slice") {
      const slice = sliced(scope, size, item);
      shape.push(addSizes(slice.to, scaleSize(slice.from, -1)));
      return slice;
    }
    const at = integerIndex(scope, size, item.value, text);
    if (isArray(at)) shape.push(...at.type.shape);
    return { kind: "at", value: at };
  });
  if (
    resolved.filter((item) => item.kind === "at" && isArray(item.value) && item.value.type.shape.length > 0).length > 1
  ) {
    fail(scope, badIndex(e.span, "at most one axis is indexed by an array", "index one axis after the other"));
  }
  return { kind: "index", object, items: resolved, type: arrayType(type.element, shape), span: e.span };
}

/** `from:to` within an axis, ends excluded; both ends are known sizes. */
function sliced(
  scope: Scope,
  size: Size,
  item: Extract<IndexItem, { kind: "slice" }> | undefined,
): Extract<TermIndexItem, { kind: "slice" }> {
  const end = (e: Expression | undefined, otherwise: Size): Size =>
    e === undefined ? otherwise : asSize(scope, toValue(scope, elaborate(scope, e), e), e);
  const from = end(item?.from, sizeOf(0));
  const to = end(item?.to, size);
  if (item === undefined) return { kind: "slice", from, to };
  const { span } = item;
  const known = (s: Size): number | undefined => constantSize(settled(scope.context, s));
  const [low, high] = [known(from), known(to)];
  if (low !== undefined && high !== undefined && low > high) {
    fail(scope, indexOutOfRange(span, `${from.key}:${to.key}`, size.key, "the start comes after the end"));
  }
  const within = { entries: size, span };
  if (item.to !== undefined)
    demandWithin(scope, {
      ...within,
      index: to,
      below: addSizes(size, oneSize),
      text: written(item.to),
      span: item.to.span,
    });
  if (item.from !== undefined)
    demandWithin(scope, {
      ...within,
      index: from,
      below: addSizes(to, oneSize),
      text: written(item.from),
      span: item.from.span,
    });
  return { kind: "slice", from, to };
}
