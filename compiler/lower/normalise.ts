/** Normalisations in networks: of what a layer gives, and of its matrix. */
import { add, constant, einsum, type Graph, map, multiply } from "../ir/graph.ts";
import type { Node } from "../ir/node.ts";
import { constantSize, type Size } from "../ir/size.ts";
import { type Batched, ownShape, product } from "./batched.ts";
import { lowerReduction } from "./functions.ts";

/** In the denominator of the layer normalisation. */
const layerEpsilon = 1e-5;

/** (x − mean) / √(var + ε) along the last axis: layer normalisation (Ba, Kiros and Hinton 2016). */
export function standardised(g: Graph, { node: x, batch }: Batched): Batched {
  const last = x.shape.length - 1;
  const along = (reduced: Node): Node => {
    const axes = x.shape.map((_, axis) => axis);
    return einsum(g, [reduced], [axes.slice(0, -1)], axes, new Map([[last, x.shape[last] as Size]]));
  };
  const centred = add(g, [1, -1], [x, along(lowerReduction.mean(g, x, [last]))]);
  const variance = lowerReduction.mean(g, multiply(g, centred, centred), [last]);
  return { node: multiply(g, centred, along(inverseRoot(g, variance, layerEpsilon))), batch };
}

/** The Gram matrix is squared so many times. */
const squarings = 4;
/** Under the roots of norms, so that the matrix 0 stays 0. */
const normEpsilon = 1e-36;

/**
 * W / σ: spectral normalisation (Miyato, Kataoka, Koyama and Yoshida 2018). With λ the eigenvalues of WᵀW and p = 2^squarings, σ² is
 *
 *     Σ λ^(p + 1) / Σ λ^p = ⟨WᵀW, B⟩ / tr B,   B = (WᵀW)^p by repeated squaring.
 *
 * Like p steps of the power method it tends to the largest of them, from below, and needs no start: a smooth function of W alone, which is
 * differentiated as it is. (With the singular vectors of σ = uᵀ W v held, its second derivative would be missing.)
 */
export function atUnitNorm(g: Graph, matrix: Batched): Batched {
  const { node, batch } = matrix;
  const over = batch.map((_, axis) => axis);
  const [i, j, k] = [batch.length, batch.length + 1, batch.length + 2];
  const square = (a: Node, left: readonly number[], right: readonly number[]): Node =>
    einsum(
      g,
      [a, a],
      [
        [...over, ...left],
        [...over, ...right],
      ],
      [...over, i, j],
    ); // prettier-ignore
  const dot = (a: Node, b: Node): Node => {
    const axes = a.shape.map((_, axis) => axis);
    return einsum(g, [a, b], [axes, axes], over);
  };
  const overNorm = (value: Node, squaredNorm: Node): Node => {
    const root = { node: inverseRoot(g, squaredNorm, normEpsilon), batch };
    return product(g, [{ node: value, batch }, root], value.shape.slice(batch.length)).node;
  };
  const [rows, columns] = ownShape(matrix).map(constantSize);
  if (node.shape.length - batch.length === 1) return { node: overNorm(node, dot(node, node)), batch };
  const isWide = (rows ?? Number.POSITIVE_INFINITY) < (columns ?? Number.POSITIVE_INFINITY);
  const gram = isWide ? square(node, [i, k], [j, k]) : square(node, [k, i], [k, j]);
  let power = gram;
  for (let step = 0; step < squarings; step += 1) {
    // Of norm 1, so that its square has the trace 1.
    const unit = overNorm(power, dot(power, power));
    power = square(unit, [i, k], [k, j]);
  }
  return { node: overNorm(node, dot(gram, power)), batch };
}

/** (x + ε)^−½ */
function inverseRoot(g: Graph, x: Node, epsilon: number): Node {
  const shifted = add(g, [1, 1], [x, constant(g, epsilon, x.shape)]);
  return map(g, "power", shifted, constant(g, -0.5, x.shape));
}
