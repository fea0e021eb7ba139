/**
 * Typed terms from typed terms. These builders trust their operands: whether shapes agree has been checked, with a
 * message of its own, by whoever calls them.
 */
import type { Span } from "../../grammar/diagnostics.ts";
import { oneSize, type Size } from "../ir/size.ts";
import {
  type BinaryFunction,
  booleanFunctions,
  type Reduction,
  type StructuredFunction,
  type UnaryFunction,
} from "./builtins.ts";
import type { Term } from "./model.ts";
import { broadcast, reduced, type Shape } from "./shapes.ts";
import { type ArrayType, arrayType, type Element, type ValueType } from "./types.ts";

export type ArrayTerm = Term & { readonly type: ArrayType };

export function isArray(term: Term): term is ArrayTerm {
  return term.type.kind === "array";
}

export function shapeOf(term: Term): Shape {
  return term.type.kind === "array" ? term.type.shape : [];
}

export function isScalar(term: Term): boolean {
  return isArray(term) && term.type.shape.length === 0;
}

export function elementOf(term: Term): Element {
  return term.type.kind === "array" ? term.type.element : "real";
}

const givesBool: ReadonlySet<BinaryFunction> = new Set(booleanFunctions);
const wholeResults: ReadonlySet<BinaryFunction> = new Set(["add", "subtract", "multiply", "maximum", "minimum"]);
const wholeUnary: ReadonlySet<UnaryFunction> = new Set(["negate", "abs", "sign", "square"]);

/** The element of `fn` applied to these operands: comparisons give bool, whole numbers stay whole where they can. */
export function resultElement(fn: BinaryFunction, a: Element, b: Element): Element {
  if (givesBool.has(fn)) return "bool";
  return wholeResults.has(fn) && a === "int" && b === "int" ? "int" : "real";
}

/** Builders that give every term the same place. */
export function buildAt(span: Span) {
  const number = (value: number): Term => ({
    kind: "number",
    value,
    type: arrayType(Number.isInteger(value) ? "int" : "real", []),
    span,
  });

  const unary = (fn: UnaryFunction, operand: Term): Term => {
    const element: Element =
      fn === "not" ? "bool" : wholeUnary.has(fn) && elementOf(operand) === "int" ? "int" : "real";
    const type: ValueType = isArray(operand) ? arrayType(element, operand.type.shape) : operand.type;
    return { kind: "unary", fn, operand, type, span };
  };

  const binary = (fn: BinaryFunction, left: Term, right: Term): Term => {
    const weights = [left, right].find((t) => !isArray(t));
    const shape = broadcast(shapeOf(left), shapeOf(right), () => true) ?? [];
    const type = weights?.type ?? arrayType(resultElement(fn, elementOf(left), elementOf(right)), shape);
    return { kind: "binary", fn, left, right, type, span };
  };

  const reduction = (fn: Reduction, operand: Term, axis?: number): Term => {
    const element: Element =
      fn === "argmax"
        ? "int"
        : (fn === "sum" || fn === "max" || fn === "min") && elementOf(operand) === "int"
          ? "int"
          : "real";
    const type = arrayType(element, reduced(shapeOf(operand), axis));
    return { kind: "reduction", fn, operand, type, span, ...(axis !== undefined && { axis }) };
  };

  const structured = (fn: StructuredFunction, operands: readonly Term[], type: ValueType, axis?: number): Term => ({
    kind: "structured",
    fn,
    operands,
    type,
    span,
    ...(axis !== undefined && { axis }),
  });

  return {
    number,
    unary,
    binary,
    reduction,
    structured,
    negate: (x: Term) => unary("negate", x),
    square: (x: Term) => unary("square", x),
    add: (a: Term, b: Term) => binary("add", a, b),
    subtract: (a: Term, b: Term) => binary("subtract", a, b),
    multiply: (a: Term, b: Term) => binary("multiply", a, b),
    maximum: (a: Term, b: Term) => binary("maximum", a, b),
    minimum: (a: Term, b: Term) => binary("minimum", a, b),
    /** One number per class, 1 at the label: [..., k]. */
    oneHot: (label: Term, classes: Size) =>
      structured("one_hot", [label], arrayType("real", [...shapeOf(label), classes])),
    select: (condition: Term, a: Term, b: Term) => {
      const chosen = binary("add", a, b).type;
      const shape = chosen.kind === "array" ? (broadcast(shapeOf(condition), chosen.shape, () => true) ?? []) : [];
      return structured(
        "select",
        [condition, a, b],
        chosen.kind === "array" ? arrayType(chosen.element, shape) : chosen,
      );
    },
    /** Adds a last axis of size 1. */
    column: (x: Term) => structured("reshape", [x], arrayType(elementOf(x), [...shapeOf(x), oneSize])),
  };
}

/** The terms a term is made of. A total table: a kind of term without its parts does not compile. */
export function partsOf(term: Term): readonly Term[] {
  switch (term.kind) {
    case "number":
    case "size":
    case "column":
    case "row-field":
    case "row-index":
    case "generate":
      return [];
    case "variable":
    case "rkhs-norm":
      return term.index === undefined ? [] : [term.index];
    case "list":
      return term.items;
    case "unary":
    case "reduction":
    case "normalisation":
      return [term.operand];
    case "binary":
      return [term.left, term.right];
    case "structured":
      return term.operands;
    case "index":
      return [term.object, ...term.items.flatMap((item) => (item.kind === "at" ? [item.value] : []))];
    case "reduce":
      return [term.body];
    case "apply":
      return [...term.arguments, ...[term.weights, term.index].filter((t) => t !== undefined)];
    case "divergence":
      return [term.of, term.by, ...(term.step === undefined ? [] : [term.step])];
    default:
      return term satisfies never;
  }
}

/** Everything below the roots, each term once although definitions are shared. */
export function termsIn(roots: readonly Term[]): ReadonlySet<Term> {
  const seen = new Set<Term>();
  const stack = [...roots];
  for (let term = stack.pop(); term !== undefined; term = stack.pop()) {
    if (seen.has(term)) continue;
    seen.add(term);
    stack.push(...partsOf(term));
  }
  return seen;
}

/** The unknowns and params that are read: variables, and maps where their own weights or the function itself matter. */
export function namesRead(roots: readonly Term[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const term of termsIn(roots)) {
    if (term.kind === "variable") names.add(term.name);
    if (term.kind === "rkhs-norm" || (term.kind === "apply" && term.weights === undefined)) names.add(term.map);
  }
  return names;
}
