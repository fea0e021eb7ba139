/** A lower level whose condition holds on a face of its solution: what finds the face, and says how far from solved a point is. */
import type { InnerSolver } from "../../compiler/plan/solvers.ts";
import type { Diagnostic } from "../../grammar/diagnostics.ts";
import type { BlockRuntime } from "./block.ts";

export interface FaceSolver {
  /** Leaves the solution, the multipliers and the masks in their slots. `newton` solves the condition on the face as masked. */
  readonly solve: (block: BlockRuntime, newton: () => void, options: FaceOptions) => { readonly iterations: number };
  /** The residual of the optimality condition, the face's own choice included, at the present point and relative to its terms. */
  readonly residual: (block: BlockRuntime) => number;
  /** Puts what is held at a kink or bound there exactly, where a linear solver left it within rounding. */
  readonly settle: () => void;
  /**
   * The entries of the declared unknowns that move with the slope, or are kept from it by multipliers; the others are held at a kink or
   * bound. Absent where entries are tied in another way.
   */
  readonly free: () => readonly number[] | undefined;
  /** Where strict complementarity fails at the present point. */
  readonly warnings: (block: BlockRuntime) => readonly Diagnostic[];
}

export interface FaceOptions {
  readonly tolerance: number;
  readonly maxIterations: number;
  readonly solver: InnerSolver;
  /** A fixed length of proximal steps, in place of a search for one. */
  readonly rate?: number;
}

/** A force on a kink or bound, or a distance from it, that is smaller than this part of its scale counts as none. */
export const loose = 1e-7;
