/**
 * What a tensor engine is. Solvers and methods are written once against this; an engine is a folder beside this file.
 * Vectors live in the engine; numbers are read back only where a decision needs them.
 */
import type { Input, Node } from "../../compiler/ir/node.ts";
import type { SizeBindings } from "../../compiler/ir/size.ts";

/** Numbers owned by an engine, row-major whatever shape they stand for. Opaque to everything but its engine. */
export interface Vector {
  readonly length: number;
}

/** A tensor program: the outputs as functions of the inputs they read. */
export interface Program {
  /** For messages and emitted source: `lower gradient`. */
  readonly name: string;
  /** Inputs that change from call to call, in the order `run` takes them. */
  readonly arguments: readonly Input[];
  readonly outputs: readonly Node[];
}

export interface Kernel {
  /** Vectors have the inputs' and outputs' lengths. Outputs must not alias arguments. */
  run(arguments_: readonly Vector[], outputs: readonly Vector[]): void;
  /** Gives back what the kernel holds; it must not run again. */
  release(): void;
}

/** A factorised square matrix, or `count` of them stacked: solves in place. */
export interface Factor {
  /** Overwrites b, which holds `count` stacked right-hand sides (of `columns` columns each, row-major), by the solution. */
  solve(b: Vector, columns?: number): void;
  /** The same with the transposed matrix. */
  solveTransposed(b: Vector, columns?: number): void;
  release(): void;
}

export interface Factorised {
  readonly ok: true;
  readonly factor: Factor;
  /**
   * How much of the matrix's own scale the worst pivot has left, at most 1: for Cholesky min L_ii² / A_ii, for LU min |U_ii| over
   * the largest entry of A's column i. At the level of rounding, the matrix counts as singular; scaling a variable changes nothing.
   */
  readonly smallestPivot: number;
}

export type Factorisation =
  | Factorised
  /** A pivot was not positive (Cholesky), zero (LU) or not finite. */
  | { readonly ok: false; readonly pivot: number };

export interface Engine {
  readonly name: string;
  readonly precision: "f64" | "f32";

  allocate(length: number): Vector;
  release(vector: Vector): void;
  /** A part of a vector, sharing its numbers: never released by itself. */
  view(vector: Vector, offset: number, length: number): Vector;
  write(vector: Vector, values: ArrayLike<number>): void;
  /** A vector of these numbers. An array that can grow is moved, not copied: it is empty afterwards (growing.ts). */
  take(values: Float64Array): Vector;
  read(vector: Vector): Float64Array;

  copy(from: Vector, to: Vector): void;
  fill(vector: Vector, value: number): void;
  /** x <- a x */
  scale(a: number, x: Vector): void;
  /** y <- a x + y */
  axpy(a: number, x: Vector, y: Vector): void;
  /** out <- x ∘ y */
  multiply(x: Vector, y: Vector, out: Vector): void;
  dot(x: Vector, y: Vector): number;
  norm(x: Vector): number;

  /**
   * Compiles outputs that read arguments and `bound` inputs. Bound inputs do not change: what depends on them alone is
   * computed once, at the first run. Every other input is an error.
   */
  compile(program: Program, bound: ReadonlyMap<Input, Vector>, sizes: SizeBindings): Kernel;

  /** `count` stacked symmetric positive definite matrices of the size, row-major. The matrix is not overwritten. */
  cholesky(matrix: Vector, size: number, count: number): Factorisation;
  /** The same with partial pivoting, for any square matrix. */
  lu(matrix: Vector, size: number, count: number): Factorisation;
  /** Ascending eigenvalues of a symmetric matrix; for diagnosis, not for speed. */
  eigenvalues(matrix: Vector, size: number): Float64Array;
}
