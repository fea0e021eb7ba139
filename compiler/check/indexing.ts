/** `X[i, :]`, `X[:5]`, `X[idx]`, `weight[r]` by the row, `v[task]` of an indexed unknown, `h(s)[a]` at a class. */
import type { Expression, IndexItem } from "../../grammar/syntax.ts";
import { addSizes, constantSize, type Size, scaleSize, sizeOf } from "../ir/size.ts";
import { type Denotation, fail, poison, type Scope, written } from "./context.ts";
import { elaborate, toValue } from "./elaborate.ts";
import { badIndex, indexOutOfRange, notAValue } from "./errors.ts";
import { demandLabels } from "./labels.ts";
import type { Term, TermIndexItem, TermRange } from "./model.ts";
import { array, origin } from "./operators.ts";
import { agreeing, asSize, compareSizes, constantOf, settled } from "./sizes.ts";
import { isArray } from "./terms.ts";
import { arrayType, showType } from "./types.ts";

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
  if (term.type.element === "class") demandLabels(scope, term, size, e.span);
  const value = constantOf(scope.context, term);
  const limit = constantSize(settled(scope.context, size));
  if (value !== undefined && (value < 0 || (limit !== undefined && value >= limit))) {
    const fromEnd = value < 0 ? `the last entry is ${text}[${addSizes(size, sizeOf(-1)).key}]` : undefined;
    fail(scope, indexOutOfRange(e.span, String(value), size.key, fromEnd));
  }
  return term;
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
  const known = (s: Size): number | undefined => constantSize(settled(scope.context, s));
  const [low, high, limit] = [known(from), known(to), known(size)];
  if (item !== undefined && high !== undefined && limit !== undefined && high > limit) {
    fail(
      scope,
      indexOutOfRange(
        (item.to ?? item).span,
        to.key,
        size.key,
        `leave the end out: ${from.key === "0" ? "" : from.key}: goes up to ${size.key}`,
      ),
    );
  }
  if (item !== undefined && low !== undefined && high !== undefined && low > high) {
    fail(scope, indexOutOfRange(item.span, `${from.key}:${to.key}`, size.key, "the start comes after the end"));
  }
  return { kind: "slice", from, to };
}
