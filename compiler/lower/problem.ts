/** A problem as tensor expressions: what lowering gives and every derivation reads. */
import type { Span } from "../../grammar/diagnostics.ts";
import type { Generator } from "../check/model.ts";
import type { Graph } from "../ir/graph.ts";
import type { Input, Node } from "../ir/node.ts";
import type { Size } from "../ir/size.ts";

export type LowerClause = {
  readonly unknowns: readonly Input[];
  readonly span: Span;
} & (
  | {
      readonly kind: "optimize";
      readonly direction: "minimizes" | "maximizes";
      /** As written. */
      readonly objective: Node;
      /** What is minimised: the objective or its negative. */
      readonly minimand: Node;
      readonly subject: readonly Constraint[];
      /** Unknowns that are functions in an RKHS. */
      readonly representers?: readonly Representer[];
      /** `by descent(...)` or `by gradient_flow`: not just any minimiser is meant, but where this path ends. */
      readonly selected?: Selected;
    }
  /** residual = left − right, of the unknown's shape. A fixed point v = F(v), either way round, has v − F(v). */
  | { readonly kind: "solves"; readonly residual: Node; readonly fixedPoint: boolean }
);

/**
 * The set an unknown of the lower level stays in. An absent end of a box is infinite; simplex and ball act along the last axis, psd
 * (symmetric and positive semidefinite) on the last two.
 */
export type LowerSet =
  | { readonly kind: "box"; readonly low?: Node; readonly high?: Node }
  | { readonly kind: "simplex" }
  | { readonly kind: "psd" }
  /** One radius a row, of the unknown's shape without its last axis. */
  | { readonly kind: "ball"; readonly radius: Node };

/** value <= 0, or value == 0, entry by entry. */
export interface Constraint {
  readonly relation: "<=" | "==";
  readonly value: Node;
}

/** A path to the point that is meant. */
export type Selected = {
  /** One an unknown, of its shape; absent: the last outer iterate's solution, a constant. */
  readonly start?: readonly Node[];
} & (
  | {
      /** y_{t+1} = y_t − rate ∇g(y_t) + momentum (y_t − y_{t−1}), `steps` times. */
      readonly kind: "descent";
      readonly steps: number;
      /** A scalar; may read upper variables. Absent: the reciprocal of the largest curvature at the start, a constant. */
      readonly rate?: Node;
      /** The same. Absent: none. */
      readonly momentum?: Node;
      /** The minimiser is meant, and the steps stand for it; otherwise where they end is what is meant. */
      readonly approximates?: true;
    }
  /** The limit of dy/dt = −∇g(y). */
  | { readonly kind: "gradient_flow" }
);

/** Clauses that hold together, and the level that answers them. */
export interface LowerLevel {
  readonly clauses: readonly LowerClause[];
  readonly deeper?: LowerLevel;
}

/** The path that a clause means the end of. */
export const selectionOf = (clause: LowerClause): Selected | undefined =>
  clause.kind === "optimize" ? clause.selected : undefined;

/** Those of a level and of all below it. */
export function clausesOf(level: LowerLevel | undefined): readonly LowerClause[] {
  return level === undefined ? [] : [...level.clauses, ...clausesOf(level.deeper)];
}

