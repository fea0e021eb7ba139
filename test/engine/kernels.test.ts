import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { gradient } from "../../compiler/derive/differentiate.ts";
import * as build from "../../compiler/ir/graph.ts";
import type { Input, Node } from "../../compiler/ir/node.ts";
import { evaluateSize, namedSize, type SizeBindings, sizeOf } from "../../compiler/ir/size.ts";
import { simplify } from "../../compiler/simplify/simplify.ts";
import type { Engine, Vector } from "../../runtime/engine/engine.ts";
import { createWasmEngine } from "../../runtime/engine/wasm/engine.ts";
import type { WasmEngineOptions } from "../../runtime/engine/wasm/host.ts";
import { spawnWorker } from "../../runtime/engine/wasm/worker-threads.ts";
import { expressions } from "../support/expressions.ts";
import { interpretAll, type Tensor } from "../support/interpret.ts";
import { tfjs, webgpu } from "../support/tfjs.ts";
import { randomProgram } from "./random-program.ts";

let engine: Engine;
/** How far from the interpreter, relative to 1 + |expected|. */
let accuracy: number;

const wasm = (options?: WasmEngineOptions) => (): Promise<Engine> => createWasmEngine(options);
/** Calls are shared out far below what pays, so that small cases are. */
const shared = { threads: 2, shareFrom: 1, spawn: spawnWorker };
const double = { isSingle: false, within: 1e-9 };
const single = { isSingle: true, within: 2e-4 };

/** Every kind of program that is emitted. */
const kinds: readonly {
  readonly name: string;
  readonly create: () => Promise<Engine>;
  readonly isSingle: boolean;
  readonly within: number;
  readonly runs: number;
}[] = [
  { name: "f64", create: wasm(), ...double, runs: 80 },
  { name: "f64 without relaxed SIMD", create: wasm({ relaxed: false }), ...double, runs: 15 },
  { name: "f64 in two threads", create: wasm(shared), ...double, runs: 15 },
  { name: "f32", create: wasm({ precision: "f32" }), ...single, runs: 0 },
  { name: "f32 in two threads", create: wasm({ ...shared, precision: "f32" }), ...single, runs: 0 },
  { name: "tfjs-cpu", create: () => tfjs("tfjs-cpu"), ...single, runs: 20 },
  { name: "tfjs-wasm", create: () => tfjs("tfjs-wasm"), ...single, runs: 20 },
  ...(webgpu.isThere ? [{ name: "tfjs-webgpu", create: () => tfjs("tfjs-webgpu"), ...single, runs: 0 }] : []),
];

const volume = (node: Node, sizes: SizeBindings): number =>
  node.shape.reduce((n, size) => n * (evaluateSize(size, sizes) as number), 1);

const wave = (length: number, phase: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => 1.3 * Math.sin(1.7 * i + phase) + 0.2 * Math.cos(i * i));

function vectorOf(values: ArrayLike<number>): Vector {
  const vector = engine.allocate(values.length);
  engine.write(vector, values);
  return vector;
}

/** Runs twice, once with half of the inputs bound, and compares every output with the interpreter. */
function check(
  inputs: readonly Input[],
  outputs: readonly Node[],
  sizes: SizeBindings,
  given?: ReadonlyMap<string, Float64Array>,
): void {
  const values = new Map<string, Tensor>(
    inputs.map((input, i) => [
      input.name,
      {
        shape: input.shape.map((size) => evaluateSize(size, sizes) as number),
        values: given?.get(input.name) ?? wave(volume(input, sizes), i),
      },
    ]),
  );
  const expected = interpretAll(outputs, values, sizes);
  const vectors = new Map(inputs.map((input) => [input, vectorOf((values.get(input.name) as Tensor).values)]));
  for (const boundCount of [0, Math.ceil(inputs.length / 2), inputs.length]) {
    const bound = new Map([...vectors].slice(0, boundCount));
    const arguments_ = inputs.slice(boundCount);
    const kernel = engine.compile({ name: "test", arguments: arguments_, outputs }, bound, sizes);
    const results = outputs.map((output) => engine.allocate(volume(output, sizes)));
    for (let run = 0; run < 2; run += 1) {
      for (const result of results) engine.fill(result, 1e30);
      kernel.run(
        arguments_.map((input) => vectors.get(input) as Vector),
        results,
      );
      results.forEach((result, i) => {
        expectClose(engine.read(result), (expected[i] as Tensor).values);
      });
    }
    results.forEach(engine.release);
  }
  for (const vector of vectors.values()) engine.release(vector);
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = accuracy): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i += 1) {
    const [x, y] = [actual[i] as number, expected[i] as number];
    if (Object.is(x, y) || x === y || Math.abs(x - y) <= tolerance * (1 + Math.abs(y))) continue;
    expect.fail(`entry ${i}: ${x} instead of ${y}`);
  }
}

