/** Expressions: from syntax to typed terms, one rule a kind. A mistake is reported once and becomes poison. */
import type { BinaryOperator, Expression, ExpressionKind } from "../../grammar/syntax.ts";
import { sizeOf } from "../ir/size.ts";
import { applyMap } from "./apply.ts";
import { makeCall, matchArguments } from "./calls.ts";
import {
  all,
  attempt,
  counted,
  type Denotation,
  fail,
  noteUse,
  poison,
  type Scope,
  type Use,
  withNames,
  written,
} from "./context.ts";
import { notAValue, objectiveNotScalar, shapeMismatch, typeMismatch, unknownField, wrongArguments } from "./errors.ts";
import { indexed } from "./indexing.ts";
import { combineKernels } from "./kernels.ts";
import { declaredCallable, lookUp } from "./lookup.ts";
import type { Term } from "./model.ts";
import { nearest } from "./nearest.ts";
import { arithmetic, comparison, logic, matmul, negation, numeric, transposition } from "./operators.ts";
import { bindRanges } from "./ranges.ts";
import { sameShape } from "./shapes.ts";
import { builtins } from "./signatures.ts";
import { agreeing } from "./sizes.ts";
import { skim } from "./skim.ts";
import { buildAt, isArray, isScalar, shapeOf } from "./terms.ts";
import { arrayType, type Element, showType } from "./types.ts";

type Of<K extends ExpressionKind> = Extract<Expression, { kind: K }>;
type Rules = { readonly [K in ExpressionKind]: (scope: Scope, e: Of<K>) => Denotation | Term };

/** What an expression stands for; poison if a mistake in it has been reported. */
export function elaborate(scope: Scope, e: Expression): Denotation {
  const denotation = attempt<Denotation, Denotation>(
    () => {
      const rule = rules[e.kind] as (scope: Scope, e: Expression) => Denotation | Term;
      scope.context.visited.add(e);
      return counted(scope, () => asDenotation(rule(scope, e)));
    },
    { kind: "poison" },
  );
  if (denotation.kind === "poison") skim(scope, e);
  return denotation;
}

/** A term has a type, a denotation that is not one has none. */
function asDenotation(result: Denotation | Term): Denotation {
  return "type" in result && "span" in result ? { kind: "value", term: result as Term } : (result as Denotation);
}

/** The expression as a value; throws poison if it is none. */
export function value(scope: Scope, e: Expression): Term {
  return toValue(scope, elaborate(scope, e), e);
}

/** The values of several expressions: every mistake in any of them is reported. */
export function values(scope: Scope, es: readonly Expression[]): Term[] {
  return all(es, (e) => value(scope, e));
}

/** As `value`, for one real number. */
export function scalar(scope: Scope, e: Expression): Term {
  const term = value(scope, e);
  if (!isArray(term) || !isScalar(term) || term.type.element === "bool" || term.type.element === "class") {
    fail(scope, objectiveNotScalar(e.span, written(e), showType(term.type)));
  }
  return term;
}

/** Coerces to a value: an indexed unknown as a whole has its index as first axis, a network is its weights, a row is its number. */
export function toValue(scope: Scope, denotation: Denotation, e: Expression): Term {
  const { span } = e;
  switch (denotation.kind) {
    case "poison":
      throw poison;
    case "value":
      return denotation.term;
    case "row":
      return { kind: "row-index", binder: denotation.binder, type: arrayType("int", []), span };
    case "indexed": {
      const { type, range, name } = denotation;
      if (type.kind === "weights")
        return fail(scope, notAValue(span, `${name} is one ${showType(type)} per index`, `index it: ${name}[i]`));
      const count = range.kind === "table" ? range.type.rows : range.size;
      return { kind: "variable", name, type: arrayType(type.element, [count, ...type.shape]), span };
    }
    case "map": {
      if (denotation.sort === "RKHS")
        return fail(scope, notAValue(span, `${written(e)} is a function`, `call it, or write normsq(${written(e)})`));
      const weights: Term = {
        kind: "variable",
        name: denotation.name,
        type: { kind: "weights", map: denotation.name },
        span,
        ...(denotation.index !== undefined && { index: denotation.index }),
      };
      return denotation.frozen ? buildAt(span).structured("stop", [weights], weights.type) : weights;
    }
    case "table":
      return fail(
        scope,
        notAValue(
          span,
          `${written(e)} is a table`,
          `name a field, such as ${written(e)}.${[...denotation.type.fields.keys()][0] ?? "x"}, or average over its rows: E[${written(e)}](...)`,
        ),
      );
    case "kernel":
      return fail(scope, notAValue(span, `${written(e)} is a kernel`, "a kernel stands in RKHS(...)"));
    case "definition":
      return fail(
        scope,
        notAValue(
          span,
          `${written(e)} is a definition with arguments`,
          `call it: ${written(e)}(${denotation.parameters.map((p) => p.text).join(", ")})`,
        ),
      );
  }
}

