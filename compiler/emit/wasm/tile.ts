/**
 * The innermost kernel of the blocked matrix product: C[4, w] += A[4, k] B[k, w] on packed panels, w being two vectors, with the eight
 * vectors of sums in registers.
 */
import { type Code, createCode } from "./assembler.ts";
import { multiplyAdd } from "./polynomial.ts";
import { entryBytes, lanesOf, type Target } from "./target.ts";

export const tileRows = 4;
export const tileVectors = 2;

/** tile(a, b, k, c, rowBytes); k is at least 1. */
export function emitTile(target: Target): Code {
  const code = createCode(target, ["i32", "i32", "i32", "i32", "i32"]);
  const entry = entryBytes[target.precision];
  const vectorBytes = lanesOf[target.precision] * entry;
  const [a, b, k, c, rowBytes] = [0, 1, 2, 3, 4] as const;
  const sums = Array.from({ length: tileRows }, () => Array.from({ length: tileVectors }, () => code.local("v128")));
  const columns = Array.from({ length: tileVectors }, () => code.local("v128"));
  const factor = code.local("v128");
  const advance = (pointer: number, bytes: number): void => {
    code.get(pointer);
    code.i32(bytes);
    code.op("i32_add");
    code.set(pointer);
  };
  code.repeat(() => {
    columns.forEach((column, v) => {
      code.get(b);
      code.load("all", vectorBytes * v);
      code.set(column);
    });
    sums.forEach((row, i) => {
      code.get(a);
      code.load("splat", entry * i);
      code.set(factor);
      row.forEach((sum, v) => {
        multiplyAdd(
          code,
          "all",
          () => code.get(factor),
          () => code.get(columns[v] as number),
          () => code.get(sum),
        );
        code.set(sum);
      });
    });
    advance(a, entry * tileRows);
    advance(b, vectorBytes * tileVectors);
    code.get(k);
    code.i32(1);
    code.op("i32_sub");
    code.tee(k);
  });
  for (const row of sums) {
    row.forEach((sum, v) => {
      code.get(c);
      code.get(c);
      code.load("all", vectorBytes * v);
      code.get(sum);
      code.real("all", "add");
      code.store("all", vectorBytes * v);
    });
    code.get(c);
    code.get(rowBytes);
    code.op("i32_add");
    code.set(c);
  }
  return code;
}
