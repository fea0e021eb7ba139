/** A problem as tensor expressions: what lowering gives and every derivation reads. */
import type { Span } from "../../grammar/diagnostics.ts";
import type { Generator } from "../check/model.ts";
import type { Graph } from "../ir/graph.ts";
import type { Input, Node } from "../ir/node.ts";

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
      readonly subject: readonly LowerConstraint[];
      /** `by descent(...)` or `by gradient_flow`: not just any minimiser is meant, but where this path ends. */
      readonly selected?: Selected;
    }
  /** residual = left − right, of the unknown's shape. */
  | { readonly kind: "solves"; readonly residual: Node }
);

/** The set an unknown of the lower level stays in. An absent end of a box is infinite; simplex and ball act along the last axis. */
export type LowerSet =
  | { readonly kind: "box"; readonly low?: Node; readonly high?: Node }
  | { readonly kind: "simplex" }
  /** One radius a row, of the unknown's shape without its last axis. */
  | { readonly kind: "ball"; readonly radius: Node };

/** value <= 0, or value == 0, entry by entry. */
export interface LowerConstraint {
  readonly relation: "<=" | "==";
  readonly value: Node;
}

/** A path to the point that is meant. */
export type Selected = {
  /** One an unknown, of its shape; absent: the last outer iterate's solution, a constant. */
  readonly start?: readonly Node[];
} & (
  | {
      /** y ← y − rate ∇g(y), `steps` times. */
      readonly kind: "descent";
      readonly steps: number;
      /** A scalar; may read upper variables. */
      readonly rate: Node;
    }
  /** The limit of dy/dt = −∇g(y). */
  | { readonly kind: "gradient_flow" }
);

/** Clauses that hold together, and the level that answers them. */
export interface LowerLevel {
  readonly clauses: readonly LowerClause[];
  readonly deeper?: LowerLevel;
}

export interface Problem {
  readonly graph: Graph;
  readonly upper?: {
    readonly direction: "minimize" | "maximize";
    /** As written: values keep the author's sign. */
    readonly objective: Node;
    readonly variables: readonly Input[];
    readonly span: Span;
  };
  /** The levels below the upper one, outermost first; absent where there is none. */
  readonly level?: LowerLevel;
  /** Inputs that stand for divergences, until derive/divergence.ts writes them out. */
  readonly divergences: readonly Divergence[];
  /** By the unknown's name. */
  readonly sets: ReadonlyMap<string, LowerSet>;
  readonly reports: readonly { readonly name: string; readonly value: Node }[];
  /** The start of every unknown, of its shape. */
  readonly starts: ReadonlyMap<string, Node>;
  readonly params: readonly { readonly input: Input; readonly value: Node }[];
  readonly generated: readonly { readonly input: Input; readonly generator: Generator }[];
}

/** The trace of ∂of/∂by through the lower level. */
export interface Divergence {
  readonly placeholder: Input;
  readonly of: Node;
  readonly by: Input;
  /** By Monte Carlo finite differences. */
  readonly probing?: { readonly probes: number; readonly step: Node; readonly seed: number };
}
