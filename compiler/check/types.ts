/** The types of the language, as the checker works them out. */
import type { Span } from "../../grammar/diagnostics.ts";
import { type Size, showSizes } from "../ir/size.ts";

export type Element = "real" | "int" | "bool" | "class";

export interface ArrayType {
  readonly kind: "array";
  readonly element: Element;
  /** Empty for a scalar. */
  readonly shape: readonly Size[];
}

/** The weights of a network or function, a value with arithmetic by entry. */
export interface WeightsType {
  readonly kind: "weights";
  readonly map: string;
}

/** What an expression may denote. Tables, rows, maps and kernels are not values: the checker resolves them away. */
export type ValueType = ArrayType | WeightsType;

/** A table's fields: arrays whose first axis is the rows, or tables (the `train` and `valid` of a fold). */
export interface TableType {
  readonly rows: Size;
  /** An endless table is drawn afresh by stochastic methods. */
  readonly endless: boolean;
  readonly fields: ReadonlyMap<string, FieldType>;
  /** Where the program declares each field's name. */
  readonly declared?: ReadonlyMap<string, Span>;
}

/** An array field's type holds the rows as its first size. */
export type FieldType = ArrayType | { readonly kind: "table"; readonly table: TableType };

export interface MapType {
  readonly from: readonly ArrayType[];
  readonly to: ArrayType;
}

export function arrayType(element: Element, shape: readonly Size[]): ArrayType {
  return { kind: "array", element, shape };
}

export const realScalar: ArrayType = arrayType("real", []);

/** `real[n, d]`, `weights(f)`: as the author would write it. */
export function showType(type: ValueType): string {
  if (type.kind === "weights") return `weights(${type.map})`;
  return type.shape.length === 0 ? type.element : `${type.element}[${showSizes(type.shape)}]`;
}
