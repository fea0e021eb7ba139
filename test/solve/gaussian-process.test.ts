import { expect, it } from "vitest";
import { fitGaussianProcess, processWith } from "../../runtime/solve/gaussian-process.ts";
import { spread } from "../../runtime/solve/sobol.ts";

const bowl = (x: Float64Array): number => ((x[0] as number) - 0.3) ** 2 + 4 * ((x[1] as number) - 0.6) ** 2;

it("goes through the values, is sure of them, and less sure away from them", () => {
  const points = spread(12, 2, 0);
  const process = fitGaussianProcess(points, points.map(bowl));
  for (const point of points) {
    const { mean, deviation } = process.at(point);
    expect(mean).toBeCloseTo(bowl(point), 4);
    expect(deviation).toBeLessThan(1e-3);
  }
  const corner = process.at(Float64Array.of(1, 1)).deviation;
  expect(corner).toBeGreaterThan(process.at(points[0] as Float64Array).deviation * 3);
});

it("predicts a smooth function between its points, within a few of its deviations", () => {
  const process = fitGaussianProcess(spread(30, 2, 1), spread(30, 2, 1).map(bowl));
  for (const point of spread(50, 2, 2)) {
    const { mean, deviation } = process.at(point);
    expect(Math.abs(mean - bowl(point))).toBeLessThan(6 * deviation + 1e-5);
    expect(mean).toBeCloseTo(bowl(point), 1);
  }
});

it("does not mind an offset or a scale", () => {
  const points = spread(10, 2, 3);
  const values = points.map(bowl);
  const at = Float64Array.of(0.21, 0.77);
  const plain = fitGaussianProcess(points, values).at(at);
  const moved = fitGaussianProcess(
    points,
    values.map((value) => 1000 + 50 * value),
  ).at(at);
  expect(moved.mean).toBeCloseTo(1000 + 50 * plain.mean, 3);
  expect(moved.deviation).toBeCloseTo(50 * plain.deviation, 3);
});

it("is the formula's, as numpy has it", () => {
  const points = [
    [0.1, 0.2],
    [0.4, 0.9],
    [0.7, 0.3],
    [0.95, 0.6],
    [0.5, 0.5],
  ].map((point) => Float64Array.from(point));
  const process = processWith(points, [1, 2, -1, 0.5, 0.25], Float64Array.of(0.3, 0.3));
  const { mean, deviation } = process?.at(Float64Array.of(0.3, 0.4)) ?? {};
  expect(mean).toBeCloseTo(0.633330396559653, 12);
  expect(deviation).toBeCloseTo(0.6224630662119269, 12);
  expect(process?.likelihood).toBeCloseTo(0.18268576000586476, 12);
});
