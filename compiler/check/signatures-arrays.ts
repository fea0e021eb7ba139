/** Functions of matrices and shapes, and generated arrays. */
import { addSizes, productOfSizes, type Size, sizeOf } from "../ir/size.ts";
import type { Call, Signature } from "./calls.ts";
import { fail, written } from "./context.ts";
import { badAxis, notASize, shapeMismatch, typeMismatch, wrongArguments } from "./errors.ts";
import { demandLabels } from "./labels.ts";
import type { Generator, Term } from "./model.ts";
import { array, numeric, origin } from "./operators.ts";
import { sameShape } from "./shapes.ts";
import { agreeing, compareSizes } from "./sizes.ts";
import { type ArrayTerm, buildAt, shapeOf } from "./terms.ts";
import { type ArrayType, arrayType, type Element, showType } from "./types.ts";

/** An argument that is an array of numbers of at least this rank. */
function arrayArgument(call: Call, parameter: string, rank = 0): ArrayTerm {
  const expression = call.expression(parameter);
  const term = array(call.scope, numeric(call.scope, call.value(parameter), expression), expression, call.name);
  const words = ["a number", "a vector", "a matrix"];
  if (term.type.shape.length < rank) {
    fail(
      call.scope,
      shapeMismatch(
        expression.span,
        `${call.name} takes ${words[rank]}, and ${written(expression)} is ${showType(term.type)}`,
        origin(call.scope.context, term),
      ),
    );
  }
  return term;
}

/** [..., n, n]. */
function squareArgument(call: Call, parameter: string): ArrayTerm {
  const term = arrayArgument(call, parameter, 2);
  const [rows, columns] = term.type.shape.slice(-2) as [Size, Size];
  if (!agreeing(call.scope, call.span, () => `${call.name} takes a square matrix`)(rows, columns)) {
    const expression = call.expression(parameter);
    fail(
      call.scope,
      shapeMismatch(
        expression.span,
        `${call.name} takes a square matrix, and ${written(expression)} is ${showType(term.type)}`,
        origin(call.scope.context, term),
      ),
    );
  }
  return term;
}

function vectorArgument(call: Call, parameter: string): ArrayTerm {
  const term = arrayArgument(call, parameter, 1);
  if (term.type.shape.length !== 1) {
    fail(
      call.scope,
      shapeMismatch(
        call.expression(parameter).span,
        `${call.name} takes vectors, and ${written(call.expression(parameter))} is ${showType(term.type)}`,
        [],
      ),
    );
  }
  return term;
}

const real = (shape: readonly Size[]): ArrayType => arrayType("real", shape);
const sameElement = (terms: readonly ArrayTerm[]): Element => {
  const elements = new Set(terms.map((t) => t.type.element));
  return elements.size === 1 ? ([...elements][0] as Element) : "real";
};

/** Equal items, for stack; for concat they may differ along the axis. */
function items(call: Call): readonly ArrayTerm[] {
  const terms = call.values("items") as readonly ArrayTerm[];
  if (terms.length === 0)
    fail(
      call.scope,
      wrongArguments(call.span, `${call.name} needs something to put together`, `write ${call.name}(a, b)`),
    );
  for (const term of terms) {
    if (term.type.kind !== "array")
      fail(
        call.scope,
        typeMismatch(call.span, `${call.name} takes arrays, and one of these is ${showType(term.type)}`),
      );
  }
  return terms;
}

function itemsDisagree(call: Call, terms: readonly ArrayTerm[]): never {
  const types = terms.map((t) => showType(t.type)).join(" and ");
  return fail(
    call.scope,
    shapeMismatch(
      call.span,
      `${call.name}: the shapes disagree, ${types}`,
      terms.flatMap((t) => origin(call.scope.context, t)),
    ),
  );
}

/** The axis argument within a rank, from the end when negative. */
function axisWithin(call: Call, rank: number, shown: Term): number {
  const axis = call.constant("axis", 0);
  const resolved = axis < 0 ? rank + axis : axis;
  if (Number.isInteger(resolved) && resolved >= 0 && resolved < rank) return resolved;
  return fail(call.scope, badAxis(call.expression("axis").span, axis, call.name, showType(shown.type)));
}

