import { expect, it } from "vitest";
import { sobol, spread } from "../../runtime/solve/sobol.ts";

/** Points 13 and 4001 in 21 dimensions, by scipy.stats.qmc.Sobol(21, scramble=False). */
const thirteenth = [
  0.8125, 0.6875, 0.8125, 0.0625, 0.4375, 0.9375, 0.5625, 0.5625, 0.5625, 0.4375, 0.8125, 0.9375, 0.0625, 0.8125,
  0.1875, 0.5625, 0.1875, 0.6875, 0.5625, 0.9375, 0.5625,
];
const late = [
  0.554931640625, 0.620849609375, 0.935791015625, 0.284423828125, 0.182373046875, 0.180419921875, 0.504150390625,
  0.351806640625, 0.152587890625, 0.222900390625, 0.921142578125, 0.688720703125, 0.282958984375, 0.730712890625,
  0.418212890625, 0.690185546875, 0.335693359375, 0.132568359375, 0.571044921875, 0.310302734375, 0.405517578125,
];

it("gives the sequence of Joe and Kuo's direction numbers", () => {
  const machine = sobol(21);
  const points = Array.from({ length: 4002 }, () => [...machine.next().value]);
  expect(points[13]).toEqual(thirteenth);
  expect(points[4001]).toEqual(late);
});

it("puts one of the first 2^k points into each of 2^k equal parts of every axis, whatever the seed", () => {
  for (const seed of [0, 1, 7]) {
    const points = spread(64, 25, seed);
    for (let j = 0; j < 21; j += 1) {
      const parts = points.map((point) => Math.floor(64 * (point[j] as number)));
      expect(new Set(parts).size).toBe(64);
    }
    expect(points.flatMap((point) => [...point]).every((u) => u >= 0 && u < 1)).toBe(true);
  }
  expect(spread(4, 3, 5)).toEqual(spread(4, 3, 5));
  expect(spread(4, 3, 5)).not.toEqual(spread(4, 3, 6));
});
