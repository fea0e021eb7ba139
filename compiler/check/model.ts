/**
 * The checked program: names resolved, `let`s expanded at their uses, every term with its type. This is what the
 * checker gives and what everything after it reads; the syntax tree is not looked at again, except through spans.
 */
import type { Span } from "../../grammar/diagnostics.ts";
import type { Size } from "../ir/size.ts";
import type { BinaryFunction, Normalisation, Reduction, StructuredFunction, UnaryFunction } from "./builtins.ts";
import type { ArrayType, MapType, TableType, ValueType } from "./types.ts";

// ------------------------------------------------------------------------------------------------------- terms

/** Bound by a reducer or by an indexed unknown; unique in the program. */
export type BinderId = number;

export interface TermBinder {
  readonly id: BinderId;
  /** The name it was given, for messages and display; a table's own name where it opened the fields. */
  readonly name: string;
  readonly range: TermRange;
  readonly span: Span;
}

export type TermRange =
  | { readonly kind: "table"; readonly table: TableRef; readonly type: TableType }
  | { readonly kind: "size"; readonly size: Size };

/** A table: declared, or a table-valued field of a row (`fold.valid`). */
export type TableRef =
  | { readonly kind: "data"; readonly name: string }
  | { readonly kind: "row-table"; readonly binder: BinderId; readonly field: string };

interface TermBase<T extends ValueType = ArrayType> {
  readonly type: T;
  readonly span: Span;
}

/**
 * Element-by-element terms broadcast their operands by the trailing-dimension rule; the type says the result.
 * Axes are counted from 0 after the checker has resolved negative ones.
 */
export type Term =
  | (TermBase & { readonly kind: "number"; readonly value: number })
  /** A size as a number: `n`, `rows(D)`, `classes(D.label)`. */
  | (TermBase & { readonly kind: "size"; readonly size: Size })
  /** An unknown or a param, whole. */
  | (TermBase<ValueType> & { readonly kind: "variable"; readonly name: string; readonly index?: TermIndex })
  /** A whole field of a table: all its rows are the first axis. */
  | (TermBase & { readonly kind: "column"; readonly table: TableRef; readonly field: string })
  /** A field of the bound row. */
  | (TermBase & { readonly kind: "row-field"; readonly binder: BinderId; readonly field: string })
  /** The bound index as an integer. */
  | (TermBase & { readonly kind: "row-index"; readonly binder: BinderId })
  | (TermBase & { readonly kind: "list"; readonly items: readonly Term[] })
  | (TermBase<ValueType> & { readonly kind: "unary"; readonly fn: UnaryFunction; readonly operand: Term })
  | (TermBase<ValueType> & {
      readonly kind: "binary";
      readonly fn: BinaryFunction;
      readonly left: Term;
      readonly right: Term;
    })
  /** `axis` absent: over all axes. */
  | (TermBase & { readonly kind: "reduction"; readonly fn: Reduction; readonly operand: Term; readonly axis?: number })
  | (TermBase & {
      readonly kind: "normalisation";
      readonly fn: Normalisation;
      readonly operand: Term;
      readonly axis: number;
    })
  /** `axis` for concat, stack and gather. For one_hot the type's last size is the number of classes. */
  | (TermBase<ValueType> & {
      readonly kind: "structured";
      readonly fn: StructuredFunction;
      readonly operands: readonly Term[];
      readonly axis?: number;
    })
  /** `X[i, :]`, `X[0:10]`: one item per axis of the object (the checker has filled in trailing `:`). */
  | (TermBase & { readonly kind: "index"; readonly object: Term; readonly items: readonly TermIndexItem[] })
  /** `E[...]` (mean) and `sum[...]` over rows; an array body is reduced over the rows only. */
  | (TermBase & {
      readonly kind: "reduce";
      readonly reducer: "mean" | "sum";
      readonly binders: readonly TermBinder[];
      readonly body: Term;
    })
  /** A network or function at a point; `weights` where `f(x; w)` names them; `frozen` for `stop(h)(x)`. */
  | (TermBase & {
      readonly kind: "apply";
      readonly map: string;
      readonly index?: TermIndex;
      readonly arguments: readonly Term[];
      readonly weights?: Term;
      readonly frozen: boolean;
      /** Leading axes over which the map is applied, beyond its declared argument shape. */
      readonly leading: number;
    })
  /** normsq(h) of a function in an RKHS. */
  | (TermBase & { readonly kind: "rkhs-norm"; readonly map: string; readonly index?: TermIndex })
  /** A seeded constant array: `normal(10, 5, seed: 1)`. zeros, ones, eye and linspace are generated too. */
  | (TermBase & { readonly kind: "generate"; readonly generator: Generator })
  /** The trace of the derivative of `of` with respect to the data column `by`, through the lower level. */
  | (TermBase & {
      readonly kind: "divergence";
      readonly of: Term;
      readonly by: Term;
      readonly probes?: number;
      readonly step?: Term;
      readonly seed?: number;
    });

