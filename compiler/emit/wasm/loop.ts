/** Counting loops. A loop variable counts bytes of f64 entries, so that it is an address offset as it stands. */
import type { Code } from "./assembler.ts";

/** Bytes. */
export const entry = 8;

/** Leaves the variable plus so many entries. */
export function pushAhead(code: Code, variable: number, entries: number): void {
  code.get(variable);
  if (entries === 0) return;
  code.i32(entries * entry);
  code.op("i32_add");
}

/** Leaves the lesser of two unsigned numbers. */
export function emitMinimum(code: Code, a: () => void, b: () => void): void {
  a();
  b();
  a();
  b();
  code.op("i32_lt_u");
  code.op("select");
}

/** At least once, from the variable's present value while it is less than `end`. */
export function emitLoop(code: Code, variable: number, end: () => void, step: number, body: () => void): void {
  code.repeat(() => {
    body();
    code.get(variable);
    code.i32(step);
    code.op("i32_add");
    code.tee(variable);
    end();
    code.op("i32_lt_u");
  });
}
