/** Sizes as the checker reasons about them: what a `dim` stands for, when two agree, and how a term becomes a size. */
import type { Span } from "../../grammar/diagnostics.ts";
import type { Expression } from "../../grammar/syntax.ts";
import {
  addSizes,
  constantSize,
  multiplySizes,
  type Size,
  sameSize,
  scaleSize,
  sizeOf,
  substituteSizes,
} from "../ir/size.ts";
import { type Context, demand, fail, type Scope, written } from "./context.ts";
import { notASize } from "./errors.ts";
import type { Term } from "./model.ts";
import type { Agreement } from "./shapes.ts";

/** A size over what only the data settle: every `dim` replaced by its definition. */
export function settled(context: Context, size: Size): Size {
  return substituteSizes(size, (name) => context.definitions.get(name));
}

/** Proven equal, proven or presumed different, or a name of the data against a number, which the data settle. */
export function compareSizes(context: Context, a: Size, b: Size): "equal" | "different" | "unsettled" {
  if (sameSize(a, b)) return "equal";
  const [x, y] = [settled(context, a), settled(context, b)];
  if (sameSize(x, y)) return "equal";
  return (constantSize(x) === undefined) !== (constantSize(y) === undefined) ? "unsettled" : "different";
}

/** Records what the data must settle, and says whether the sizes can agree at all. */
export function agreeing(scope: Scope, span: Span, because: () => string): Agreement {
  return (a, b) => {
    const verdict = compareSizes(scope.context, a, b);
    if (verdict === "unsettled") {
      demand(scope, `equal ${a.key} ${b.key}`, { kind: "equal-sizes", left: a, right: b, span, because: because() });
    }
    return verdict !== "different";
  };
}

/** For trying out alternatives: agrees where sizes may be equal, and records nothing. */
export function couldAgree(context: Context): Agreement {
  return (a, b) => compareSizes(context, a, b) !== "different";
}

/** The size that an integer term stands for; `undefined` if it is not made of sizes. */
export function sizeFromTerm(context: Context, term: Term): Size | undefined {
  switch (term.kind) {
    case "number":
      return Number.isInteger(term.value) ? sizeOf(term.value) : undefined;
    case "size":
      return term.size;
    case "unary": {
      const operand = term.fn === "negate" ? sizeFromTerm(context, term.operand) : undefined;
      return operand && scaleSize(operand, -1);
    }
    case "binary": {
      const [a, b] = [sizeFromTerm(context, term.left), sizeFromTerm(context, term.right)];
      if (a === undefined || b === undefined) return undefined;
      if (term.fn === "add") return addSizes(a, b);
      if (term.fn === "subtract") return addSizes(a, scaleSize(b, -1));
      if (term.fn === "multiply") return multiplySizes(a, b);
      const [x, y] = [constantSize(settled(context, a)), constantSize(settled(context, b))];
      if (x === undefined || y === undefined) return undefined;
      const value = term.fn === "divide" ? x / y : term.fn === "power" ? x ** y : Number.NaN;
      return Number.isInteger(value) ? sizeOf(value) : undefined;
    }
    default:
      return undefined;
  }
}

export function asSize(scope: Scope, term: Term, expression: Expression): Size {
  const size = sizeFromTerm(scope.context, term);
  if (size === undefined) fail(scope, notASize(expression.span, written(expression), "only sizes can be named here"));
  const value = constantSize(settled(scope.context, size));
  if (value !== undefined && value < 0) fail(scope, notASize(expression.span, written(expression), `it is ${value}`));
  return size;
}

/** The number a term stands for when it is built from numbers and constant sizes alone. */
export function constantOf(context: Context, term: Term): number | undefined {
  if (term.kind === "number") return term.value;
  if (term.kind === "unary" && term.fn === "negate") {
    const operand = constantOf(context, term.operand);
    return operand === undefined ? undefined : -operand;
  }
  if (term.kind === "binary") {
    const [x, y] = [constantOf(context, term.left), constantOf(context, term.right)];
    if (x === undefined || y === undefined) return undefined;
    const rules: Partial<Record<typeof term.fn, number>> = {
      add: x + y,
      subtract: x - y,
      multiply: x * y,
      divide: x / y,
      power: x ** y,
    };
    return rules[term.fn];
  }
  const size = sizeFromTerm(context, term);
  return size && constantSize(settled(context, size));
}
