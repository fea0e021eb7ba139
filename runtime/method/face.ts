/** A lower level whose condition holds on a face of its solution: what finds the face, and says how far from solved a point is. */
import type { Diagnostic } from "../../grammar/diagnostics.ts";
import type { BlockRuntime } from "./block.ts";

export interface FaceSolver {
  /** Leaves the solution, the multipliers and the masks in their slots. `newton` solves the condition on the face as masked. */
  readonly solve: (block: BlockRuntime, newton: () => void, options: FaceOptions) => FaceReport;
  /** The residual of the optimality condition, the face's own choice included, at the present point and relative to its terms. */
  readonly residual: (block: BlockRuntime) => number;
}

export interface FaceOptions {
  readonly tolerance: number;
  readonly maxIterations: number;
  readonly accelerated: boolean;
}

export interface FaceReport {
  readonly iterations: number;
  readonly warnings: readonly Diagnostic[];
}

/** A force on a kink or bound, or a distance from it, that is smaller than this part of its scale counts as none. */
export const loose = 1e-7;
