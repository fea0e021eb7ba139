/**
 * The ends of a symmetric operator's spectrum by products with it (Lanczos 1950), with full reorthogonalisation (Golub and Van Loan,
 * 10.3): T = Qᵀ A Q is tridiagonal, and its extreme eigenvalues approach A's from inside.
 */
import type { Engine, Vector } from "../../engine/engine.ts";
import { linearDefaults } from "../defaults.ts";
import { type Spectrum, symmetricSpectrum } from "../symmetric.ts";
import type { LinearOperator } from "../types.ts";
import { createWorkspace, machineEpsilon } from "../workspace.ts";

export interface LanczosOptions {
  /** Orthonormal vectors; only what is orthogonal to them is looked at. */
  readonly without?: readonly Vector[];
  /** Receives the unit vector whose Rayleigh quotient is `smallest`. */
  readonly vector: Vector;
}

export interface SpectrumEnds {
  /** vᵀAv for the vector handed back: at least the smallest eigenvalue. */
  readonly smallest: number;
  /** ‖Av − smallest v‖: so near is an eigenvalue. */
  readonly error: number;
  /** At most the largest eigenvalue in magnitude. */
  readonly largest: number;
}

/** NaNs where the operator gives no finite value. */
export function spectrumEnds(
  engine: Engine,
  a: LinearOperator,
  { without = [], vector }: LanczosOptions,
): SpectrumEnds {
  const { lanczosSteps, lanczosWork, lanczosTolerance } = linearDefaults;
  const free = a.size - without.length;
  const most = Math.max(2, Math.min(free, lanczosSteps, Math.floor(Math.sqrt(lanczosWork / a.size))));
  const workspace = createWorkspace(engine, a.size);
  try {
    const basis: Vector[] = [];
    const [diagonal, beside]: [number[], number[]] = [[], []];
    const image = workspace.vector();
    const purge = (x: Vector): void => {
      for (let pass = 0; pass < 2; pass += 1)
        for (const q of [...without, ...basis]) engine.axpy(-engine.dot(q, x), q, x);
    };
    let next = workspace.vector();
    engine.write(next, startOf(a.size, without.length));
    purge(next);
    engine.scale(1 / engine.norm(next), next);
    let check = firstCheck;
    let spectrum: Spectrum | undefined;
    while (spectrum === undefined) {
      basis.push(next);
      a.apply(next, image);
      const alpha = engine.dot(next, image);
      if (!Number.isFinite(alpha)) return { smallest: Number.NaN, error: Number.NaN, largest: Number.NaN };
      diagonal.push(alpha);
      next = workspace.vector();
      engine.copy(image, next);
      purge(next);
      const beta = engine.norm(next);
      const noise = invariant * machineEpsilon(engine) * Math.max(...diagonal.map(Math.abs), ...beside);
      const last = beta <= noise || basis.length >= most;
      if (last || basis.length === check) {
        const found = symmetricSpectrum(tridiagonal(diagonal, beside), basis.length);
        // β times the last entry of T's eigenvector is the residual of A's.
        const error = beta * Math.abs((found.vectors[0] as Float64Array).at(-1) as number);
        if (last || error <= lanczosTolerance * Math.abs(found.values[0] as number)) spectrum = found;
        check *= 2;
      }
      beside.push(beta);
      engine.scale(1 / beta, next);
    }
    const { values, vectors } = spectrum;
    engine.fill(vector, 0);
    (vectors[0] as Float64Array).forEach((weight, j) => engine.axpy(weight, basis[j] as Vector, vector));
    a.apply(vector, image);
    const smallest = engine.dot(vector, image);
    engine.axpy(-smallest, vector, image);
    return {
      smallest,
      error: engine.norm(image),
      largest: Math.max(...values.map(Math.abs)),
    };
  } finally {
    workspace.release();
  }
}

/** Vectors after which the smallest eigenvalue is first looked at; then at twice as many each time. */
const firstCheck = 20;
/** Below so many roundings what is left of a new direction is noise: the space is invariant. */
const invariant = 64;

/** No eigenvector is likely to be orthogonal to it, and it is the same every time. */
function startOf(size: number, shift: number): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => 1 + Math.sin(12.9898 * (i + 1) + 4.1414 * shift));
}

function tridiagonal(diagonal: readonly number[], beside: readonly number[]): Float64Array {
  const k = diagonal.length;
  const matrix = new Float64Array(k * k);
  diagonal.forEach((value, i) => {
    matrix[i * k + i] = value;
    if (i + 1 < k) matrix[i * k + i + 1] = matrix[(i + 1) * k + i] = beside[i] as number;
  });
  return matrix;
}
