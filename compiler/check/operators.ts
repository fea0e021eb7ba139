/** Operators: which types they take, what shapes come out, and what to say when operands disagree. */
import type { Fix, Note } from "../../grammar/diagnostics.ts";
import { printExpression } from "../../grammar/print.ts";
import type { Expression } from "../../grammar/syntax.ts";
import type { BinaryFunction } from "./builtins.ts";
import { type Context, fail, type Scope, written } from "./context.ts";
import { ambiguousProduct, shapeMismatch, typeMismatch, vectorTranspose } from "./errors.ts";
import type { Term } from "./model.ts";
import { broadcast, matrixProduct, type Shape, transposed } from "./shapes.ts";
import { agreeing, couldAgree } from "./sizes.ts";
import { type ArrayTerm, buildAt, elementOf, isArray, isScalar, shapeOf } from "./terms.ts";
import { arrayType, showType } from "./types.ts";

type Of<K extends Expression["kind"]> = Extract<Expression, { kind: K }>;

/** Where the thing a term reads is declared, for a note: `theta: real[d]`. */
export function origin(context: Context, term: Term): readonly Note[] {
  switch (term.kind) {
    case "variable":
    case "apply": {
      const name = term.kind === "variable" ? term.name : term.map;
      const span = context.symbols.get(name)?.span;
      return span === undefined
        ? []
        : [
            {
              message:
                term.kind === "variable"
                  ? `${name} is declared here: ${showType(term.type)}`
                  : `${name} is declared here`,
              span,
            },
          ];
    }
    case "column": {
      const { table, field } = term;
      const declared = table.kind === "data" ? context.symbols.get(table.name)?.denotation : undefined;
      const span = declared?.kind === "table" ? declared.type.declared?.get(field) : undefined;
      if (table.kind !== "data" || span === undefined) return [];
      return [{ message: `${table.name}.${field} is declared here: ${showType(term.type)}`, span }];
    }
    case "unary":
      return origin(context, term.operand);
    case "structured":
      return term.operands.length === 1 ? origin(context, term.operands[0] as Term) : [];
    case "index":
      return origin(context, term.object);
    default:
      return [];
  }
}

/** `a` is real[n] and `b` is real[m]. */
export function disagreement(
  scope: Scope,
  a: Term,
  b: Term,
  left: Expression,
  right: Expression,
): { message: string; notes: readonly Note[] } {
  return {
    message: `${written(left)} is ${showType(a.type)} and ${written(right)} is ${showType(b.type)}`,
    notes: [...origin(scope.context, a), ...origin(scope.context, b)],
  };
}

/** A real or whole number, or weights: what arithmetic takes. */
export function numeric(scope: Scope, term: Term, e: Expression): Term {
  const element = elementOf(term);
  if (element === "bool") {
    fail(
      scope,
      typeMismatch(
        e.span,
        `${written(e)} is ${showType(term.type)}, and arithmetic takes numbers`,
        "choose with select(condition, a, b), or average it with mean(...)",
      ),
    );
  }
  if (element === "class") {
    fail(
      scope,
      typeMismatch(
        e.span,
        `${written(e)} is ${showType(term.type)}: a label, not a quantity`,
        "use one_hot(label, k), cross_entropy(logits, label), or declare the field as int or real",
        origin(scope.context, term),
      ),
    );
  }
  return term;
}

/** An array, not weights. */
export function array(scope: Scope, term: Term, e: Expression, what: string): ArrayTerm {
  if (isArray(term)) return term;
  return fail(
    scope,
    typeMismatch(
      e.span,
      `${written(e)} is ${showType(term.type)}, and ${what} takes arrays`,
      "weights have arithmetic by entry, and sumsq, norm, norm1, dot",
    ),
  );
}