export const arraySignatures: Readonly<Record<string, Signature>> = {
  outer: {
    text: "outer(a, b)",
    doc: "the matrix of products a_i b_j",
    build: (call) => {
      const [a, b] = [vectorArgument(call, "a"), vectorArgument(call, "b")];
      return buildAt(call.span).structured("outer", [a, b], real([...a.type.shape, ...b.type.shape]));
    },
  },
  trace: {
    text: "trace(A)",
    doc: "the sum of the diagonal of a square matrix",
    build: (call) => {
      const a = squareArgument(call, "A");
      return buildAt(call.span).structured("trace", [a], real(a.type.shape.slice(0, -2)));
    },
  },
  diag: {
    text: "diag(x)",
    doc: "the diagonal matrix of a vector; the diagonal of a square matrix",
    build: (call) => {
      const x = shapeOf(call.value("x")).length === 1 ? vectorArgument(call, "x") : squareArgument(call, "x");
      const { shape, element } = x.type;
      const result = shape.length === 1 ? [...shape, ...shape] : shape.slice(0, -1);
      return buildAt(call.span).structured("diag", [x], arrayType(element, result));
    },
  },
  solve: {
    text: "solve(A, b)",
    doc: "x with A x = b, for a vector or a matrix b",
    build: (call) => {
      const [a, b] = [squareArgument(call, "A"), arrayArgument(call, "b", 1)];
      const rows = b.type.shape.length === 1 ? b.type.shape[0] : b.type.shape.at(-2);
      const fits = agreeing(
        call.scope,
        call.span,
        () => "solve takes as many equations as A has rows",
      )(a.type.shape.at(-1) as Size, rows as Size);
      if (!fits)
        fail(
          call.scope,
          shapeMismatch(call.span, `solve: the sizes disagree, ${showType(a.type)} and ${showType(b.type)}`, [
            ...origin(call.scope.context, a),
            ...origin(call.scope.context, b),
          ]),
        );
      return buildAt(call.span).structured("solve", [a, b], real(b.type.shape));
    },
  },
  inv: {
    text: "inv(A)",
    doc: "the inverse of a square matrix; solve(A, b) is cheaper and more accurate than inv(A) @ b",
    build: (call) => {
      const a = squareArgument(call, "A");
      return buildAt(call.span).structured("inv", [a], real(a.type.shape));
    },
  },
  cholesky: {
    text: "cholesky(A)",
    doc: "the lower-triangular L with L L' = A, A symmetric positive definite",
    build: (call) => {
      const a = squareArgument(call, "A");
      return buildAt(call.span).structured("cholesky", [a], real(a.type.shape));
    },
  },
  logdet: {
    text: "logdet(A)",
    doc: "log(det(A)), A symmetric positive definite",
    build: (call) => {
      const a = squareArgument(call, "A");
      return buildAt(call.span).structured("logdet", [a], real(a.type.shape.slice(0, -2)));
    },
  },
  concat: {
    text: "concat(...items, axis: 0)",
    doc: "the items one after the other along an axis",
    build: (call) => {
      const terms = items(call);
      const first = terms[0] as ArrayTerm;
      const axis = axisWithin(call, first.type.shape.length, first);
      const agree = agreeing(call.scope, call.span, () => "concat takes equal sizes along the other axes");
      const others = (t: ArrayTerm): readonly Size[] => t.type.shape.filter((_, i) => i !== axis);
      if (!terms.every((t) => sameShape(others(first), others(t), agree))) itemsDisagree(call, terms);
      const total = terms.map((t) => t.type.shape[axis] as Size).reduce(addSizes);
      const shape = first.type.shape.map((size, i) => (i === axis ? total : size));
      return buildAt(call.span).structured("concat", terms, arrayType(sameElement(terms), shape), axis);
    },
  },
  stack: {
    text: "stack(...items, axis: 0)",
    doc: "the items along a new axis",
    build: (call) => {
      const terms = items(call);
      const first = terms[0] as ArrayTerm;
      const agree = agreeing(call.scope, call.span, () => "stack takes equal shapes");
      if (!terms.every((t) => sameShape(first.type.shape, t.type.shape, agree))) itemsDisagree(call, terms);
      const axis = axisWithin(call, first.type.shape.length + 1, first);
      const shape = [...first.type.shape.slice(0, axis), sizeOf(terms.length), ...first.type.shape.slice(axis)];
      return buildAt(call.span).structured("stack", terms, arrayType(sameElement(terms), shape), axis);
    },
  },
  reshape: {
    text: "reshape(x, ...shape)",
    doc: "the same entries in row-major order with another shape",
    build: (call) => {
      const x = array(call.scope, call.value("x"), call.expression("x"), "reshape");
      const shape = call.sizes("shape");
      const [before, after] = [productOfSizes(x.type.shape), productOfSizes(shape)];
      if (compareSizes(call.scope.context, before, after) === "different") {
        const target = showType(arrayType(x.type.element, shape));
        fail(
          call.scope,
          shapeMismatch(
            call.span,
            `reshape keeps the number of entries: ${written(call.expression("x"))} is ${showType(x.type)} and the result would be ${target}`,
            origin(call.scope.context, x),
          ),
        );
      }
      agreeing(call.scope, call.span, () => "reshape keeps the number of entries")(before, after);
      return buildAt(call.span).structured("reshape", [x], arrayType(x.type.element, shape));
    },
  },
  gather: {
    text: "gather(x, index, axis: 0)",
    doc: "the entries of x at the indices, along an axis",
    build: (call) => {
      const x = array(call.scope, call.value("x"), call.expression("x"), "gather");
      const index = array(call.scope, call.value("index"), call.expression("index"), "gather");
      if ((index.type.element !== "int" && index.type.element !== "class") || index.type.shape.length !== 1) {
        fail(
          call.scope,
          typeMismatch(
            call.expression("index").span,
            `gather takes a vector of whole numbers, and this is ${showType(index.type)}`,
          ),
        );
      }
      const axis = axisWithin(call, x.type.shape.length, x);
      demandLabels(call.scope, index, x.type.shape[axis] as Size, call.expression("index").span);
      const shape = x.type.shape.map((size, i) => (i === axis ? (index.type.shape[0] as Size) : size));
      return buildAt(call.span).structured("gather", [x, index], arrayType(x.type.element, shape), axis);
    },
  },
  one_hot: {
    text: "one_hot(label, k)",
    doc: "a vector of k entries, 1 at the label and 0 elsewhere",
    build: (call) => {
      const label = array(call.scope, call.value("label"), call.expression("label"), "one_hot");
      if (label.type.element !== "class" && label.type.element !== "int") {
        fail(
          call.scope,
          typeMismatch(
            call.expression("label").span,
            `one_hot takes labels, and ${written(call.expression("label"))} is ${showType(label.type)}`,
            "declare the field as class[...]",
          ),
        );
      }
      const classes = call.size("k");
      demandLabels(call.scope, label, classes, call.expression("label").span);
      return buildAt(call.span).oneHot(label, classes);
    },
  },
  normal: generated("normal(...shape, seed: 0)", "independent standard normal numbers", (call) => ({
    kind: "normal",
    seed: call.constant("seed", 0),
  })),
  uniform: generated(
    "uniform(low: 0, high: 1, ...shape, seed: 0)",
    "independent uniform numbers between low and high",
    (call) => ({
      kind: "uniform",
      low: call.constant("low", 0),
      high: call.constant("high", 1),
      seed: call.constant("seed", 0),
    }),
  ),
  linspace: generated(
    "linspace(from, to, ...shape)",
    "evenly spaced numbers from `from` to `to`, both included",
    (call) => ({
      kind: "linspace",
      from: call.constant("from", 0),
      to: call.constant("to", 1),
    }),
  ),
  zeros: generated("zeros(...shape)", "0 everywhere", () => ({ kind: "zeros" })),
  ones: generated("ones(...shape)", "1 everywhere", () => ({ kind: "ones" })),
  eye: generated("eye(...shape)", "the identity matrix", () => ({ kind: "eye" })),
};

/** A seeded or constant array: of the shape given, or of the one declared where it stands. */
function generated(text: string, doc: string, generator: (call: Call) => Generator): Signature {
  return {
    text,
    doc,
    build: (call): Term => {
      const made = generator(call);
      const given = call.sizes("shape");
      const shape =
        given.length === 0
          ? call.scope.shape?.shape
          : given.length === 1 && made.kind === "eye"
            ? [...given, ...given]
            : given;
      if (shape === undefined) {
        return fail(
          call.scope,
          wrongArguments(
            call.span,
            `${call.name} needs a shape here`,
            `write ${text.replace("...shape", "n, d")}; only a declaration gives it one`,
          ),
        );
      }
      if (made.kind === "eye" && shape.length !== 2)
        fail(call.scope, notASize(call.span, written(call.whole), "eye is a matrix"));
      return { kind: "generate", generator: made, type: real(shape), span: call.span };
    },
  };
}
