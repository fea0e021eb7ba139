/** Sums of products on the stack, by one instruction each where the target has it. */
import type { Code, Lanes } from "./assembler.ts";

type Push = () => void;

/** Leaves a b + c. */
export function multiplyAdd(code: Code, lanes: Lanes, a: Push, b: Push, c: Push): void {
  a();
  b();
  if (lanes === "all" && code.target.relaxed) {
    c();
    return code.typed("relaxed_madd");
  }
  code.real(lanes, "mul");
  c();
  code.real(lanes, "add");
}

/** Leaves c − a b. */
export function multiplySubtract(code: Code, lanes: Lanes, c: Push, a: Push, b: Push): void {
  if (lanes === "all" && code.target.relaxed) {
    a();
    b();
    c();
    return code.typed("relaxed_nmadd");
  }
  c();
  a();
  b();
  code.real(lanes, "mul");
  code.real(lanes, "sub");
}

/** Leaves Σ c_k xᵏ in all lanes (Horner). */
export function emitPolynomial(code: Code, x: number, c: readonly number[]): void {
  const [first, ...rest] = c;
  if (rest.length === 0) return code.number("all", first ?? 0);
  multiplyAdd(
    code,
    "all",
    () => emitPolynomial(code, x, rest),
    () => code.get(x),
    () => code.number("all", first as number),
  );
}