export function arithmetic(scope: Scope, fn: BinaryFunction, a: Term, b: Term, e: Of<"binary">): Term {
  numeric(scope, a, e.left);
  numeric(scope, b, e.right);
  if (!isArray(a) || !isArray(b)) weightsAgree(scope, a, b, e.left, e.right);
  else {
    if (fn === "multiply") unambiguous(scope, a, e);
    broadcastShapes(scope, a, b, e.left, e.right, e);
  }
  return buildAt(e.span).binary(fn, a, b);
}

/** The shape two operands broadcast to; fails with both declarations and what would fit. */
export function broadcastShapes(
  scope: Scope,
  a: Term,
  b: Term,
  left: Expression,
  right: Expression,
  whole: Expression,
): Shape {
  const shape = broadcast(
    shapeOf(a),
    shapeOf(b),
    agreeing(scope, whole.span, () => `${written(whole)} needs equal sizes`),
  );
  if (shape !== undefined) return shape;
  const { message, notes } = disagreement(scope, a, b, left, right);
  return fail(
    scope,
    shapeMismatch(
      whole.span,
      `${written(whole)}: the shapes disagree, ${message}`,
      notes,
      ...broadcastAdvice(scope, a, b, left, right),
    ),
  );
}

function broadcastAdvice(scope: Scope, a: Term, b: Term, left: Expression, right: Expression): Advice {
  const could = couldAgree(scope.context);
  const swapped = (shape: Shape): Shape => transposed(shape) ?? shape;
  const transposing = (e: Expression): Advice => [
    `they agree with ${written(e)} transposed; shapes are aligned at their last axes`,
    [{ title: `transpose ${written(e)}`, span: e.span, text: printExpression(turned(e)) }],
  ];
  if (broadcast(swapped(shapeOf(a)), shapeOf(b), could)) return transposing(left);
  if (broadcast(shapeOf(a), swapped(shapeOf(b)), could)) return transposing(right);
  if (shapeOf(a).length === 1 && shapeOf(b).length === 1) return [];
  return ["shapes are aligned at their last axes"];
}

/** A sentence, and what would repair the place. */
type Advice = readonly [suggestion?: string, fixes?: readonly Fix[]];

/** The expression transposed. */
const turned = (e: Expression): Expression =>
  e.kind === "transpose" ? e.operand : { kind: "transpose", operand: e, span: e.span };

/** Weights go with weights of the same map, or with a scalar. */
export function weightsAgree(scope: Scope, a: Term, b: Term, left: Expression, right: Expression): void {
  const fits = isArray(a)
    ? isScalar(a)
    : isArray(b)
      ? isScalar(b)
      : a.type.kind === "weights" && b.type.kind === "weights" && a.type.map === b.type.map;
  if (fits) return;
  const { message, notes } = disagreement(scope, a, b, left, right);
  fail(
    scope,
    typeMismatch(
      right.span,
      message,
      "weights combine entry by entry with weights of the same map, or with a scalar",
      notes,
    ),
  );
}

/** `a * b @ c` with a non-scalar `a` and no parentheses reads two ways. */
function unambiguous(scope: Scope, a: Term, e: Of<"binary">): void {
  const { right } = e;
  if (right.kind !== "binary" || right.operator !== "@" || right.parenthesized || isScalar(a)) return;
  fail(scope, ambiguousProduct(e.span, written(e.left), written(right.left), written(right.right), showType(a.type)));
}

export function comparison(scope: Scope, fn: BinaryFunction, a: Term, b: Term, e: Of<"binary">): Term {
  const left = array(scope, a, e.left, e.operator);
  const right = array(scope, b, e.right, e.operator);
  const ordered = fn !== "equal" && fn !== "not_equal";
  if (ordered) {
    numeric(scope, left, e.left);
    numeric(scope, right, e.right);
  } else {
    const [x, y] = [left.type.element, right.type.element];
    const kinds = new Set(
      [x, y].map((element) => (element === "int" ? "number" : element === "real" ? "number" : element)),
    );
    const whole = [x, y].includes("class") && [x, y].includes("int");
    if (kinds.size > 1 && !whole) {
      const { message, notes } = disagreement(scope, a, b, e.left, e.right);
      fail(scope, typeMismatch(e.span, `${written(e)} compares different things: ${message}`, undefined, notes));
    }
  }
  broadcastShapes(scope, a, b, e.left, e.right, e);
  return buildAt(e.span).binary(fn, a, b);
}

