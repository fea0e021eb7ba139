/**
 * The inner kernel of the blocked matrix product (Goto and van de Geijn 2008): C[4, 4] += A[4, k] B[k, 4] on packed panels, sixteen sums
 * in registers. Exports `tile(a, b, k, c, rowBytes)`.
 */
import { assembleModule, createCode } from "./assembler.ts";

export const tileSide = 4;

export function emitTile(): Uint8Array<ArrayBuffer> {
  const code = createCode(["i32", "i32", "i32", "i32", "i32"]);
  const [a, b, k, c, rowBytes] = [0, 1, 2, 3, 4] as const;
  const sums = Array.from({ length: 8 }, () => code.local("v128"));
  const [left, right, factor] = [code.local("v128"), code.local("v128"), code.local("v128")];
  const step = (pointer: number, bytes: number): void => {
    code.get(pointer);
    code.i32(bytes);
    code.op("i32_add");
    code.set(pointer);
  };
  code.repeat(() => {
    code.get(b);
    code.load("v128", 0);
    code.set(left);
    code.get(b);
    code.load("v128", 16);
    code.set(right);
    for (let row = 0; row < tileSide; row += 1) {
      code.get(a);
      code.load("splat", 8 * row);
      code.set(factor);
      for (const [half, columns] of [left, right].entries()) {
        const sum = sums[2 * row + half] as number;
        code.get(sum);
        code.get(factor);
        code.get(columns);
        code.op("f64x2_mul");
        code.op("f64x2_add");
        code.set(sum);
      }
    }
    step(a, 8 * tileSide);
    step(b, 8 * tileSide);
    code.get(k);
    code.i32(1);
    code.op("i32_sub");
    code.tee(k);
  });
  for (let row = 0; row < tileSide; row += 1) {
    for (const half of [0, 1]) {
      code.get(c);
      code.get(c);
      code.load("v128", 16 * half);
      code.get(sums[2 * row + half] as number);
      code.op("f64x2_add");
      code.store("v128", 16 * half);
    }
    code.get(c);
    code.get(rowBytes);
    code.op("i32_add");
    code.set(c);
  }
  return assembleModule([], [{ name: "tile", code }]);
}
