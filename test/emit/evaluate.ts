/** What a formula means, computed: the check that matrix notation says the same as the tensor expression it stands for. */
import { type Formula, keyOf, type MathSymbol } from "../../compiler/emit/math.ts";
import { scalarFunctions } from "../../compiler/ir/scalar.ts";
import { evaluateSize, type SizeBindings } from "../../compiler/ir/size.ts";
import type { Tensor } from "../support/interpret.ts";

/** Entries by row and column; a side of unknown length fits any. A scalar multiplies anything. */
export interface Value {
  readonly scalar: boolean;
  readonly rows?: number;
  readonly columns?: number;
  readonly at: (i: number, j: number) => number;
}

export interface Environment {
  /** By the key of their symbols, without axes of constant size 1. */
  readonly values: ReadonlyMap<string, Tensor>;
  readonly sizes: SizeBindings;
  readonly indices: ReadonlyMap<string, number>;
}

/** The formula is of a kind that is not computed here. */
export class NotComputed extends Error {}

const scalar = (value: number): Value => ({ scalar: true, at: () => value });
const vector = (entries: readonly number[]): Value => ({
  scalar: false,
  rows: entries.length,
  columns: 1,
  at: (i) => entries[i] as number,
});

function dense(rows: number, columns: number, at: (i: number, j: number) => number): Value {
  const entries = Float64Array.from({ length: rows * columns }, (_, k) => at(Math.floor(k / columns), k % columns));
  if (rows === 1 && columns === 1) return scalar(entries[0] as number);
  return { scalar: false, rows, columns, at: (i, j) => entries[i * columns + j] as number };
}

function known(length: number | undefined): number {
  if (length === undefined) throw new NotComputed("a side of unknown length");
  return length;
}

/** Entry by entry; scalars and sides of unknown length spread. */
function entrywise(values: readonly Value[], f: (...x: number[]) => number): Value {
  const arrays = values.filter((value) => !value.scalar);
  return {
    scalar: arrays.length === 0,
    rows: arrays.map((value) => value.rows).find((rows) => rows !== undefined),
    columns: arrays.map((value) => value.columns).find((columns) => columns !== undefined),
    at: (i, j) => f(...values.map((value) => value.at(i, j))),
  };
}

function multiply(a: Value, b: Value): Value {
  if (a.scalar || b.scalar) return entrywise([a, b], (x, y) => x * y);
  const inner = known(a.columns ?? b.rows);
  const at = (i: number, j: number): number =>
    Array.from({ length: inner }, (_, k) => a.at(i, k) * b.at(k, j)).reduce((x, y) => x + y, 0);
  return a.rows === undefined || b.columns === undefined
    ? { scalar: false, rows: a.rows, columns: b.columns, at }
    : dense(a.rows, b.columns, at);
}

function tensorValue(tensor: Tensor): Value {
  if (tensor.shape.length > 2) throw new NotComputed("an array of three axes");
  const [rows = 1, columns = 1] = tensor.shape;
  const value = dense(rows, columns, (i, j) => tensor.values[i * columns + j] as number);
  return tensor.shape.length === 0 ? scalar(tensor.values[0] as number) : value;
}

const entriesOf = (value: Value): readonly number[] =>
  Array.from({ length: known(value.rows) * known(value.columns) }, (_, k) =>
    value.at(Math.floor(k / known(value.columns)), k % known(value.columns)),
  );

const logsumexp = (x: readonly number[]): number => Math.log(x.reduce((total, own) => total + Math.exp(own), 0));

const reductions: Readonly<Record<string, (x: readonly number[]) => number>> = {
  logsumexp,
  max: (x) => Math.max(...x),
  min: (x) => Math.min(...x),
  argmax: (x) => x.indexOf(Math.max(...x)),
};

