import { expect, test } from "vitest";
import * as build from "../../compiler/ir/graph.ts";
import { sizeOf } from "../../compiler/ir/size.ts";
import { createWasmEngine } from "../../runtime/engine/wasm/engine.ts";
import type { WasmEngineOptions } from "../../runtime/engine/wasm/host.ts";
import { partLength } from "../../runtime/engine/wasm/threads.ts";
import { spawnWorker } from "../../runtime/engine/wasm/worker-threads.ts";

const [n, d] = [3000, 40];

/** Gradients of a logistic loss at changing points, and a product: everything that is shared out. */
async function results(options: WasmEngineOptions, steps: number): Promise<Float64Array> {
  const engine = await createWasmEngine(options);
  const g = build.createGraph();
  const [N, D] = [sizeOf(n), sizeOf(d)];
  const X = build.input(g, "X", "data", [N, D]);
  const theta = build.input(g, "theta", "lower", [D]);
  const scores = build.einsum(g, [X, theta], [[0, 1], [1]], [0]);
  const gradient = build.einsum(g, [X, build.map(g, "sigmoid", scores)], [[0, 1], [0]], [1]);
  const gram = build.einsum(
    g,
    [X, X],
    [
      [0, 1],
      [0, 2],
    ],
    [1, 2],
  );
  const data = engine.allocate(n * d);
  engine.write(
    data,
    Float64Array.from({ length: n * d }, (_, i) => Math.sin(i * i)),
  );
  const kernel = engine.compile(
    { name: "test", arguments: [X, theta], outputs: [gradient, scores, gram] },
    new Map(),
    new Map(),
  );
  const at = engine.allocate(d);
  const out = [d, n, d * d].map(engine.allocate);
  for (let step = 0; step < steps; step += 1) {
    kernel.run([data, at], out);
    engine.axpy(-1e-3, out[0] as (typeof out)[number], at);
  }
  return Float64Array.from([at, ...out].flatMap((vector) => [...engine.read(vector)]));
}

test("workers change no bit of the result, whichever of them does what", async () => {
  const started: number[] = [];
  const spawn: WasmEngineOptions["spawn"] = (program, data) => {
    started.push(1);
    return spawnWorker(program, data);
  };
  const idle = { threads: 3, shareFrom: 1000, spawn: () => () => {} };
  const alone = await results(idle, 300);
  expect(await results({ ...idle, spawn }, 300)).toEqual(alone);
  expect(started).toHaveLength(2);
  expect(alone.every(Number.isFinite)).toBe(true);
});

test("one thread agrees with several up to rounding, and starts no worker", async () => {
  const one = await results({ spawn: () => expect.fail("started") }, 20);
  const several = await results({ threads: 2, shareFrom: 1000, spawn: spawnWorker }, 20);
  one.forEach((value, i) =>
    expect(Math.abs(value - (several[i] as number))).toBeLessThan(1e-9 * (1 + Math.abs(value))),
  );
});

test("parts are whole granules, and small work stays whole", () => {
  const two = { count: 2, shareFrom: 1e5 };
  expect(partLength(two, 1000, 16, 9e4, 0)).toBe(1000);
  expect(partLength({ ...two, count: 1 }, 1000, 16, 1e9, 0)).toBe(1000);
  expect(partLength(two, 1000, 16, 1e6, 0)).toBe(128);
  expect(partLength(two, 1000, 16, 1e5, 0)).toBe(256);
  // Sums as large as the work are not worth it.
  expect(partLength(two, 1000, 16, 1e6, 1e6)).toBe(1000);
});
