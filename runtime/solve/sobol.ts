/**
 * Sobol points in the unit cube (Sobol 1967): coordinate j of point i is the exclusive or of direction numbers v_{j,k} over the bits k
 * of i's Gray code (Antonov and Saleev 1979). With a primitive polynomial over GF(2) of degree s and coefficients a_1 .. a_{s−1},
 *
 *     m_k = 2 a_1 m_{k−1} ⊕ 2² a_2 m_{k−2} ⊕ … ⊕ 2^{s−1} a_{s−1} m_{k−s+1} ⊕ 2^s m_{k−s} ⊕ m_{k−s},   v_k = m_k / 2^k.
 */

import { createRandom } from "../random.ts";

/** Degree s, the coefficients a as bits, and m_1 .. m_s, from the second dimension on (Joe and Kuo 2008). */
const polynomials: readonly (readonly [degree: number, coefficients: number, first: readonly number[]])[] = [
  [1, 0, [1]],
  [2, 1, [1, 3]],
  [3, 1, [1, 3, 1]],
  [3, 2, [1, 1, 1]],
  [4, 1, [1, 1, 3, 3]],
  [4, 4, [1, 3, 5, 13]],
  [5, 2, [1, 1, 5, 5, 17]],
  [5, 4, [1, 1, 5, 5, 5]],
  [5, 7, [1, 1, 7, 11, 19]],
  [5, 11, [1, 1, 5, 1, 1]],
  [5, 13, [1, 1, 1, 3, 11]],
  [5, 14, [1, 3, 5, 5, 31]],
  [6, 1, [1, 3, 3, 9, 7, 49]],
  [6, 13, [1, 1, 1, 15, 21, 21]],
  [6, 16, [1, 3, 1, 13, 27, 49]],
  [6, 19, [1, 1, 1, 15, 7, 5]],
  [6, 22, [1, 3, 1, 15, 13, 25]],
  [6, 25, [1, 1, 5, 5, 19, 61]],
  [7, 1, [1, 3, 7, 11, 23, 15, 103]],
  [7, 4, [1, 3, 7, 13, 13, 15, 69]],
];

const sobolDimensions = polynomials.length + 1;

const bits = 32;

/** v_1 .. v_32 as 32-bit integers: multiplied by 2^32. */
function directions(dimension: number): readonly number[] {
  if (dimension === 0) return Array.from({ length: bits }, (_, k) => (1 << (bits - 1 - k)) >>> 0);
  const [degree, coefficients, first] = polynomials[dimension - 1] as (typeof polynomials)[number];
  const v = first.map((m, k) => (m << (bits - 1 - k)) >>> 0);
  for (let k = degree; k < bits; k += 1) {
    const far = v[k - degree] as number;
    let next = far ^ (far >>> degree);
    for (let j = 1; j < degree; j += 1) if ((coefficients >>> (degree - 1 - j)) & 1) next ^= v[k - j] as number;
    v.push(next >>> 0);
  }
  return v;
}

/**
 * Point after point, the first of them the origin before the shift: 32 bits a coordinate that are added to each point without carry,
 * which keeps the points as even as they are (a digital shift). At most `sobolDimensions` coordinates.
 */
export function* sobol(dimensions: number, shift: readonly number[] = []): Generator<Float64Array, never, void> {
  const v = Array.from({ length: dimensions }, (_, j) => directions(j));
  const state = Array.from({ length: dimensions }, (_, j) => (shift[j] ?? 0) >>> 0);
  for (let i = 1; ; i += 1) {
    yield Float64Array.from(state, (word) => word / 2 ** bits);
    const lowestZero = 31 - Math.clz32(i & -i);
    for (let j = 0; j < dimensions; j += 1) {
      state[j] = ((state[j] as number) ^ (v[j]?.[lowestZero] as number)) >>> 0;
    }
  }
}

/** So many points under a shift of the seed's; coordinates beyond their dimensions are drawn uniformly. */
export function spread(count: number, dimensions: number, seed: number): readonly Float64Array[] {
  const random = createRandom(seed);
  const even = Math.min(dimensions, sobolDimensions);
  const shift = Array.from({ length: even }, () => random.integer(2 ** 32));
  const machine = sobol(even, shift);
  return Array.from({ length: count }, () => {
    const point = machine.next().value;
    return Float64Array.from({ length: dimensions }, (_, j) => point[j] ?? random.uniform());
  });
}
