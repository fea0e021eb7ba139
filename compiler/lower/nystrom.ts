/**
 * Functions in an RKHS, in the span of the kernel at m of the points (Williams and Seeger 2001): h = Σ_j k(·, z_j) β_j. With
 * W = k(z, z) + ε I = L Lᵀ, what is solved for are coordinates γ = Lᵀ β in an orthonormal basis of the span, so that
 *
 *     values at the points = C L⁻ᵀ γ with C = k(c, z),    ‖h‖² = ‖γ‖²,
 *
 * and the curvature is no worse conditioned than the penalty makes it. That is the RKHS of the kernel k(x, z) W⁻¹ k(z, x′), in full.
 */
import type { Family } from "../check/model.ts";
import {
  add,
  cholesky,
  constant,
  delta,
  einsum,
  type Graph,
  map,
  multiply,
  permute,
  reshape,
  scale,
  sizeNode,
  solve,
} from "../ir/graph.ts";
import type { Node } from "../ir/node.ts";
import { productOfSizes, type Size, sizeOf } from "../ir/size.ts";

/** ε over the kernel's mean diagonal: kernels at points near each other are dependent to rounding. */
const jitter = 1e-10;

/** How many points, and the seed of which. */
export function nystromOptions({ options }: Family): { readonly count: Size; readonly seed: number } {
  const [centres, seed] = [options.get("centres"), options.get("seed")];
  return {
    count: sizeOf(centres?.kind === "number" ? centres.value : 500),
    seed: seed?.kind === "number" ? seed.value : 0,
  };
}

/** L, from W − ε I [m, m]. */
export function basisFactor(g: Graph, corner: Node): Node {
  const count = corner.shape[0] as Size;
  const inverse = map(g, "power", sizeNode(g, count), constant(g, -1));
  const epsilon = scale(g, jitter, multiply(g, inverse, einsum(g, [corner], [[0, 0]], [])));
  return cholesky(g, add(g, [1, 1], [corner, einsum(g, [delta(g, count), epsilon], [[0, 1], []], [0, 1])]));
}

/** C L⁻ᵀ: the basis at points, from the kernel between these and z, [points, m]. */
export function basisAt(g: Graph, kernel: Node, factor: Node): Node {
  return permute(g, solve(g, factor, permute(g, kernel, [1, 0])), [1, 0]);
}

/** β = L⁻ᵀ γ for coordinates [m, ...]. */
export function weightsOf(g: Graph, factor: Node, coordinates: Node): Node {
  const [count, ...rest] = coordinates.shape as readonly [Size, ...Size[]];
  const flat = reshape(g, coordinates, [count, productOfSizes(rest)]);
  return reshape(g, solve(g, permute(g, factor, [1, 0]), flat), coordinates.shape);
}