describe.each(kinds)("kernels agree with the interpreter: $name", ({ create, isSingle, within, runs }) => {
  beforeAll(async () => {
    engine = await create();
    accuracy = within;
  }, 60_000);

  test.skipIf(runs === 0)(
    "on random programs",
    () => {
      const sizes = fc.record({
        a: fc.integer({ min: 0, max: 5 }),
        b: fc.integer({ min: 1, max: 9 }),
        c: fc.integer({ min: 1, max: 11 }),
        d: fc.integer({ min: 1, max: 4 }),
      });
      fc.assert(
        fc.property(fc.array(fc.nat(10_000), { minLength: 40, maxLength: 80 }), sizes, (tape, bindings) => {
          const named = new Map(Object.entries(bindings));
          const { inputs, nodes } = randomProgram(tape, named);
          check(inputs, nodes, named);
        }),
        { numRuns: runs, interruptAfterTimeLimit: 8000 },
      );
    },
    60_000,
  );

  test.skipIf(runs === 0)(
    "on expressions, their gradients and the simplified forms of both",
    () => {
      fc.assert(
        fc.property(expressions, ({ graph: g, root, inputs, values, sizes }) => {
          const roots = [root, ...gradient(g, build.sumAll(g, root), inputs)];
          const given = new Map([...values].map(([name, tensor]) => [name, tensor.values]));
          check(inputs, roots, sizes, given);
          check(inputs, simplify(g, roots), sizes, given);
        }),
        { numRuns: runs, interruptAfterTimeLimit: 8000 },
      );
    },
    60_000,
  );

  const [n, d, k] = ["n", "d", "k"].map(namedSize) as [
    ReturnType<typeof namedSize>,
    ReturnType<typeof namedSize>,
    ReturnType<typeof namedSize>,
  ];

  test("a Hessian-vector product along its cheapest path", () => {
    const g = build.createGraph();
    const X = build.input(g, "X", "data", [n, d]);
    const w = build.input(g, "w", "step", [n]);
    const v = build.input(g, "v", "tangent", [d]);
    const labels = [[0, 1], [0], [0, 2], [2]];
    const curvature = build.einsum(g, [X, w, X], [[0, 1], [0], [0, 2]], [1, 2]);
    check(
      [X, w, v],
      [build.einsum(g, [X, w, X, v], labels, [1]), curvature],
      new Map([
        ["n", 70],
        ["d", 33],
      ]),
    );
  });

  test("matrix products in every layout, batched and with edges", () => {
    const g = build.createGraph();
    const A = build.input(g, "A", "data", [k, n, d]);
    const B = build.input(g, "B", "data", [k, d, n]);
    const sizes = new Map([
      ["n", 37],
      ["d", 29],
      ["k", 3],
    ]);
    const pattern = (a: number[], b: number[], out: number[]): Node => build.einsum(g, [A, B], [a, b], out);
    check(
      [A, B],
      [
        pattern([0, 1, 2], [0, 2, 3], [0, 1, 3]),
        pattern([0, 1, 2], [0, 2, 3], [0, 3, 1]),
        pattern([0, 1, 2], [0, 2, 3], [1, 3]),
        pattern([0, 1, 2], [3, 2, 4], [0, 1, 3, 4]),
        pattern([0, 1, 2], [0, 3, 1], [3, 2]),
        pattern([0, 1, 2], [0, 2, 1], []),
      ],
      sizes,
    );
  });

  test.each([
    [1037, 7],
    [256, 3],
    [21, 3001],
    [530, 40],
  ])("passes over %i rows of %i columns are fused in blocks", (rows, columns) => {
    const g = build.createGraph();
    const X = build.input(g, "X", "data", [n, d]);
    const y = build.input(g, "y", "data", [n]);
    const theta = build.input(g, "theta", "lower", [d]);
    const scores = build.einsum(g, [X, build.scale(g, 0.05, theta)], [[0, 1], [1]], [0]);
    const residual = build.add(g, [1, -1], [build.map(g, "sigmoid", scores), y]);
    const gradient = build.einsum(g, [X, residual], [[0, 1], [0]], [1]);
    const shares = build.map(
      g,
      "exp",
      build.add(
        g,
        [1, -1],
        [X, build.einsum(g, [build.reduce(g, "logsumexp", X, 1)], [[0]], [0, 1], new Map([[1, d]]))],
      ),
    );
    const total = build.sumAll(g, build.map(g, "softplus", scores));
    check(
      [X, y, theta],
      [gradient, residual, build.einsum(g, [shares, residual], [[0, 1], [0]], [1]), total],
      new Map([
        ["n", rows],
        ["d", columns],
      ]),
    );
  });

  test("a product longer than every panel", () => {
    const g = build.createGraph();
    const [rows, columns, inner] = [67, 515, 259];
    const A = build.input(g, "A", "data", [d, n]);
    const B = build.input(g, "B", "data", [n, k]);
    const sizes = new Map([
      ["n", inner],
      ["d", rows],
      ["k", columns],
    ]);
    const [a, b] = [wave(rows * inner, 0), wave(inner * columns, 1)];
    const kernel = engine.compile(
      {
        name: "test",
        arguments: [A, B],
        outputs: [
          build.einsum(
            g,
            [A, B],
            [
              [0, 1],
              [1, 2],
            ],
            [0, 2],
          ),
        ],
      },
      new Map(),
      sizes,
    );
    const out = engine.allocate(rows * columns);
    kernel.run([vectorOf(a), vectorOf(b)], [out]);
    const entry = (i: number, j: number): number =>
      Array.from({ length: inner }, (_, p) => (a[i * inner + p] as number) * (b[p * columns + j] as number)).reduce(
        (x, y) => x + y,
      );
    const sampled = Array.from({ length: 2000 }, (_, s) => (s * 7919) % (rows * columns));
    const actual = engine.read(out);
    expectClose(
      sampled.map((at) => actual[at] as number),
      sampled.map((at) => entry(Math.floor(at / columns), at % columns)),
    );
  });

  test("a δ between outputs is a diagonal, not a loop over zeros", () => {
    const g = build.createGraph();
    const a = build.input(g, "a", "data", [n, d]);
    const unit = build.delta(g, n);
    const blocks = build.einsum(
      g,
      [unit, a, a],
      [
        [0, 1],
        [2, 3],
        [2, 4],
      ],
      [0, 3, 1, 4],
    );
    const diagonal = build.einsum(
      g,
      [unit, a],
      [
        [0, 1],
        [0, 2],
      ],
      [2, 0, 1],
    );
    const ridge = build.add(
      g,
      [1, 0.5],
      [
        build.einsum(
          g,
          [a, a],
          [
            [0, 2],
            [1, 2],
          ],
          [0, 1],
        ),
        unit,
      ],
    );
    check(
      [a],
      [
        blocks,
        diagonal,
        ridge,
        build.einsum(
          g,
          [unit, a],
          [
            [0, 1],
            [1, 2],
          ],
          [0, 2],
        ),
      ],
      new Map([
        ["n", 6],
        ["d", 5],
      ]),
    );
  });

  test.skipIf(isSingle)("numbers far out stay finite", () => {
    const g = build.createGraph();
    const x = build.input(g, "x", "data", [n]);
    const far = Float64Array.of(-1000, -745.2, -709, -40, -1e-9, 0, 1e-9, 40, 709, 1000, Infinity, -Infinity, NaN);
    const outputs = (["exp", "sigmoid", "softplus", "tanh", "erf", "logcosh", "huber", "abs", "sign"] as const).map(
      (fn) => build.map(g, fn, x),
    );
    check([x], [...outputs, build.reduce(g, "logsumexp", x, 0)], new Map([["n", far.length]]), new Map([["x", far]]));
    const finite = far.subarray(0, 10);
    check([x], [build.reduce(g, "logsumexp", x, 0)], new Map([["n", 10]]), new Map([["x", finite]]));
  });

  test("powers with common exponents", () => {
    const g = build.createGraph();
    const x = build.input(g, "x", "data", [n]);
    const exponents = [-2, -1, -0.5, 0, 0.5, 1, 2, 3, 1.7, -3];
    const outputs = exponents.map((p) => build.map(g, "power", x, build.constant(g, p, [n])));
    check([x], outputs, new Map([["n", 5]]), new Map([["x", Float64Array.of(0.3, 1, 2, 5.5, 1e3)]]));
  });

  test("a singular matrix and a wrong index show as NaN", () => {
    const g = build.createGraph();
    const m = build.input(g, "m", "data", [n, n]);
    const index = build.input(g, "i", "data", [k]);
    const kernel = engine.compile(
      {
        name: "test",
        arguments: [m, index],
        outputs: [build.solve(g, m, m), build.logdet(g, m), build.gather(g, m, index, 0)],
      },
      new Map(),
      new Map([
        ["n", 2],
        ["k", 3],
      ]),
    );
    const outputs = [4, 1, 6].map(engine.allocate);
    kernel.run([vectorOf([1, 2, 2, 4]), vectorOf([1, 2, -1])], outputs);
    const [solution, determinant, rows] = outputs.map(engine.read) as [Float64Array, Float64Array, Float64Array];
    expect(solution.every(Number.isNaN)).toBe(true);
    expect(determinant[0]).toBeNaN();
    expect([...rows]).toEqual([2, 4, NaN, NaN, NaN, NaN]);
  });

  test("rows of a table larger than a cache, by their numbers", () => {
    const g = build.createGraph();
    const m = build.input(g, "m", "data", [n, d]);
    const index = build.input(g, "i", "data", [k]);
    const v = build.input(g, "v", "data", [d]);
    const rows = build.gather(g, m, index, 0);
    const scores = build.einsum(g, [rows, v], [[0, 1], [1]], [0]);
    const back = build.einsum(g, [rows, scores], [[0, 1], [0]], [1]);
    const sizes = new Map([
      ["n", 5000],
      ["d", 19],
      ["k", 40],
    ]);
    const chosen = Float64Array.from({ length: 40 }, (_, i) => (i * 3571) % 5000);
    check([m, index, v], [rows, back], sizes, new Map([["i", chosen]]));
  });

  test("what depends on bound inputs alone is computed once", () => {
    const g = build.createGraph();
    const X = build.input(g, "X", "data", [n, d]);
    const v = build.input(g, "v", "step", [d]);
    const gram = build.einsum(
      g,
      [X, X],
      [
        [0, 1],
        [0, 2],
      ],
      [1, 2],
    );
    const data = vectorOf(wave(60, 0));
    const sizes = new Map([
      ["n", 12],
      ["d", 5],
    ]);
    const kernel = engine.compile(
      { name: "test", arguments: [v], outputs: [build.solve(g, gram, build.reshape(g, v, [d, sizeOf(1)]))] },
      new Map([[X, data]]),
      sizes,
    );
    const [at, out] = [vectorOf([1, 2, 3, 4, 5]), engine.allocate(5)];
    kernel.run([at], [out]);
    const first = engine.read(out);
    engine.fill(data, 0);
    kernel.run([at], [out]);
    expect([...engine.read(out)]).toEqual([...first]);
  });

  test("inputs that nobody gives are refused", () => {
    const g = build.createGraph();
    const x = build.input(g, "x", "data", [n]);
    expect(() => engine.compile({ name: "test", arguments: [], outputs: [x] }, new Map(), new Map([["n", 2]]))).toThrow(
      "x is neither",
    );
    expect(() => engine.compile({ name: "test", arguments: [x], outputs: [x] }, new Map(), new Map())).toThrow(
      "n is not bound",
    );
  });
});