export function logic(scope: Scope, fn: "and" | "or", a: Term, b: Term, e: Of<"binary">): Term {
  boolean(scope, a, e.left, e.operator);
  boolean(scope, b, e.right, e.operator);
  broadcastShapes(scope, a, b, e.left, e.right, e);
  return buildAt(e.span).binary(fn, a, b);
}

export function boolean(scope: Scope, term: Term, e: Expression, what: string): Term {
  if (isArray(term) && term.type.element === "bool") return term;
  return fail(
    scope,
    typeMismatch(
      e.span,
      `${written(e)} is ${showType(term.type)}, and ${what} takes a condition`,
      "a condition is a comparison such as x > 0",
    ),
  );
}

export function negation(scope: Scope, operator: "-" | "!", operand: Term, e: Of<"unary">): Term {
  const checked = operator === "!" ? boolean(scope, operand, e.operand, "!") : numeric(scope, operand, e.operand);
  return buildAt(e.span).unary(operator === "!" ? "not" : "negate", checked);
}

export function transposition(scope: Scope, operand: Term, e: Of<"transpose">): Term {
  const { type } = array(scope, operand, e.operand, "'");
  const shape = transposed(type.shape);
  if (shape === undefined) fail(scope, vectorTranspose(e.span, written(e.operand), showType(type)));
  return buildAt(e.span).structured("transpose", [operand], arrayType(type.element, shape));
}

export function matmul(scope: Scope, a: Term, b: Term, e: Of<"binary">): Term {
  const left = numeric(scope, array(scope, a, e.left, "@"), e.left);
  const right = numeric(scope, array(scope, b, e.right, "@"), e.right);
  const product = matrixProduct(
    shapeOf(left),
    shapeOf(right),
    agreeing(scope, e.span, () => `${written(e)} needs equal inner sizes`),
  );
  if (product.ok) return buildAt(e.span).structured("matmul", [left, right], arrayType("real", product.shape));
  const { message, notes } = disagreement(scope, a, b, e.left, e.right);
  const text = written(e);
  if (product.why === "scalar") {
    fail(
      scope,
      shapeMismatch(
        e.span,
        `${text}: @ is the product of vectors and matrices, ${message}`,
        notes,
        `did you mean ${written(e.left)} * ${written(e.right)}?`,
      ),
    );
  }
  const why = product.why === "inner" ? "the inner sizes disagree" : "the leading axes disagree";
  return fail(scope, shapeMismatch(e.span, `${text}: ${why}, ${message}`, notes, ...productAdvice(scope, a, b, e)));
}

/** Of the products with one or both operands transposed or swapped, the first that fits. */
function productAdvice(scope: Scope, a: Term, b: Term, e: Of<"binary">): Advice {
  const sides = [
    [a, e.left],
    [b, e.right],
  ] as const;
  const [left = [], right = []] = sides.map(([term, expression]) => {
    const shape = shapeOf(term);
    const swapped = transposed(shape);
    const plain = { shape, expression };
    return swapped === undefined ? [plain] : [plain, { shape: swapped, expression: turned(expression) }];
  });
  const pairs = left.flatMap((x) => right.map((y) => [x, y] as const));
  const fits = pairs
    .concat(pairs.map(([x, y]) => [y, x]))
    .find(([x, y]) => matrixProduct(x.shape, y.shape, couldAgree(scope.context)).ok);
  if (fits === undefined) return [];
  const product: Expression = { ...e, left: fits[0].expression, right: fits[1].expression };
  const text = printExpression(product);
  return [`did you mean ${written(product)}?`, [{ title: `replace by ${written(product)}`, span: e.span, text }]];
}