const rules: Rules = {
  number: (_, e) => ({
    kind: "number",
    value: e.value,
    type: arrayType(/^[\d_]+$/.test(e.text) ? "int" : "real", []),
    span: e.span,
  }),
  boolean: (_, e) => ({ kind: "number", value: e.value ? 1 : 0, type: arrayType("bool", []), span: e.span }),
  string: (scope, e) =>
    fail(
      scope,
      notAValue(e.span, "a string is not a value here", "strings are file paths and column names in a data source"),
    ),
  name: (scope, e) => lookUp(scope, e.name, e.span),
  list: (scope, e) => list(scope, e),
  unary: (scope, e) => negation(scope, e.operator, value(scope, e.operand), e),
  binary: (scope, e) => binary(scope, e),
  transpose: (scope, e) => transposition(scope, value(scope, e.operand), e),
  field: (scope, e) => field(scope, e),
  index: (scope, e) => indexed(scope, elaborate(scope, e.object), e),
  call: (scope, e) => call(scope, e),
  reduce: (scope, e) => {
    const inner = bindRanges(scope, e.binders, e.reducer);
    const body = value(inner.scope, e.body);
    if (!isArray(body))
      fail(
        scope,
        typeMismatch(
          e.body.span,
          `${written(e.body)} is ${showType(body.type)}, and ${e.reducer}[...] reduces numbers`,
        ),
      );
    if (body.type.element === "class") numeric(scope, body, e.body);
    const element: Element = e.reducer === "sum" && body.type.element === "int" ? "int" : "real";
    return {
      kind: "reduce",
      reducer: e.reducer === "E" ? "mean" : "sum",
      binders: inner.binders,
      body,
      type: arrayType(element, body.type.shape),
      span: e.span,
    };
  },
};

/** Long sums lean to the left; folding their spine keeps the stack flat. */
function binary(scope: Scope, e: Of<"binary">): Denotation | Term {
  const spine: Of<"binary">[] = [];
  let leftmost: Expression = e;
  while (leftmost.kind === "binary") {
    spine.push(leftmost);
    scope.context.visited.add(leftmost);
    leftmost = leftmost.left;
  }
  let left = elaborate(scope, leftmost);
  for (const step of spine.reverse()) {
    const [a, right] = [left, elaborate(scope, step.right)];
    left = attempt(() => asDenotation(operate(scope, step, a, right)), { kind: "poison" });
  }
  return left;
}

const functionOf: Readonly<Record<Exclude<BinaryOperator, "@">, Parameters<typeof arithmetic>[1]>> = {
  "+": "add",
  "-": "subtract",
  "*": "multiply",
  "/": "divide",
  "^": "power",
  "==": "equal",
  "!=": "not_equal",
  "<": "less",
  "<=": "less_equal",
  ">": "greater",
  ">=": "greater_equal",
  "&&": "and",
  "||": "or",
};

function operate(scope: Scope, e: Of<"binary">, left: Denotation, right: Denotation): Denotation | Term {
  if (left.kind === "poison" || right.kind === "poison") throw poison;
  if (left.kind === "kernel" || right.kind === "kernel") return combineKernels(scope, e, left, right, toValue);
  const [a, b] = [toValue(scope, left, e.left), toValue(scope, right, e.right)];
  if (e.operator === "@") return matmul(scope, a, b, e);
  const fn = functionOf[e.operator];
  if (fn === "and" || fn === "or") return logic(scope, fn, a, b, e);
  return ["+", "-", "*", "/", "^"].includes(e.operator)
    ? arithmetic(scope, fn, a, b, e)
    : comparison(scope, fn, a, b, e);
}

/** `[a, b]` stacks equal shapes along a new first axis. */
function list(scope: Scope, e: Of<"list">): Term {
  if (e.items.length === 0) fail(scope, typeMismatch(e.span, "an empty list has no shape"));
  const items = values(scope, e.items);
  const first = items[0] as Term;
  items.forEach((item, i) => {
    const expression = e.items[i] as Expression;
    if (!isArray(item))
      fail(
        scope,
        typeMismatch(
          expression.span,
          `${written(expression)} is ${showType(item.type)}, and a list holds numbers and arrays`,
        ),
      );
    if (
      !sameShape(
        shapeOf(first),
        item.type.shape,
        agreeing(scope, expression.span, () => "the items of a list have one shape"),
      )
    ) {
      fail(
        scope,
        shapeMismatch(
          expression.span,
          `the items of a list have one shape, and this is ${showType(item.type)} after ${showType(first.type)}`,
          [],
        ),
      );
    }
  });
  const elements = new Set(items.map((item) => (isArray(item) ? item.type.element : "real")));
  const only = [...elements][0] as Element;
  const element: Element = elements.size === 1 ? only : "real";
  return { kind: "list", items, type: arrayType(element, [sizeOf(items.length), ...shapeOf(first)]), span: e.span };
}