export interface Problem {
  readonly graph: Graph;
  readonly upper?: {
    readonly direction: "minimize" | "maximize";
    /** As written: values keep the author's sign. */
    readonly objective: Node;
    readonly variables: readonly Input[];
    readonly subject: readonly Constraint[];
    readonly span: Span;
  };
  /** The levels below the upper one, outermost first; absent where there is none. */
  readonly level?: LowerLevel;
  /** Inputs that stand for divergences, until derive/divergence.ts writes them out. */
  readonly divergences: readonly Divergence[];
  /** By the unknown's name. */
  readonly sets: ReadonlyMap<string, LowerSet>;
  readonly reports: readonly { readonly name: string; readonly value: Node }[];
  /** By the unknown's name: the maps that are solved for, declared anew with their sizes and parameters as they will be. */
  readonly declarations: ReadonlyMap<string, Template>;
  /** Unknowns in an RKHS. */
  readonly expansions: readonly Representer[];
  /** Unknowns in L2, whose values are inputs in all expressions. */
  readonly functions: readonly L2Function[];
  /** Weights of networks that are not linear in them: their curvature is only multiplied with. */
  readonly deep: readonly Input[];
  /** The start of every unknown, of its shape. */
  readonly starts: ReadonlyMap<string, Node>;
  readonly params: readonly { readonly input: Input; readonly value: Node }[];
  readonly generated: readonly { readonly input: Input; readonly generator: Generator }[];
  /** Fields of endless tables, by the input's name: a fixed sample stands for them, unless a method draws them afresh. */
  readonly endless: ReadonlyMap<string, Generator>;
  /** Some tables are streams: each step has rows of its own. */
  readonly isStreamed?: boolean;
}

/** Source text in pieces; a node stands for the number that it will be. */
export type Template = readonly (string | Node)[];

/** A function in an RKHS by its coefficients over the centres. Its clause reads it through the values there and the norm alone. */
export interface Representer {
  /** The unknown. */
  readonly coefficients: Input;
  /** What the kernel at the centres is weighed by: the unknown itself, but for functions in the span of some of the points alone. */
  readonly weights: Node;
  /** In the span of the kernel at so many points, chosen by the seed: the unknown is then coordinates in an orthonormal basis of it. */
  readonly approximation?: { readonly count: Size; readonly seed: number };
  /** k(c_i, c_j), or that basis at the points where the clause evaluates the function: what gives the values from the unknown. */
  readonly gram: Node;
  /** K α, and the input that stands for it where the values are differentiated. */
  readonly values: { readonly node: Node; readonly input: Input };
  /** ⟨α, K α⟩, the same. */
  readonly norm: { readonly node: Node; readonly input: Input };
  /** The centres, [centres, entries] for each declared argument. */
  readonly centres: readonly Node[];
  /** What gives the values from the unknown at points where the program evaluates it, by the points' table; `gram` under "". */
  readonly matrices: ReadonlyMap<string, Node>;
  /** k(c_i, c_j) for the centres j whose numbers stand in the index: as many as are chosen when sizes are known. */
  readonly columns?: { readonly index: Input; readonly matrix: Node };
  readonly span: Span;
}

/** A function in L2(D), the family that represents it and its values wherever the program evaluates it. */
export interface L2Function {
  readonly name: string;
  /** D, where it is a declared table. */
  readonly table?: string;
  /** Axes of one value: 1 for a vector, 0 for a number. */
  readonly rank: number;
  /** Of the family that represents the function, and of the one that represents its adjoint. */
  readonly weights: readonly Input[];
  readonly adjointWeights: readonly Input[];
  readonly adjointStarts: readonly Node[];
  /** The last layers that are solved for, given the others. */
  readonly head?: ClosedForm;
  readonly adjointHead?: ClosedForm;
  /** Whether these families are linear in their weights. */
  readonly isLinear: boolean;
  readonly isAdjointLinear: boolean;
  readonly values: readonly FunctionValue[];
  readonly span: Span;
}

/** The last weights of a family, and the factor of the ridge penalty on them. */
export interface ClosedForm {
  readonly weights: readonly Input[];
  readonly ridge: number;
}

/** The values of a function at the rows of a table: an input, and what it is through either family. */
export interface FunctionValue {
  readonly of: string;
  readonly input: Input;
  readonly network: Node;
  /** The same of the adjoint function. */
  readonly adjointInput: Input;
  readonly adjointNetwork: Node;
  /** Whose rows these are, where it is one table's. */
  readonly table?: string;
}

/** The trace of ∂of/∂by through the lower level. */
export interface Divergence {
  readonly placeholder: Input;
  readonly of: Node;
  readonly by: Input;
  /** By Monte Carlo finite differences. */
  readonly probing?: { readonly probes: number; readonly step: Node; readonly seed: number };
}
