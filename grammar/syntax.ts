/**
 * The syntax tree: one type a construct, every node with its span, a plain immutable value. It keeps what the author
 * wrote (parentheses are implied by the shape of the tree, number literals keep their text), and the comments, so that
 * print.ts gives back the same program.
 */
import type { Span } from "./diagnostics.ts";

export interface Name {
  readonly text: string;
  readonly span: Span;
}

/** A comment line: its text without the marks; `doc` for `##`. `ownLine` tells it from one that trails code. */
export interface Comment {
  readonly text: string;
  readonly doc: boolean;
  readonly ownLine: boolean;
  readonly span: Span;
}

export interface Program {
  readonly declarations: readonly Declaration[];
  readonly comments: readonly Comment[];
  /** Names that statements with syntax errors would have introduced: they are not to be reported as unknown. */
  readonly unread: readonly string[];
  /** The offset at which each line of the source starts: printing keeps the author's blank lines. */
  readonly lineStarts: readonly number[];
  readonly span: Span;
}

// ---------------------------------------------------------------------------------------------------- expressions

export type BinaryOperator = "+" | "-" | "*" | "/" | "^" | "@" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "&&" | "||";

export type Expression =
  | { readonly kind: "number"; readonly value: number; readonly text: string; readonly span: Span }
  | { readonly kind: "string"; readonly value: string; readonly span: Span }
  | { readonly kind: "boolean"; readonly value: boolean; readonly span: Span }
  | { readonly kind: "name"; readonly name: string; readonly span: Span }
  | { readonly kind: "list"; readonly items: readonly Expression[]; readonly span: Span }
  | { readonly kind: "unary"; readonly operator: "-" | "!"; readonly operand: Expression; readonly span: Span }
  | {
      readonly kind: "binary";
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly operatorSpan: Span;
      /**
       * Set on a product `b @ c` that the author put in parentheses after `*` or `/`: `a * (b @ c)`. It groups as
       * `a * b @ c` does, but only the former may have an `a` that is not a scalar.
       */
      readonly parenthesized?: true;
      readonly span: Span;
    }
  /** Postfix `'`: swaps the last two axes. */
  | { readonly kind: "transpose"; readonly operand: Expression; readonly span: Span }
  | { readonly kind: "field"; readonly object: Expression; readonly field: Name; readonly span: Span }
  | { readonly kind: "index"; readonly object: Expression; readonly items: readonly IndexItem[]; readonly span: Span }
  /** `f(x)`, `f(x; w)`, `h[task](x)`, and built-in functions; `sum`, `E` and `solve` are callable too. */
  | {
      readonly kind: "call";
      /** A name, or an index of a name. */
      readonly callee: Expression;
      readonly arguments: Arguments;
      /** What follows the `;`: the weights the map is evaluated at. */
      readonly weights?: Expression;
      readonly span: Span;
    }
  /** `E[binders](body)` and `sum[binders](body)`. */
  | {
      readonly kind: "reduce";
      readonly reducer: "E" | "sum";
      readonly binders: readonly Binder[];
      readonly body: Expression;
      readonly span: Span;
    };

export type ExpressionKind = Expression["kind"];

/** One item between index brackets: an expression, or `from:to` with either end left out. */
export type IndexItem =
  | { readonly kind: "at"; readonly value: Expression; readonly span: Span }
  | { readonly kind: "slice"; readonly from?: Expression; readonly to?: Expression; readonly span: Span };

export interface NamedArgument {
  readonly name: Name;
  readonly value: Expression;
}

export interface Arguments {
  readonly positional: readonly Expression[];
  readonly named: readonly NamedArgument[];
}

/** `r in train`, or `train` alone, which opens the table's fields. */
export interface Binder {
  readonly name?: Name;
  readonly range: Expression;
  readonly span: Span;
}

// ------------------------------------------------------------------------------------------------------- types

/** `real[n, d]`, `class[n]`, `weights(f)`, `{ X: real[n, d], ... }`; `*` is the endless size. */
export type TypeSyntax =
  | {
      readonly kind: "array";
      readonly element: "real" | "int" | "bool" | "class";
      readonly sizes: readonly SizeSyntax[];
      readonly span: Span;
    }
  | { readonly kind: "weights"; readonly map: Name; readonly span: Span }
  | { readonly kind: "table"; readonly fields: readonly FieldSyntax[]; readonly span: Span };