export type TermKind = Term["kind"];

/** `v[task]`: the entry of an indexed unknown at a bound index, or at a computed one. */
export type TermIndex = Term;

export type TermIndexItem =
  | { readonly kind: "at"; readonly value: Term }
  /** Ends as sizes, 0 and the axis size filled in. */
  | { readonly kind: "slice"; readonly from: Size; readonly to: Size };

export type Generator =
  | { readonly kind: "normal"; readonly seed: number }
  | { readonly kind: "uniform"; readonly low: number; readonly high: number; readonly seed: number }
  | { readonly kind: "linspace"; readonly from: number; readonly to: number }
  | { readonly kind: "zeros" }
  | { readonly kind: "ones" }
  | { readonly kind: "eye" }
  /** Orthonormal columns or rows, whichever are fewer: a start of weights, which has no name in the language. */
  | { readonly kind: "orthogonal"; readonly seed: number }
  /** Whole numbers below `of`, ascending, a random one from each of equally long stretches: rows that are chosen. It has no name either. */
  | { readonly kind: "strata"; readonly of: Size; readonly seed: number };

// ------------------------------------------------------------------------------------------------ declarations

interface Declared {
  readonly name: string;
  readonly doc?: string;
  readonly span: Span;
}

/**
 * - `defined`: by a `dim` declaration, over other sizes; `--set` may replace a constant one.
 * - `classes`: `dim k = classes(train.label)`: one more than the largest label, known when the data is read.
 * - `data`: first named in a data type; bound when that field is read.
 */
export type DimDeclaration = Declared &
  (
    | { readonly kind: "defined"; readonly value: Size }
    | { readonly kind: "classes"; readonly table: string; readonly field: string }
    | { readonly kind: "data"; readonly table: string }
  );

export type ParamDeclaration = Declared & { readonly type: ArrayType; readonly value: Term };

export type FileFormat = "csv" | "npy" | "npz" | "safetensors" | "parquet" | "json" | "svmlight";

export type DataSource =
  | {
      readonly kind: "file";
      readonly format: FileFormat;
      readonly path: string;
      readonly pathSpan: Span;
      /** For csv and parquet: the columns of each field; exactly one field may take the `rest`. */
      readonly columns: ReadonlyMap<string, readonly string[] | "rest">;
    }
  /** Each field is drawn independently, the k-th field with seed + k. */
  | { readonly kind: "generated"; readonly generator: Generator }
  /** The first of the declared names takes the first fraction, and so on. */
  | { readonly kind: "split"; readonly table: string; readonly fractions: readonly number[]; readonly seed?: number }
  | { readonly kind: "folds"; readonly table: string; readonly k: Size; readonly seed?: number }
  | { readonly kind: "standardize"; readonly table: string; readonly like: string; readonly fields: readonly string[] }
  | { readonly kind: "stream" };

export interface DataDeclaration {
  /** One table per name; more than one only for `split`. */
  readonly tables: readonly (Declared & { readonly type: TableType })[];
  readonly source: DataSource;
  /** Names the source refers to are relative to this file. */
  readonly file: string;
  readonly span: Span;
}

/** A named set on an unknown: `simplex`, `box(lo, hi)`, ... */
export interface SetConstraint {
  readonly name: "simplex" | "nonnegative" | "box" | "ball" | "unit_rows" | "psd";
  readonly arguments: readonly Term[];
  readonly span: Span;
}

export type UnknownDeclaration = Declared & {
  readonly type: ValueType;
  /** `var v[task in tasks]`: one unknown per index; `type` is that of one of them. */
  readonly index?: TermBinder;
  readonly set?: SetConstraint;
  /** A scalar fills the shape; absent: zeros (or the family's seeded start for weights). */
  readonly init?: Term;
};

/** A parametric family by name with its named options, checked against the table of families. */
export interface Family {
  readonly name: string;
  readonly options: ReadonlyMap<string, OptionValue>;
  readonly span: Span;
}

export type NetworkDeclaration = Declared & { readonly type: MapType; readonly family: Family };

