/**
 * Differences of points and residuals, ΔX and ΔR, that Anderson acceleration keeps, and what they say of the inverse of the
 * residual's derivative J. With a rate β (Fang and Saad 2009), the multisecant form of Broyden's second method,
 *
 *     J⁻¹ ≈ β I + (ΔX − β ΔR) (ΔRᵀ ΔR)⁻¹ ΔRᵀ.
 */
import type { Engine, Vector } from "../engine/engine.ts";
import type { Ledger } from "../ledger.ts";
import { machineEpsilon, type Workspace } from "./workspace.ts";

export interface Difference {
  readonly dx: Vector;
  readonly dr: Vector;
  /** ⟨ΔR, ΔR_j⟩ with each difference that is kept, itself included. */
  readonly products: Map<Difference, number>;
}

export interface Differences {
  /** The newest first. */
  readonly kept: readonly Difference[];
  readonly add: (from: Standing, to: Standing) => void;
  readonly forget: () => void;
  readonly keep: (ledger: Ledger) => void;
  /** γ with ΔRᵀ ΔR γ = right, of as many of the newest differences as are independent. */
  readonly combine: (right: (difference: Difference) => number) => readonly number[];
}

/** A point and its residual. */
export interface Standing {
  readonly x: Vector;
  readonly r: Vector;
}

/** How much of ‖ΔR‖² the newer ones must leave, at least in roundings: those older than the first that fails are not used. */
const independent = { share: 1e-8, roundings: 100 } as const;

/** Keeps the last `memory`, in the workspace. */
export function createDifferences(engine: Engine, workspace: Workspace, memory: number): Differences {
  const kept: Difference[] = [];
  const spare: Difference[] = Array.from({ length: memory }, () => ({
    dx: workspace.vector(),
    dr: workspace.vector(),
    products: new Map(),
  }));
  return {
    kept,
    add: (from, to) => {
      const added = kept.length === memory ? kept.pop() : spare.pop();
      if (added === undefined) return;
      difference(engine, to.x, from.x, added.dx);
      difference(engine, to.r, from.r, added.dr);
      kept.unshift(added);
      for (const other of kept) {
        const product = engine.dot(added.dr, other.dr);
        added.products.set(other, product);
        other.products.set(added, product);
      }
    },
    forget: () => {
      spare.push(...kept.splice(0));
    },
    keep: (ledger) =>
      ledger.keep(
        "differences",
        () =>
          kept.map(({ dx, dr, products }) => ({
            dx: engine.read(dx),
            dr: engine.read(dr),
            products: kept.map((other) => products.get(other) as number),
          })),
        (written) => {
          kept.push(...spare.splice(0, written.length));
          for (const [i, { dx, dr, products }] of written.entries()) {
            const own = kept[i] as Difference;
            engine.write(own.dx, dx);
            engine.write(own.dr, dr);
            products.forEach((product, j) => own.products.set(kept[j] as Difference, product));
          }
        },
      ),
    combine: (right) => combination(engine, kept, right),
  };
}

/** out ← J⁻ᵀ b, as the differences have it: β b + ΔR γ with ΔRᵀ ΔR γ = (ΔX − β ΔR)ᵀ b. */
export function applyTransposedInverse(
  engine: Engine,
  { kept, combine }: Differences,
  rate: number,
  b: Vector,
  out: Vector,
): void {
  const gammas = combine(({ dx, dr }) => engine.dot(dx, b) - rate * engine.dot(dr, b));
  engine.copy(b, out);
  engine.scale(rate, out);
  gammas.forEach((gamma, i) => {
    engine.axpy(gamma, (kept[i] as Difference).dr, out);
  });
}

/** out ← a − b */
function difference(engine: Engine, a: Vector, b: Vector, out: Vector): void {
  engine.copy(a, out);
  engine.axpy(-1, b, out);
}

/**
 * The normal equations by Cholesky, L Lᵀ γ = right. The bound on what must be left keeps the squared condition number well within
 * the engine's digits.
 */
function combination(
  engine: Engine,
  kept: readonly Difference[],
  right: (difference: Difference) => number,
): readonly number[] {
  const least = Math.max(independent.share, independent.roundings * machineEpsilon(engine));
  const rows: number[][] = [];
  const solved: number[] = [];
  for (const [i, own] of kept.entries()) {
    const row: number[] = [];
    for (const [j, other] of kept.slice(0, i).entries()) {
      const before = rows[j] as number[];
      row.push(((own.products.get(other) as number) - inner(row, before, j)) / (before[j] as number));
    }
    const length = own.products.get(own) as number;
    const pivot = length - inner(row, row, i);
    if (!(pivot > least * length)) break;
    row.push(Math.sqrt(pivot));
    solved.push((right(own) - inner(row, solved, i)) / (row[i] as number));
    rows.push(row);
  }
  for (let i = rows.length - 1; i >= 0; i--) {
    for (let k = i + 1; k < rows.length; k++) {
      solved[i] = (solved[i] as number) - (rows[k]?.[i] as number) * (solved[k] as number);
    }
    solved[i] = (solved[i] as number) / (rows[i]?.[i] as number);
  }
  return solved;
}

/** Of the first `count` entries. */
const inner = (a: readonly number[], b: readonly number[], count: number): number =>
  a.slice(0, count).reduce((sum, ai, k) => sum + ai * (b[k] as number), 0);
