/** How tightly each form of an expression binds, loose to tight: the one table that reading and printing share. */
import type { BinaryOperator } from "./syntax.ts";

export const precedence = {
  or: 1,
  and: 2,
  comparison: 3,
  additive: 4,
  multiplicative: 5,
  product: 6,
  prefix: 7,
  power: 8,
  postfix: 9,
} as const;

/** All group to the left but `^`, which groups to the right, and comparisons, which do not chain. */
export const operatorPrecedence = {
  "||": precedence.or,
  "&&": precedence.and,
  "==": precedence.comparison,
  "!=": precedence.comparison,
  "<": precedence.comparison,
  "<=": precedence.comparison,
  ">": precedence.comparison,
  ">=": precedence.comparison,
  "+": precedence.additive,
  "-": precedence.additive,
  "*": precedence.multiplicative,
  "/": precedence.multiplicative,
  "@": precedence.product,
  "^": precedence.power,
} as const satisfies Record<BinaryOperator, number>;