/** A size is an expression over numbers and names, or `*`. */
export type SizeSyntax =
  | { readonly kind: "expression"; readonly value: Expression; readonly span: Span }
  | { readonly kind: "endless"; readonly span: Span };

export interface FieldSyntax {
  readonly name: Name;
  readonly type: TypeSyntax;
  readonly span: Span;
}

/** `real[p] -> real[q]`; several arguments are separated by commas before the arrow. */
export interface MapTypeSyntax {
  readonly from: readonly TypeSyntax[];
  readonly to: TypeSyntax;
  readonly span: Span;
}

// ------------------------------------------------------------------------------------------------ declarations

interface Base {
  /** The `##` lines above the declaration, joined by newlines. */
  readonly doc?: string;
  readonly span: Span;
}

export type Declaration =
  | (Base & { readonly kind: "dim"; readonly name: Name; readonly value: Expression })
  | (Base & { readonly kind: "param"; readonly name: Name; readonly type: TypeSyntax; readonly value: Expression })
  /** `data D: { ... } = SOURCE`, `data a, b = split(D, ...)`, `data cv = folds(...)`: a type only with one name. */
  | (Base & {
      readonly kind: "data";
      readonly names: readonly Name[];
      readonly type?: TypeSyntax;
      readonly source: Expression;
    })
  | (Base & {
      readonly kind: "let";
      readonly name: Name;
      /** Absent for a plain definition; `let f() = ...` has an empty list. */
      readonly parameters?: readonly Name[];
      readonly value: Expression;
    })
  | (Base & {
      readonly kind: "var";
      readonly name: Name;
      /** `var v[task in tasks]`: one unknown per index. */
      readonly index?: Binder;
      readonly type: TypeSyntax;
      /** `in simplex`, `in box(lo, hi)`: a name or a call. */
      readonly set?: Expression;
      readonly init?: Expression;
    })
  | (Base & {
      readonly kind: "network";
      readonly name: Name;
      readonly type: MapTypeSyntax;
      readonly family: Expression;
    })
  | (Base & {
      readonly kind: "function";
      readonly name: Name;
      /** `function h[task in tasks]: ...`: one function per index. */
      readonly index?: Binder;
      readonly type: MapTypeSyntax;
      /** `L2(D)` or `RKHS(kernel)`. */
      readonly space: Expression;
      readonly family?: Expression;
      readonly adjoint?: Expression;
    })
  | (Base & { readonly kind: "problem"; readonly objective?: UpperProblem; readonly level?: Level })
  | (Base & { readonly kind: "report"; readonly name: Name; readonly value: Expression })
  | (Base & { readonly kind: "solve"; readonly entries: readonly NamedArgument[] })
  | (Base & { readonly kind: "import"; readonly path: string; readonly pathSpan: Span });

export type DeclarationKind = Declaration["kind"];

/** `minimize EXPR over a, b subject to ...`; absent in a file that has a `where` level alone. */
export interface UpperProblem {
  readonly direction: "minimize" | "maximize";
  readonly objective: Expression;
  readonly over: readonly Name[];
  readonly subject: readonly Expression[];
  readonly span: Span;
}

/** `where A and B where C`: A and B hold simultaneously, C is a level deeper. */
export interface Level {
  readonly clauses: readonly Clause[];
  readonly deeper?: Level;
  readonly span: Span;
}

/** `theta`, or `v[task]`, which binds the index. */
export interface UnknownSyntax {
  readonly name: Name;
  readonly index?: Name;
  readonly span: Span;
}

export type Clause =
  | {
      readonly kind: "optimize";
      readonly direction: "minimizes" | "maximizes";
      readonly unknowns: readonly UnknownSyntax[];
      readonly objective: Expression;
      readonly subject: readonly Expression[];
      readonly selection?: Selection;
      readonly span: Span;
    }
  | {
      readonly kind: "solves";
      readonly unknown: UnknownSyntax;
      readonly left: Expression;
      readonly right: Expression;
      readonly span: Span;
    };

/** `selected from a, b by gradient_flow`, `by descent(steps: 10, rate: 0.4)`. */
export interface Selection {
  readonly from?:
    | { readonly kind: "previous"; readonly span: Span }
    | { readonly kind: "starts"; readonly values: readonly Expression[] };
  readonly by: Name;
  readonly arguments: Arguments;
  readonly span: Span;
}