/** `D.X` is the whole column, `r.x` the row's entry, `fold.valid` a table. */
function field(scope: Scope, e: Of<"field">): Denotation | Term {
  const object = elaborate(scope, e.object);
  if (object.kind === "poison") throw poison;
  const text = written(e.object);
  if (object.kind !== "table" && object.kind !== "row") {
    return fail(scope, notAValue(e.object.span, `${text} has no fields`, "only tables and their rows have fields"));
  }
  const name = e.field.text;
  const type = object.type.fields.get(name);
  noteUse(scope, e.field.span, object.type.declared?.get(name));
  if (type === undefined) {
    const fields = [...object.type.fields.keys()];
    return fail(scope, unknownField(e.field.span, text, name, fields, nearest(name, fields)));
  }
  if (type.kind === "table") {
    if (object.kind === "row")
      return {
        kind: "table",
        ref: { kind: "row-table", binder: object.binder, field: name },
        type: type.table,
        name: `${object.name}.${name}`,
      };
    return fail(
      scope,
      notAValue(e.span, `${text} has one table ${name} per row`, `name the row: E[r in ${text}](E[r.${name}](...))`),
    );
  }
  if (object.kind === "table") return { kind: "column", table: object.ref, field: name, type, span: e.span };
  return {
    kind: "row-field",
    binder: object.binder,
    field: name,
    type: arrayType(type.element, type.shape.slice(1)),
    span: e.span,
  };
}

/** A map at a point, a definition expanded, or a function of the language. What the program declares comes first. */
function call(scope: Scope, e: Of<"call">): Denotation | Term {
  const { callee } = e;
  const name = callee.kind === "name" ? callee.name : undefined;
  const isBuiltin = name !== undefined && builtins.has(name) && declaredCallable(scope, name) === undefined;
  if (isBuiltin) {
    if (e.weights !== undefined)
      fail(
        scope,
        wrongArguments(
          e.weights.span,
          `${name} has no weights`,
          "only a network or a function is called with `; weights`",
        ),
      );
    return callBuiltin(scope, name, e);
  }
  const target =
    callee.kind === "name" ? lookUp(scope, callee.name, callee.span, [...builtins.keys()]) : elaborate(scope, callee);
  if (target.kind === "definition") return expand(scope, target, e);
  if (target.kind === "map") {
    const named = e.arguments.named[0];
    if (named !== undefined)
      fail(scope, wrongArguments(named.name.span, `${target.name} takes its arguments by position`));
    const points = attempt(() => values(scope, e.arguments.positional), undefined);
    const weights = e.weights === undefined ? undefined : value(scope, e.weights);
    if (points === undefined) throw poison;
    return applyMap(scope, target, points, weights, e);
  }
  e.arguments.positional.forEach((argument) => elaborate(scope, argument));
  if (target.kind === "poison") throw poison;
  return fail(
    scope,
    notAValue(
      callee.span,
      `${written(callee)} cannot be called`,
      "write * to multiply; only functions, networks and definitions with arguments are called",
    ),
  );
}

function callBuiltin(scope: Scope, name: string, e: Of<"call">): Denotation | Term {
  const signature = builtins.get(name);
  if (signature === undefined) throw poison;
  const given = [...e.arguments.positional, ...e.arguments.named.map((n) => n.value)];
  const denotations = new Map(given.map((argument) => [argument, elaborate(scope, argument)]));
  const matched = matchArguments(scope, name, e.span, signature.text, e.arguments);
  if ([...denotations.values()].some((d) => d.kind === "poison")) throw poison;
  return signature.build(makeCall(scope, name, e, matched, denotations, toValue));
}

/** A definition's body is read in the scope it was written in, with its parameters standing for the arguments. */
function expand(scope: Scope, definition: Extract<Denotation, { kind: "definition" }>, e: Of<"call">): Denotation {
  const { declaration, parameters } = definition;
  const name = declaration.name.text;
  const text = `${name}(${parameters.map((p) => p.text).join(", ")})`;
  const matched = matchArguments(scope, name, e.span, text, e.arguments);
  const given = new Map(
    parameters.flatMap((parameter) => {
      const argument = matched.get(parameter.text)?.[0];
      return argument === undefined
        ? []
        : [[parameter.text, { denotation: elaborate(scope, argument), span: parameter.span }] as const];
    }),
  );
  if ([...given.values()].some(({ denotation }) => denotation.kind === "poison")) throw poison;
  const use: Use = { name, span: e.span, outer: scope.use };
  return elaborate(withNames({ context: scope.context, use }, "argument", given), declaration.value);
}
