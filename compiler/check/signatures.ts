/**
 * The functions of the language, one entry each: how it is called, what it computes, and the primitive terms it becomes.
 * Adding a function is adding an entry to one of the tables below; hovers, completions and messages read the same entry.
 */
import { namedSize, type Size } from "../ir/size.ts";
import { number, pair } from "./arguments.ts";
import type { Normalisation, Reduction, UnaryFunction } from "./builtins.ts";
import type { Call, Signature } from "./calls.ts";
import { type Denotation, fail, written } from "./context.ts";
import { badDivergence, notAValue, typeMismatch } from "./errors.ts";
import { kernelSignatures } from "./kernels.ts";
import type { Term } from "./model.ts";
import { array, boolean, broadcastShapes, numeric } from "./operators.ts";
import { arraySignatures } from "./signatures-arrays.ts";
import { lossSignatures } from "./signatures-losses.ts";
import { buildAt, elementOf } from "./terms.ts";
import { arrayType, showType } from "./types.ts";

type Table = Readonly<Record<string, Signature>>;

// ------------------------------------------------------------------------------------------- element by element

const elementwiseDocs = {
  exp: "e^x",
  log: "the natural logarithm",
  log1p: "log(1 + x)",
  expm1: "e^x - 1",
  sqrt: "the square root",
  abs: "|x|",
  sign: "-1, 0 or 1",
  sin: "sine",
  cos: "cosine",
  tan: "tangent",
  tanh: "the hyperbolic tangent",
  sigmoid: "1 / (1 + e^-x)",
  log_sigmoid: "-log(1 + e^-x)",
  softplus: "log(1 + e^x)",
  relu: "max(x, 0)",
  gelu: "x Φ(x), Φ the normal distribution function",
  silu: "x sigmoid(x)",
  erf: "the error function",
  square: "x²",
  logcosh: "log(cosh(x))",
} as const satisfies Record<Exclude<UnaryFunction, "negate" | "not" | "huber">, string>;

const elementwise: Table = Object.fromEntries(
  Object.entries(elementwiseDocs).map(([name, doc]) => [
    name,
    {
      text: `${name}(x)`,
      doc,
      build: (call: Call) => buildAt(call.span).unary(name as UnaryFunction, number(call, "x")),
    },
  ]),
);

const choices: Table = {
  select: {
    text: "select(condition, a, b)",
    doc: "a where the condition holds, else b",
    build: (call) => {
      const condition = boolean(call.scope, call.value("condition"), call.expression("condition"), "select");
      const [a, b] = pair(call, "a", "b");
      const built = buildAt(call.span);
      broadcastShapes(
        call.scope,
        condition,
        built.add(a, b),
        call.expression("condition"),
        call.expression("a"),
        call.whole,
      );
      return built.select(condition, a, b);
    },
  },
  clip: {
    text: "clip(x, low, high)",
    doc: "min(max(x, low), high)",
    build: (call) => {
      const { minimum, maximum } = buildAt(call.span);
      const [x, low] = pair(call, "x", "low");
      const [, high] = pair(call, "x", "high");
      return minimum(maximum(x, low), high);
    },
  },
  stop: {
    text: "stop(e)",
    doc: "e without a derivative of any order; of a function or network, a frozen copy",
    build: (call): Denotation | Term => {
      const denotation = call.denotation("e");
      if (denotation.kind === "map") return { ...denotation, frozen: true };
      const term = call.value("e");
      return buildAt(call.span).structured("stop", [term], term.type);
    },
  },
};

// --------------------------------------------------------------------------------------------------- reductions

/** What a statistic reduces: numbers, or booleans as 0 and 1; weights only as a whole. */
function reducible(call: Call, parameter = "x"): { x: Term; axis: number | undefined } {
  const x = call.value(parameter);
  if (elementOf(x) !== "bool") numeric(call.scope, x, call.expression(parameter));
  if (call.has("axis")) array(call.scope, x, call.expression(parameter), "axis");
  return { x, axis: call.axis(x, call.expression(parameter)) };
}

const reduction = (fn: Reduction, doc: string, name: string = fn): Signature => ({
  text: `${name}(x, axis: all)`,
  doc,
  build: (call) => {
    const { x, axis } = reducible(call);
    return buildAt(call.span).reduction(fn, x, axis);
  },
});

/** `max(x)` reduces, `max(a, b)` is element by element. */
const extremum = (fn: "max" | "min", elementwiseFn: "maximum" | "minimum"): Signature => ({
  text: `${fn}(x, other: none, axis: all)`,
  doc: `the ${elementwiseFn} of all entries or along an axis; of two arguments, element by element`,
  build: (call) => {
    if (!call.has("other")) return reduction(fn, "").build(call);
    const [a, b] = pair(call, "x", "other");
    return buildAt(call.span)[elementwiseFn](a, b);
  },
});

const normalisation = (fn: Normalisation, doc: string): Signature => ({
  text: `${fn}(x, axis: -1)`,
  doc,
  build: (call) => {
    const x = array(call.scope, number(call, "x"), call.expression("x"), fn);
    const { type } = x;
    if (type.shape.length === 0)
      fail(
        call.scope,
        typeMismatch(call.span, `${fn} works along an axis, and ${written(call.expression("x"))} is a scalar`),
      );
    const axis = call.axis(x, call.expression("x")) ?? type.shape.length - 1;
    return { kind: "normalisation", fn, operand: x, axis, type: arrayType("real", type.shape), span: call.span };
  },
});

