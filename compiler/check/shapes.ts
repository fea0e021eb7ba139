/** Shape rules, apart from everything else: NumPy's broadcasting and matrix product over symbolic sizes. */
import { constantSize, type Size } from "../ir/size.ts";

export type Shape = readonly Size[];

/** Whether two sizes agree; the checker's version also records what only the data can settle. */
export type Agreement = (a: Size, b: Size) => boolean;

const isOne = (size: Size): boolean => constantSize(size) === 1;

/** Of two sizes that agree, the one that says more in a message: a name rather than a number. */
export const morePrecise = (a: Size, b: Size): Size => (constantSize(a) === undefined ? a : b);

/** Trailing axes are aligned; a missing axis or a 1 stretches. `undefined`: the shapes disagree. */
export function broadcast(a: Shape, b: Shape, agree: Agreement): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const shape: Size[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i];
    const y = b[b.length - rank + i];
    if (x === undefined || y === undefined) shape.push((x ?? y) as Size);
    else if (isOne(x)) shape.push(y);
    else if (isOne(y)) shape.push(x);
    else if (agree(x, y)) shape.push(morePrecise(x, y));
    else return undefined;
  }
  return shape;
}

/** Whether `shape` broadcasts to exactly `target`. */
export function broadcastsTo(shape: Shape, target: Shape, agree: Agreement): boolean {
  const offset = target.length - shape.length;
  return offset >= 0 && shape.every((size, i) => isOne(size) || agree(size, target[offset + i] as Size));
}

export function sameShape(a: Shape, b: Shape, agree: Agreement): boolean {
  return a.length === b.length && a.every((size, i) => agree(size, b[i] as Size));
}

export type Product =
  | { readonly ok: true; readonly shape: Shape }
  | { readonly ok: false; readonly why: "scalar" | "inner" | "leading" };

/**
 * `a @ b`: [..., n, k] @ [..., k, m] is [..., n, m] with the leading axes broadcast; a vector stands for a row on the left
 * and for a column on the right, and its axis disappears, so that [k] @ [k] is a scalar.
 */
export function matrixProduct(a: Shape, b: Shape, agree: Agreement): Product {
  const inner = a.at(-1);
  const other = b.length === 1 ? b[0] : b.at(-2);
  if (inner === undefined || other === undefined) return { ok: false, why: "scalar" };
  if (!agree(inner, other)) return { ok: false, why: "inner" };
  const leading = broadcast(a.slice(0, -2), b.slice(0, -2), agree);
  if (leading === undefined) return { ok: false, why: "leading" };
  const rows = a.length > 1 ? a.slice(-2, -1) : [];
  const columns = b.length > 1 ? b.slice(-1) : [];
  return { ok: true, shape: [...leading, ...rows, ...columns] };
}

/** [..., n, m] to [..., m, n]; `undefined` for fewer than two axes. */
export function transposed(shape: Shape): Shape | undefined {
  return shape.length < 2 ? undefined : [...shape.slice(0, -2), shape.at(-1) as Size, shape.at(-2) as Size];
}

/** Without one axis, or a scalar when no axis is named. */
export function reduced(shape: Shape, axis: number | undefined): Shape {
  return axis === undefined ? [] : shape.filter((_, i) => i !== axis);
}
