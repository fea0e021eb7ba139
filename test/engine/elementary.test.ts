import { describe, expect, test } from "vitest";
import * as build from "../../compiler/ir/graph.ts";
import { applyScalar } from "../../compiler/ir/scalar.ts";
import { namedSize } from "../../compiler/ir/size.ts";
import { createWasmEngine } from "../../runtime/engine/wasm/engine.ts";
import type { WasmEngineOptions } from "../../runtime/engine/wasm/host.ts";
import { exact, toFixed, ulps } from "./exact-functions.ts";

type Fn = keyof typeof exact;

/** The engine's values at the points, two lanes and more at a time and one for the rest. */
async function valuesOf(fn: Fn, points: Float64Array, options: WasmEngineOptions): Promise<Float64Array> {
  const engine = await createWasmEngine(options);
  const g = build.createGraph();
  const n = namedSize("n");
  const x = build.input(g, "x", "data", [n]);
  const kernel = engine.compile(
    { name: "test", arguments: [x], outputs: [build.map(g, fn, x)] },
    new Map(),
    new Map([["n", points.length]]),
  );
  const [from, to] = [engine.allocate(points.length), engine.allocate(points.length)];
  engine.write(from, points);
  kernel.run([from], [to]);
  return engine.read(to);
}

/** Evenly spread, crowded around 0 and 1, on both sides of every power of two, and to the ends of the range. */
function pointsFor(fn: Fn, count: number, [from, to]: readonly [number, number]): Float64Array {
  const points: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const share = (i + 0.5 * Math.sin(i)) / count;
    points.push(from + share * (to - from), 4 * (2 * share - 1) ** 3);
    points.push(1 + 0.4 * (2 * share - 1), (i % 2 === 0 ? 1 : -1) * 2 ** (-60 * share));
    if (fn === "log") points.push(2 ** (2098 * share - 1074), 2 ** Math.floor(2046 * share - 1022) * (1 - 2 ** -53));
  }
  return Float64Array.from(points.filter((x) => x >= from && x <= to && Math.abs(x) > 2 ** -99));
}

const ranges = {
  exp: [-745, 709.7],
  expm1: [-800, 709.7],
  log: [0, Number.MAX_VALUE],
  log1p: [-1 + 2 ** -53, 1e300],
  sigmoid: [-745, 800],
  tanh: [-400, 400],
  softplus: [-740, 1e4],
} as const satisfies Record<Fn, readonly [number, number]>;

const functions = Object.keys(ranges) as Fn[];

describe.each([true, false])("with relaxed SIMD: %s", (relaxed) => {
  test.each(functions)("%s is within two and a half units in the last place", async (fn) => {
    const points = pointsFor(fn, 3000, ranges[fn]);
    const values = await valuesOf(fn, points, { relaxed });
    let [worst, where] = [0, 0];
    points.forEach((x, i) => {
      const error = ulps(values[i] as number, exact[fn](x, toFixed(x)));
      if (!(error <= worst)) [worst, where] = [error, x];
    });
    expect(worst, `at ${where}`).toBeLessThanOrEqual(2.5);
  });
});

test.each(functions)("%s in single precision is within two and a half units in the last place", async (fn) => {
  const [from, to] = ranges[fn];
  const range = [Math.max(from, -80), Math.min(to, fn === "log" || fn === "log1p" ? 1e38 : 80)] as const;
  const points = Float64Array.from(pointsFor(fn, 2000, range), Math.fround).filter(
    (x) => Math.abs(x) > 1e-30 && !(fn === "log1p" && x <= -1),
  );
  const values = await valuesOf(fn, points, { precision: "f32" });
  let [worst, where] = [0, 0];
  points.forEach((x, i) => {
    const expected = applyScalar(fn, [x]);
    const unit = 2 ** Math.max(-149, Math.floor(Math.log2(Math.abs(expected))) - 23);
    const error = Math.abs((values[i] as number) - expected) / unit;
    if (!(error <= worst)) [worst, where] = [error, x];
  });
  expect(worst, `at ${where}`).toBeLessThanOrEqual(2);
});

test.each(["f64", "f32"] as const)("the ends of the range in %s", async (precision) => {
  const far = Float64Array.of(-Infinity, Infinity, NaN, 0, -1, -2, 1e38);
  const expected: Record<Fn, readonly number[]> = {
    exp: [0, Infinity, NaN, 1],
    expm1: [-1, Infinity, NaN, 0],
    log: [NaN, Infinity, NaN, -Infinity, NaN, NaN],
    log1p: [NaN, Infinity, NaN, 0, -Infinity, NaN],
    sigmoid: [0, 1, NaN, 0.5],
    tanh: [-1, 1, NaN, 0],
    softplus: [0, Infinity, NaN],
  };
  for (const fn of functions) {
    const values = await valuesOf(fn, far, { precision });
    expected[fn].forEach((value, i) => expect(values[i], `${fn}(${far[i]})`).toBe(value));
  }
});
