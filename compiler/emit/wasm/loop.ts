/** Counting loops. A loop variable counts bytes of entries, so that it is an address offset as it stands. */
import type { Code } from "./assembler.ts";
import { entryBytes } from "./target.ts";

/** Leaves the variable plus so many entries. */
export function pushAhead(code: Code, variable: number, entries: number): void {
  code.get(variable);
  if (entries === 0) return;
  code.i32(entries * entryBytes[code.target.precision]);
  code.op("i32_add");
}

/** The loop variable on the stack as the real index that it stands for. */
export function emitIndex(code: Code): void {
  code.i32(Math.log2(entryBytes[code.target.precision]));
  code.op("i32_shr_u");
  code.typed("convert_i32_u");
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

/** The same, or not at all. */
export function emitWhile(code: Code, variable: number, end: () => void, step: number, body: () => void): void {
  code.get(variable);
  end();
  code.op("i32_lt_u");
  code.when(() => emitLoop(code, variable, end, step, body));
}

/** Runs the body for variable = from, from + step, ... below `to`. */
export function forRange(
  code: Code,
  variable: number,
  from: () => void,
  to: () => void,
  step: number,
  body: () => void,
): void {
  from();
  code.set(variable);
  emitWhile(code, variable, to, step, body);
}