const statistics: Table = {
  sum: reduction("sum", "the sum of all entries, or along an axis"),
  mean: reduction("mean", "the mean of all entries, or along an axis; true counts as 1"),
  E: reduction("mean", "the mean: E[D](...) over the rows of a table, E(x) over all entries", "E"),
  max: extremum("max", "maximum"),
  min: extremum("min", "minimum"),
  argmax: reduction("argmax", "the index of the first largest entry"),
  logsumexp: reduction("logsumexp", "log(sum(exp(x)))"),
  std: reduction("std", "the standard deviation, sqrt(mean((x - mean(x))²))"),
  softmax: normalisation("softmax", "exp(x) / sum(exp(x)) along an axis"),
  log_softmax: normalisation("log_softmax", "x - logsumexp(x) along an axis"),
  sumsq: {
    text: "sumsq(x, axis: all)",
    doc: "the sum of squares",
    build: (call) => {
      const { x, axis } = reducible(call);
      const { reduction: reduce, square } = buildAt(call.span);
      return reduce("sum", square(x), axis);
    },
  },
  norm: {
    text: "norm(x, axis: all)",
    doc: "the Euclidean norm, sqrt(sum(x²))",
    build: (call) => {
      const { x, axis } = reducible(call);
      const { reduction: reduce, square, unary } = buildAt(call.span);
      return unary("sqrt", reduce("sum", square(x), axis));
    },
  },
  norm1: {
    text: "norm1(x, axis: all)",
    doc: "sum(|x|)",
    build: (call) => {
      const { x, axis } = reducible(call);
      const { reduction: reduce, unary } = buildAt(call.span);
      return reduce("sum", unary("abs", x), axis);
    },
  },
  dot: {
    text: "dot(a, b)",
    doc: "sum(a * b)",
    build: (call) => {
      const [a, b] = pair(call, "a", "b");
      const { reduction: reduce, multiply } = buildAt(call.span);
      return reduce("sum", multiply(a, b));
    },
  },
};

// --------------------------------------------------------------------------------------- tables, maps, the data

const ofTables: Table = {
  rows: {
    text: "rows(D)",
    doc: "the number of rows of a table",
    build: (call): Term => {
      const table = call.denotation("D");
      if (table.kind !== "table")
        return fail(
          call.scope,
          notAValue(
            call.expression("D").span,
            `${written(call.expression("D"))} is not a table`,
            "rows(D) counts the rows of a table",
          ),
        );
      return sizeTerm(call, table.type.rows);
    },
  },
  classes: {
    text: "classes(label)",
    doc: "one more than the largest label of a field: classes(train.label)",
    build: (call): Term => {
      const label = call.value("label");
      if (label.kind !== "column" || label.table.kind !== "data" || label.type.element !== "class") {
        return fail(
          call.scope,
          typeMismatch(
            call.expression("label").span,
            `${written(call.expression("label"))} is not a field of labels`,
            "write classes(D.label) with a field declared as class[...]",
          ),
        );
      }
      const column = { table: label.table.name, field: label.field };
      const name = `classes(${column.table}.${column.field})`;
      call.scope.context.classSizes.set(name, { ...column, span: call.span });
      return sizeTerm(call, namedSize(name));
    },
  },
  normsq: {
    text: "normsq(h)",
    doc: "the squared norm of a function in its RKHS",
    build: (call): Term => {
      const map = call.denotation("h");
      const text = written(call.expression("h"));
      if (map.kind !== "map" || map.sort !== "RKHS") {
        return fail(
          call.scope,
          notAValue(
            call.expression("h").span,
            `${text} is not a function in an RKHS`,
            `for weights and arrays write sumsq(${text})`,
          ),
        );
      }
      return {
        kind: "rkhs-norm",
        map: map.name,
        type: arrayType("real", []),
        span: call.span,
        ...(map.index && { index: map.index }),
      };
    },
  },
  divergence: {
    text: "divergence(e, v, probes: none, step: 0.001, seed: 0)",
    doc: "the trace of the derivative of e with respect to the data v, through the lower level; exact, or by random probes",
    build: (call): Term => {
      const of = array(call.scope, number(call, "e"), call.expression("e"), "divergence");
      const by = call.value("v");
      const text = written(call.expression("v"));
      if (by.kind !== "column" || by.type.element !== "real")
        return fail(call.scope, badDivergence(call.expression("v").span, text));
      if (of.type.shape.length !== by.type.shape.length) {
        fail(
          call.scope,
          typeMismatch(
            call.span,
            `divergence needs equal shapes: ${written(call.expression("e"))} is ${showType(of.type)} and ${text} is ${showType(by.type)}`,
          ),
        );
      }
      broadcastShapes(call.scope, of, by, call.expression("e"), call.expression("v"), call.whole);
      return {
        kind: "divergence",
        of,
        by,
        type: arrayType("real", []),
        span: call.span,
        ...(call.has("probes") && {
          probes: call.constant("probes", 1),
          seed: call.constant("seed", 0),
          step: call.has("step") ? call.value("step") : buildAt(call.span).number(1e-3),
        }),
      };
    },
  },
};

function sizeTerm(call: Call, size: Size): Term {
  return { kind: "size", size, type: arrayType("int", []), span: call.span };
}

/** Every function of the language by name. */
export const builtins: ReadonlyMap<string, Signature> = new Map([
  ...Object.entries(elementwise),
  ...Object.entries(choices),
  ...Object.entries(statistics),
  ...Object.entries(arraySignatures),
  ...Object.entries(lossSignatures),
  ...Object.entries(ofTables),
  ...kernelSignatures,
]);
