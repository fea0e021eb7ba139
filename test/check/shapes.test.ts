import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { broadcast, matrixProduct, reduced, transposed } from "../../compiler/check/shapes.ts";
import { constantSize, namedSize, type Size, sizeOf } from "../../compiler/ir/size.ts";

/** An oracle that computes with entries, not with shapes: an array is its shape and a value for each index. */
interface Entries {
  readonly shape: readonly number[];
  readonly at: (index: readonly number[]) => number;
}

const equal = (a: Size, b: Size): boolean => a.key === b.key;
const symbolic = (shape: readonly number[]): readonly Size[] => shape.map(sizeOf);
const numeric = (shape: readonly Size[] | undefined): readonly (number | undefined)[] | undefined =>
  shape?.map(constantSize);

function* indices(shape: readonly number[]): Iterable<readonly number[]> {
  const [first, ...rest] = shape;
  if (first === undefined) {
    yield [];
    return;
  }
  for (let i = 0; i < first; i++) for (const tail of indices(rest)) yield [i, ...tail];
}

/** Whether an index of the result, cut to an operand's rank and with 0 where it stretches, is within the operand. */
function covers(result: readonly number[], operand: Entries): boolean {
  const offset = result.length - operand.shape.length;
  if (offset < 0) return false;
  for (const index of indices(result)) {
    const own = operand.shape.map((size, axis) => (size === 1 ? 0 : (index[offset + axis] ?? -1)));
    if (own.some((i, axis) => i >= (operand.shape[axis] ?? 0))) return false;
  }
  return true;
}

const entries = (shape: readonly number[]): Entries => ({
  shape,
  at: (index) => index.reduce((hash, i) => hash * 7 + i + 1, 1),
});
const shapes = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 });

describe("broadcasting", () => {
  it("gives the smallest shape that covers both operands, entry by entry", () => {
    fc.assert(
      fc.property(shapes, shapes, (a, b) => {
        const result = numeric(broadcast(symbolic(a), symbolic(b), equal)) as readonly number[] | undefined;
        if (result !== undefined) {
          expect(covers(result, entries(a)) && covers(result, entries(b))).toBe(true);
          expect(result.length).toBe(Math.max(a.length, b.length));
          result.forEach((size, i) =>
            expect([a[a.length - result.length + i], b[b.length - result.length + i]]).toContain(size),
          );
        } else {
          const rank = Math.max(a.length, b.length);
          const clash = Array.from({ length: rank }, (_, i) => [
            a[a.length - rank + i] ?? 1,
            b[b.length - rank + i] ?? 1,
          ]);
          expect(clash.some(([x, y]) => x !== y && x !== 1 && y !== 1)).toBe(true);
        }
      }),
    );
  });

  it("does not depend on the order of the operands", () => {
    fc.assert(
      fc.property(shapes, shapes, (a, b) => {
        expect(numeric(broadcast(symbolic(a), symbolic(b), equal))).toEqual(
          numeric(broadcast(symbolic(b), symbolic(a), equal)),
        );
      }),
    );
  });

  it("never takes two names for one size", () => {
    const [n, m] = [namedSize("n"), namedSize("m")];
    expect(broadcast([n], [m], equal)).toBeUndefined();
    expect(broadcast([n, m], [m], equal)?.map((s) => s.key)).toEqual(["n", "m"]);
    expect(broadcast([n], [sizeOf(1)], equal)?.map((s) => s.key)).toEqual(["n"]);
  });
});

describe("the matrix product", () => {
  /** Sums over the inner axis, reading both operands at the indices that the result's index gives. */
  function product(a: Entries, b: Entries, shape: readonly number[]): boolean {
    const [rowsAxis, columnsAxis] = [a.shape.length > 1, b.shape.length > 1];
    const inner = a.shape.at(-1) ?? 0;
    if (inner !== (columnsAxis ? b.shape.at(-2) : b.shape[0])) return false;
    for (const index of indices(shape)) {
      const tail = Number(rowsAxis) + Number(columnsAxis);
      const lead = index.slice(0, index.length - tail);
      const row = rowsAxis ? [index[index.length - tail] ?? 0] : [];
      const column = columnsAxis ? [index[index.length - 1] ?? 0] : [];
      const leading = (own: readonly number[]): readonly number[] =>
        own.map((size, i) => (size === 1 ? 0 : (lead[lead.length - own.length + i] ?? -1)));
      for (let k = 0; k < inner; k++) {
        const left = [...leading(a.shape.slice(0, -2)), ...row, k];
        const right = [...leading(b.shape.slice(0, -2)), k, ...column];
        const within = (own: readonly number[], position: readonly number[]): boolean =>
          own.length === position.length && position.every((i, axis) => i >= 0 && i < (own[axis] ?? 0));
        if (!within(a.shape, left) || !within(b.shape, right)) return false;
        if (!Number.isFinite(a.at(left) * b.at(right))) return false;
      }
    }
    return true;
  }

  it("reads only entries that are there, and fails only where sizes clash", () => {
    fc.assert(
      fc.property(shapes, shapes, (a, b) => {
        const result = matrixProduct(symbolic(a), symbolic(b), equal);
        if (result.ok) {
          expect(product(entries(a), entries(b), numeric(result.shape) as readonly number[])).toBe(true);
        } else if (result.why === "scalar") {
          expect(a.length === 0 || b.length === 0).toBe(true);
        } else if (result.why === "inner") {
          expect(a.at(-1)).not.toBe(b.length === 1 ? b[0] : b.at(-2));
        } else {
          expect(broadcast(symbolic(a.slice(0, -2)), symbolic(b.slice(0, -2)), equal)).toBeUndefined();
        }
      }),
    );
  });

  it("turns around under transposition: (a @ b)' and b' @ a'", () => {
    const matrices = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 4 });
    fc.assert(
      fc.property(matrices, matrices, (a, b) => {
        const direct = matrixProduct(symbolic(a), symbolic(b), equal);
        const turned = matrixProduct(transposed(symbolic(b)) ?? [], transposed(symbolic(a)) ?? [], equal);
        expect(turned.ok).toBe(direct.ok);
        if (direct.ok && turned.ok) expect(numeric(turned.shape)).toEqual(numeric(transposed(direct.shape)));
      }),
    );
  });
});

it("a reduction drops its axis, or all", () => {
  const shape = symbolic([2, 3, 4]);
  expect(numeric(reduced(shape, 1))).toEqual([2, 4]);
  expect(reduced(shape, undefined)).toEqual([]);
});
