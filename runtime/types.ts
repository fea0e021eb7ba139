/** What goes in and comes out of a prepared problem: plain values, ready for JSON. */
import type { Diagnostic } from "../grammar/diagnostics.ts";

/** A scalar, or an array as nested lists, row-major. */
export type NestedArray = number | readonly NestedArray[];

/**
 * What an unknown holds: an array; the weights of a map by their names, `{ W1: ..., b1: ... }`; or a function in an RKHS,
 * `{ points, coefficients }`, a row of either for each of its centres.
 */
export type Value = NestedArray | Weights;
export type Weights = { readonly [tensor: string]: NestedArray };

/** Values for outer unknowns by name; what is missing takes its `init`. */
export interface Point {
  readonly [name: string]: Value;
}

/** What a problem calls its upper variables, the unknowns below them and its reports, and what each holds. */
export interface Names {
  readonly upper: object;
  readonly lower: object;
  readonly reports: object;
}

/** Where nothing is known of the program. */
export interface AnyNames {
  readonly upper: Readonly<Record<string, Value>>;
  readonly lower: Readonly<Record<string, Value>>;
  readonly reports: Readonly<Record<string, NestedArray>>;
}

/** A `Point` of a problem whose names are known; one number fills an array. */
export type PointOf<N extends Names> = string extends keyof N["upper"]
  ? Point
  : { readonly [Name in keyof N["upper"]]?: N["upper"][Name] | number };

/**
 * Relative, and computed afresh at the reported solution. `inner`: the norm of the optimality condition over the larger of its
 * value at the cold start and the sum of its terms' norms. `adjoint`: ‖Hv − ∂f/∂y‖ over ‖∂f/∂y‖. 0/0 is 0.
 */
export interface Residuals {
  readonly inner: number;
  readonly adjoint: number;
}

/** Of the upper objective, in the variables of either level. */
export interface Partials {
  readonly upper: Readonly<Record<string, Value>>;
  readonly lower: Readonly<Record<string, Value>>;
}

/** What the upper problem is subject to, constraint by constraint in the order written. */
export interface ConstraintValues {
  /** left − right, or right − left for >=: at most 0 where an inequality holds, 0 where an equality does. */
  readonly value: NestedArray;
  /** How fast the optimum improves where the constraint is loosened; 0 for one without force. */
  readonly multiplier: NestedArray;
}

/** What a function is beside the numbers that were found for it, which are among the unknowns. */
export interface SolvedFunction {
  /** In the language, with a number for every size and parameter: `network h: real[2] -> real = mlp(hidden: [50, 50])`. */
  readonly declaration: string;
  /** Where its arguments came from, where all of them were columns of csv files. */
  readonly inputs?: readonly FunctionInput[];
}

/** The csv columns of one argument, and what the program centred and scaled them by. */
export interface FunctionInput {
  readonly columns: readonly string[];
  readonly mean?: readonly number[];
  readonly deviation?: readonly number[];
}

/** Where a run stands, in values of its unknowns; computed when it is asked for. */
export interface Present {
  readonly upper: Readonly<Record<string, Value>>;
  readonly lower: Readonly<Record<string, Value>>;
}

export interface GradientResult<N extends Names = AnyNames> {
  readonly value: number;
  readonly gradient: N["upper"];
  /** All deeper levels. */
  readonly lower: N["lower"];
  /** Where the upper problem has constraints; the gradient is that of the objective alone. */
  readonly constraints?: readonly Pick<ConstraintValues, "value">[];
  readonly residuals: Residuals;
  /** How fast iterations of v = F(v) approach the solution, estimated: the spectral radius of ∂F/∂v. Where the lower level has such. */
  readonly contraction?: number;
  readonly method: string;
  readonly engine: string;
  readonly warnings: readonly Diagnostic[];
  /** False where a solver that was not told to stop early fell short of its tolerance. Not in the JSON document. */
  readonly complete: boolean;
}

/** `reached`: the value that was asked for. */
export type Status = "converged" | "reached" | "max_steps" | "time_limit" | "diverged" | "interrupted";

/** One outer step, as the trace keeps it. Names are those of the JSON document. */
export interface TraceEntry {
  readonly step: number;
  readonly value: number;
  readonly gradient_norm: number;
  readonly seconds: number;
  readonly inner_residual: number;
  readonly adjoint_residual: number;
  /** Where points are searched: the best value so far. */
  readonly best?: number;
  /** Rows evaluated so far by a stochastic method, what is looked at for the trace aside. */
  readonly samples?: number;
}

export interface RunResult<N extends Names = AnyNames> {
  readonly status: Status;
  /** With the sign the author wrote: a maximised objective is not negated. */
  readonly value: number;
  /** Under constraints, of the Lagrangian. */
  readonly gradient_norm: number;
  readonly steps: number;
  readonly seconds: number;
  readonly engine: string;
  readonly method: string;
  readonly upper: N["upper"];
  readonly lower: N["lower"];
  readonly reports: N["reports"];
  /** The networks and functions among the unknowns, by name; `predict` evaluates them at other points. */
  readonly functions?: Readonly<Record<string, SolvedFunction>>;
  readonly constraints?: readonly ConstraintValues[];
  readonly residuals: Residuals;
  readonly contraction?: number;
  readonly trace: readonly TraceEntry[];
  /** Where several starts were asked for: how each ended, in order; this result is the best. */
  readonly starts?: readonly StartResult[];
  readonly warnings: readonly Diagnostic[];
  /** Why the run ended, where the status alone does not say. */
  readonly message?: string;
  /** Converged, or every step that was asked for was taken. Not in the JSON document. */
  readonly complete: boolean;
}

/** How a run from one of several starts ended. One that was refused has a message alone. */
export interface StartResult
  extends Partial<Pick<RunResult, "value" | "gradient_norm" | "steps" | "upper" | "message">> {
  readonly status: Status | "refused";
}

/** One entry of the gradient, by the derived equations and by central differences of the whole problem. */
export interface GradcheckRow {
  readonly variable: string;
  readonly index: readonly number[];
  readonly derived: number;
  readonly finiteDifference: number;
  /** Relative to the gradient's largest entry. */
  readonly error: number;
}

/** Another way to the gradient, and its largest difference from the derived one, relative to the largest entry. */
export interface Estimator {
  readonly name: string;
  /** It has to agree; others approximate the gradient, each in its way. */
  readonly exact: boolean;
  readonly gradient: Readonly<Record<string, Value>>;
  readonly difference: number;
}

export interface GradcheckResult {
  readonly value: number;
  readonly rows: readonly GradcheckRow[];
  /** The largest error of all rows. */
  readonly worst: number;
  readonly estimators: readonly Estimator[];
  readonly residuals: Residuals;
  readonly passed: boolean;
  readonly tolerance: number;
  readonly warnings: readonly Diagnostic[];
}
