import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import * as build from "../../compiler/ir/graph.ts";
import type { Input, Node } from "../../compiler/ir/node.ts";
import { evaluateSize, namedSize, type SizeBindings, sizeOf } from "../../compiler/ir/size.ts";
import type { Engine, Vector } from "../../runtime/engine/engine.ts";
import { createWasmEngine } from "../../runtime/engine/wasm/engine.ts";
import { interpretAll, type Tensor } from "../support/interpret.ts";
import { randomProgram } from "./random-program.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createWasmEngine();
});

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
function check(inputs: readonly Input[], outputs: readonly Node[], sizes: SizeBindings, given?: ReadonlyMap<string, Float64Array>): void {
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
      kernel.run(arguments_.map((input) => vectors.get(input) as Vector), results);
      results.forEach((result, i) => {
        expectClose(engine.read(result), (expected[i] as Tensor).values);
      });
    }
    results.forEach(engine.release);
  }
  for (const vector of vectors.values()) engine.release(vector);
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-9): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i += 1) {
    const [x, y] = [actual[i] as number, expected[i] as number];
    if (Object.is(x, y) || x === y || Math.abs(x - y) <= tolerance * (1 + Math.abs(y))) continue;
    expect.fail(`entry ${i}: ${x} instead of ${y}`);
  }
}

describe("kernels agree with the interpreter", () => {
  test("on random programs", () => {
    const sizes = fc.record({ a: fc.integer({ min: 0, max: 5 }), b: fc.integer({ min: 1, max: 9 }), c: fc.integer({ min: 1, max: 11 }), d: fc.integer({ min: 1, max: 4 }) });
    fc.assert(
      fc.property(fc.array(fc.nat(10_000), { minLength: 40, maxLength: 80 }), sizes, (tape, bindings) => {
        const named = new Map(Object.entries(bindings));
        const { inputs, nodes } = randomProgram(tape, named);
        check(inputs, nodes, named);
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});
