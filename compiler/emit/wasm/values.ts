/** The scalar graph of one entry of a node: everything inlined that has no buffer. */
import type { MapFunction, Node } from "../../ir/node.ts";
import { dimensions } from "../specialise.ts";
import { unreshaped } from "./decide.ts";
import { huber, sigmoid, softplus, tanh } from "./elementary.ts";
import { rowMajorStrides } from "./matrix-product.ts";
import type { Buffer, CompositeFunction, Index, Scalar, ScalarGraph } from "./scalar.ts";

/** The buffer that holds a node's entries, or `undefined` for a node that is recomputed where it is read. */
export type BufferOf = (node: Node) => Buffer | undefined;

/** The node's entry at the indices. */
export function valueOf(node: Node, indices: readonly Index[], scalars: ScalarGraph, bufferOf: BufferOf): Scalar {
  const memo = new Map<Node, Map<string, Scalar>>();
  const visit = (at: Node, where: readonly Index[]): Scalar => {
    const key = where
      .map((index) => (index === "only" ? "-" : "loop" in index ? `l${index.loop}` : `v${index.value.id}`))
      .join(" ");
    const known = memo.get(at)?.get(key);
    if (known !== undefined) return known;
    const scalar = compute(at, where);
    const entries = memo.get(at) ?? new Map<string, Scalar>();
    memo.set(at, entries.set(key, scalar));
    return scalar;
  };
  const compute = (at: Node, where: readonly Index[]): Scalar => {
    const buffer = bufferOf(unreshaped(at));
    if (buffer !== undefined) {
      const sizes = dimensions(at);
      return scalars.load(scalars.address(buffer, rowMajorStrides(sizes), sizes, where));
    }
    switch (at.kind) {
      case "constant":
        return scalars.number(at.value);
      case "iota":
        return scalars.position(where[0] as Index);
      case "delta":
        return scalars.apply("equal", scalars.position(where[0] as Index), scalars.position(where[1] as Index));
      case "map": {
        const args = at.operands.map((operand) => visit(operand, where));
        const exponent = at.operands[1];
        if (at.fn === "power" && exponent?.kind === "constant")
          return power(scalars, args[0] as Scalar, exponent.value);
        return applyMap(scalars, at.fn, args);
      }
      case "add":
        return combination(
          scalars,
          at.coefficients,
          at.operands.map((operand) => visit(operand, where)),
        );
      case "gather": {
        const index = visit(at.index, [where[at.axis] as Index]);
        const length = dimensions(at.operand)[at.axis] as number;
        const value = visit(
          at.operand,
          where.map((own, axis) => (axis === at.axis ? { value: index } : own)),
        );
        return scalars.guard(index, length, value);
      }
      case "einsum": {
        const labelIndex = (label: number): Index => where[at.output.indexOf(label)] as Index;
        const factors = at.operands
          .map((operand, i) => visit(operand, (at.labels[i] ?? []).map(labelIndex)))
          .sort((a, b) => a.depth - b.depth);
        const [first, ...rest] = factors;
        return rest.reduce((product, factor) => scalars.apply("multiply", product, factor), first ?? scalars.number(1));
      }
      default:
        throw new Error(`${at.kind} needs a buffer`);
    }
  };
  return visit(node, indices);
}

const composites = { sigmoid, softplus, tanh, huber } as const satisfies Record<CompositeFunction, unknown>;

function applyMap(scalars: ScalarGraph, fn: MapFunction, args: readonly Scalar[]): Scalar {
  const x = args[0] as Scalar;
  switch (fn) {
    case "stop":
      return x;
    case "sigmoid":
    case "softplus":
    case "tanh":
    case "huber":
      return composites[fn](scalars, x);
    default:
      return scalars.apply(fn, ...args);
  }
}

function combination(scalars: ScalarGraph, coefficients: readonly number[], values: readonly Scalar[]): Scalar {
  const scaled = (i: number): Scalar => {
    const [c, x] = [coefficients[i] as number, values[i] as Scalar];
    return c === 1 ? x : c === -1 ? scalars.apply("negate", x) : scalars.apply("multiply", scalars.number(c), x);
  };
  if (values.length === 0) return scalars.number(0);
  return values
    .slice(1)
    .reduce<Scalar>(
      (sum, value, i) =>
        coefficients[i + 1] === -1 ? scalars.apply("subtract", sum, value) : scalars.apply("add", sum, scaled(i + 1)),
      scaled(0),
    );
}

function power(scalars: ScalarGraph, x: Scalar, exponent: number): Scalar {
  switch (exponent) {
    case -2:
      return scalars.apply("divide", scalars.number(1), scalars.apply("square", x));
    case -1:
      return scalars.apply("divide", scalars.number(1), x);
    case -0.5:
      return scalars.apply("divide", scalars.number(1), scalars.apply("sqrt", x));
    case 0:
      return scalars.number(1);
    case 0.5:
      return scalars.apply("sqrt", x);
    case 1:
      return x;
    case 2:
      return scalars.apply("square", x);
    case 3:
      return scalars.apply("multiply", scalars.apply("square", x), x);
    default:
      return scalars.apply("power", x, scalars.number(exponent));
  }
}