export type FunctionDeclaration = Declared & {
  readonly type: MapType;
  readonly index?: TermBinder;
  readonly space:
    | { readonly kind: "L2"; readonly table: TableRef; readonly span: Span }
    | { readonly kind: "RKHS"; readonly kernel: Kernel; readonly span: Span };
  readonly family?: Family;
  readonly adjoint?: Family;
};

export type Kernel =
  | {
      readonly kind: "base";
      readonly name: string;
      readonly parameters: ReadonlyMap<string, Term>;
      readonly span: Span;
    }
  | { readonly kind: "sum" | "product"; readonly operands: readonly Kernel[]; readonly span: Span }
  | { readonly kind: "scaled"; readonly factor: Term; readonly operand: Kernel; readonly span: Span };

// ------------------------------------------------------------------------------------------------- the problem

export interface ModelUpper {
  readonly direction: "minimize" | "maximize";
  readonly objective: Term;
  readonly over: readonly string[];
  readonly subject: readonly Subject[];
  readonly span: Span;
}

export interface Subject {
  readonly left: Term;
  readonly relation: "<=" | ">=" | "==";
  readonly right: Term;
  readonly span: Span;
}

export interface ModelLevel {
  readonly clauses: readonly ModelClause[];
  readonly deeper?: ModelLevel;
}

export interface ModelUnknown {
  readonly name: string;
  /** `v[task] minimizes ...`: one problem per index. */
  readonly index?: TermBinder;
  readonly span: Span;
}

export type ModelClause =
  | {
      readonly kind: "optimize";
      readonly direction: "minimizes" | "maximizes";
      readonly unknowns: readonly ModelUnknown[];
      readonly objective: Term;
      readonly subject: readonly Subject[];
      readonly selection?: ModelSelection;
      readonly span: Span;
    }
  | {
      readonly kind: "solves";
      readonly unknown: ModelUnknown;
      readonly left: Term;
      readonly right: Term;
      readonly span: Span;
    };

export interface ModelSelection {
  readonly from:
    | { readonly kind: "previous" }
    | { readonly kind: "starts"; readonly values: readonly Term[] }
    | { readonly kind: "init" };
  readonly by:
    | { readonly kind: "gradient_flow" }
    | { readonly kind: "descent"; readonly arguments: ReadonlyMap<string, Term> };
  readonly span: Span;
}

export interface Report extends Declared {
  readonly value: Term;
}

/** A value in the solve block or of a family's option: `64`, `auto`, `[50, 50]`, `soba(batch: 64)`. */
export type OptionValue =
  | { readonly kind: "number"; readonly value: number; readonly span: Span }
  | { readonly kind: "boolean"; readonly value: boolean; readonly span: Span }
  | {
      readonly kind: "word";
      readonly value: string;
      readonly arguments: ReadonlyMap<string, OptionValue>;
      readonly span: Span;
    }
  | { readonly kind: "list"; readonly items: readonly OptionValue[]; readonly span: Span };

/** What must hold of the data beyond its declared shapes; checked when it is read. */
export type DataRequirement =
  /** Two sizes that the program needs equal and that only the data can settle. */
  | {
      readonly kind: "equal-sizes";
      readonly left: Size;
      readonly right: Size;
      readonly span: Span;
      readonly because: string;
    }
  /** An index that must be in 0..below-1; it is written as `text`, and its axis has this many entries. */
  | {
      readonly kind: "index-within";
      readonly index: Size;
      readonly below: Size;
      readonly entries: Size;
      readonly text: string;
      readonly span: Span;
    }
  /** Labels (or indices) of this column index something of this many classes. */
  | {
      readonly kind: "labels-below";
      readonly what: "labels" | "indices";
      readonly table: string;
      readonly field: string;
      readonly classes: Size;
      readonly span: Span;
    }
  /** Scores of this column must be -1 or +1 (a real-valued label of logistic_loss or hinge_loss). */
  | { readonly kind: "plus-minus-one"; readonly table: string; readonly field: string; readonly span: Span };

export interface Model {
  readonly file: string;
  readonly dims: readonly DimDeclaration[];
  readonly params: readonly ParamDeclaration[];
  readonly data: readonly DataDeclaration[];
  readonly unknowns: readonly UnknownDeclaration[];
  readonly networks: readonly NetworkDeclaration[];
  readonly functions: readonly FunctionDeclaration[];
  /** Absent when the file has no problem (an imported file, or one that only declares). */
  readonly upper?: ModelUpper;
  readonly level?: ModelLevel;
  readonly problemSpan?: Span;
  readonly reports: readonly Report[];
  readonly solve: ReadonlyMap<string, OptionValue>;
  readonly requirements: readonly DataRequirement[];
}