export function evaluate(formula: Formula, environment: Environment): Value {
  const own = (part: Formula): Value => evaluate(part, environment);
  const number = (part: Formula): number => own(part).at(0, 0);
  const over = (indices: readonly MathSymbol[], body: Formula): readonly number[] =>
    evaluateOver(indices, body, environment);
  switch (formula.kind) {
    case "symbol": {
      const index = formula.runsOver && environment.indices.get(formula.base);
      if (index !== undefined) return scalar(index);
      const value = environment.values.get(keyOf(formula));
      if (value !== undefined) return tensorValue(value);
      const size = environment.sizes.get(keyOf(formula));
      if (size !== undefined) return scalar(size);
      throw new NotComputed(keyOf(formula));
    }
    case "number":
      return scalar(formula.value);
    case "sum":
      return entrywise(
        formula.terms.map(({ term }) => own(term)),
        (...x) => x.reduce((total, value, k) => total + (formula.terms[k]?.sign ?? 1) * value, 0),
      );
    case "product":
      return formula.factors.map(own).reduce(multiply);
    case "hadamard":
      return entrywise(formula.factors.map(own), (...x) => x.reduce((a, b) => a * b));
    case "scaled":
      return entrywise([own(formula.factor), own(formula.body)], (a, b) => a * b);
    case "fraction":
      return entrywise([own(formula.numerator), own(formula.denominator)], (a, b) => a / b);
    case "power":
      return entrywise([own(formula.base), own(formula.exponent)], (a, b) => a ** b);
    case "root":
      return entrywise([own(formula.operand)], Math.sqrt);
    case "abs":
      return entrywise([own(formula.operand)], Math.abs);
    case "transpose": {
      const value = own(formula.operand);
      return { scalar: value.scalar, rows: value.columns, columns: value.rows, at: (i, j) => value.at(j, i) };
    }
    case "norm":
      return scalar(Math.hypot(...entriesOf(own(formula.operand))));
    case "inner":
      return scalar(
        entriesOf(entrywise([own(formula.left), own(formula.right)], (a, b) => a * b)).reduce((a, b) => a + b, 0),
      );
    case "identity":
      return { scalar: false, at: (i, j) => (i === j ? 1 : 0) };
    case "ones":
      return { scalar: false, columns: 1, at: () => 1 };
    case "indexSum":
      return scalar(over(formula.indices, formula.body).reduce((a, b) => a + b, 0));
    case "entries": {
      const lengths = formula.indices.map((index) =>
        known(index.runsOver && evaluateSize(index.runsOver, environment.sizes)),
      );
      return tensorValue({ shape: lengths, values: Float64Array.from(over(formula.indices, formula.body)) });
    }
    case "indicator":
      return own(formula.condition);
    case "relation": {
      const tests: Readonly<Record<string, (a: number, b: number) => boolean>> = {
        "=": (a, b) => a === b,
        "<": (a, b) => a < b,
        "≤": (a, b) => a <= b,
        "∧": (a, b) => a !== 0 && b !== 0,
        "∨": (a, b) => a !== 0 || b !== 0,
        "≠": (a, b) => a !== b,
      };
      return entrywise([own(formula.left), own(formula.right)], (a, b) => Number(tests[formula.sign]?.(a, b)));
    }
    case "subscripted": {
      if (formula.base.kind === "symbol" && formula.base.base === "δ")
        return scalar(number(formula.indices[0] as Formula) === number(formula.indices[1] as Formula) ? 1 : 0);
      if (formula.indices.some((index) => index.kind === "symbol" && index.runsOver === undefined))
        throw new NotComputed("a slice");
      const places = formula.indices.map(own);
      if (places.some((place) => !place.scalar)) throw new NotComputed("several entries at once");
      const positions = places.map((place) => place.at(0, 0));
      const tensor = formula.base.kind === "symbol" ? environment.values.get(keyOf(formula.base)) : undefined;
      if (tensor !== undefined) {
        return scalar(
          tensor.values[
            tensor.shape.reduce((at, length, axis) => at * length + (positions[axis] as number), 0)
          ] as number,
        );
      }
      return scalar(own(formula.base).at(positions[0] as number, positions[1] ?? 0));
    }
    case "matrix":
      return dense(formula.rows.length, formula.rows[0]?.length ?? 0, (i, j) =>
        number(formula.rows[i]?.[j] as Formula),
      );
    case "call":
      return callValue(formula.fn, formula.arguments, formula.over, own, over);
    default:
      throw new NotComputed(formula.kind);
  }
}

/** The values of the body as the indices run over all their values, the last fastest. */
function evaluateOver(indices: readonly MathSymbol[], body: Formula, environment: Environment): readonly number[] {
  const [first, ...rest] = indices;
  if (first === undefined) return [evaluate(body, environment).at(0, 0)];
  const length = known(first.runsOver && evaluateSize(first.runsOver, environment.sizes));
  return Array.from({ length }, (_, i) =>
    evaluateOver(rest, body, { ...environment, indices: new Map([...environment.indices, [first.base, i]]) }),
  ).flat();
}

function callValue(
  fn: string,
  parts: readonly Formula[],
  axis: Formula | undefined,
  own: (part: Formula) => Value,
  over: (indices: readonly MathSymbol[], body: Formula) => readonly number[],
): Value {
  const first = parts[0] as Formula;
  if (fn === "diag") {
    const value = own(first);
    if (value.columns === 1 || value.scalar)
      return { scalar: false, rows: value.rows, columns: value.rows, at: (i, j) => (i === j ? value.at(i, 0) : 0) };
    return vector(Array.from({ length: known(value.rows) }, (_, i) => value.at(i, i)));
  }
  if (fn === "range") return vector(Array.from({ length: own(first).at(0, 0) }, (_, i) => i));
  if (fn === "onehot") {
    const labels = own(first);
    return { scalar: false, rows: labels.rows, at: (i, l) => Number(labels.at(i, 0) === l) };
  }
  if (fn === "vec") return vector(entriesOf(own(first)));
  const reduction = parts.length === 1 ? reductions[fn === "softmax" ? "logsumexp" : fn] : undefined;
  if (reduction !== undefined) {
    if (axis?.kind === "symbol" && axis.runsOver !== undefined) return scalar(reduction(over([axis], first)));
    const value = own(first);
    const [rows, columns] = [known(value.rows), known(value.columns)];
    const line = (i: number, j: number): readonly number[] =>
      columns === 1 || axis !== undefined
        ? Array.from({ length: rows }, (_, k) => value.at(k, j))
        : Array.from({ length: columns }, (_, k) => value.at(i, k));
    if (fn === "softmax") return dense(rows, columns, (i, j) => Math.exp(value.at(i, j) - logsumexp(line(i, j))));
    if (columns === 1) return scalar(reduction(line(0, 0)));
    return vector(
      Array.from({ length: axis === undefined ? rows : columns }, (_, k) =>
        reduction(axis === undefined ? line(k, 0) : line(0, k)),
      ),
    );
  }
  const f = (scalarFunctions as Readonly<Record<string, ((...x: number[]) => number) | undefined>>)[fn];
  if (f === undefined) throw new NotComputed(fn);
  return entrywise(parts.map(own), f);
}
