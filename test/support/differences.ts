/** How far two tensors are apart, and derivatives by differences of the interpreter's values. */
import type { Input, Node } from "../../compiler/ir/node.ts";
import type { SizeBindings } from "../../compiler/ir/size.ts";
import { interpret, type Tensor, volume } from "./interpret.ts";

/** ‖a − b‖∞ over max(1, ‖b‖∞) */
export function discrepancy(a: Tensor, b: Tensor): number {
  if (a.shape.join() !== b.shape.join()) return Number.POSITIVE_INFINITY;
  const largest = b.values.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
  return (
    a.values.reduce(
      (most, x, i) =>
        Math.max(
          most,
          Number.isNaN(x - (b.values[i] as number)) ? Number.POSITIVE_INFINITY : Math.abs(x - (b.values[i] as number)),
        ),
      0,
    ) / largest
  );
}

const weights = [4 / 5, -1 / 5, 4 / 105, -1 / 280];

/**
 * The Jacobian [...root.shape, ...x.shape] by central differences of order 8, and how far two step sizes differ: its own error bar.
 */
export function finiteDifferences(
  root: Node,
  x: Input,
  values: ReadonlyMap<string, Tensor>,
  sizes: SizeBindings,
): { readonly jacobian: Tensor; readonly uncertainty: number } {
  const at = values.get(x.name) as Tensor;
  const rows = interpret(root, values, sizes);
  const estimate = (h: number): Tensor => {
    const shape = [...rows.shape, ...at.shape];
    const jacobian = new Float64Array(volume(shape));
    for (const column of at.values.keys()) {
      const move = (by: number): Float64Array => {
        const moved = { shape: at.shape, values: at.values.with(column, (at.values[column] as number) + by) };
        return interpret(root, new Map([...values, [x.name, moved]]), sizes).values;
      };
      for (const [k, weight] of weights.entries()) {
        const [up, down] = [move((k + 1) * h), move(-(k + 1) * h)];
        for (const row of rows.values.keys()) {
          (jacobian[row * at.values.length + column] as number) +=
            (weight * ((up[row] as number) - (down[row] as number))) / h;
        }
      }
    }
    return { shape, values: jacobian };
  };
  const [fine, coarse] = [estimate(5e-3), estimate(1e-2)];
  return { jacobian: fine, uncertainty: discrepancy(coarse, fine) };
}
