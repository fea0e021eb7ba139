/** The solvers there are, by the part they solve. */
import type { Selected } from "../lower/problem.ts";

export const innerSolvers = [
  "cholesky",
  "newton",
  "cg",
  "lbfgs",
  "gd",
  "prox_gd",
  "fista",
  "coordinate",
  "anderson",
  "fixed_point",
  "adam",
  "sgd",
] as const;
/** `descent` and `gradient_flow` are not choices, but what the clause says; constraints have one solver. */
export type InnerSolver = (typeof innerSolvers)[number] | Selected["kind"] | "interior_point";

export const adjointSolvers = [
  "cholesky",
  "lu",
  "cg",
  "minres",
  "gmres",
  "bicgstab",
  "fixed_point",
  "lbfgs",
  "gd",
  "neumann",
  "identity",
  "shared",
] as const;
/** `none`: the adjoint is zero by the structure. `zero`: it is left out, as asked. `reverse`, `forward`: along a path. `function`: by the plan of the dual. `rkhs`: by the adjoint functions in an RKHS. */
export type AdjointSolver =
  | (typeof adjointSolvers)[number]
  | "none"
  | "zero"
  | "reverse"
  | "forward"
  | "function"
  | "rkhs";

export const outerSolvers = ["gd", "adam", "lbfgs", "projected_gd"] as const;
/** Methods that look at values alone. */
export const searches = ["grid", "random", "bayes"] as const;
export type Search = (typeof searches)[number];
/** The others are methods with a way of their own through the upper variables. */
export type OuterSolver = (typeof outerSolvers)[number] | Search | "hoag";
