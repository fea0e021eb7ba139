import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { explain } from "../../compiler/emit/explanation.ts";
import { renderText } from "../../compiler/emit/text.ts";
import { emitProgram } from "../../compiler/emit/tfjs/emit.ts";
import * as build from "../../compiler/ir/graph.ts";
import { namedSize } from "../../compiler/ir/size.ts";
import { BilevelError } from "../../grammar/diagnostics.ts";
import { prepare } from "../../runtime/api.ts";
import type { Device, TensorFlow } from "../../runtime/engine/tfjs/device.ts";
import { openBackend, openBest } from "../../runtime/engine/tfjs/node/backends.ts";
import { isInstalled } from "../../runtime/engine/tfjs/node/packages.ts";
import { webgpu } from "../support/tfjs.ts";

const [n, d] = [namedSize("n"), namedSize("d")];
const sizes = new Map([
  ["n", 20],
  ["d", 3],
]);

test("a program is a statement a node, with what the data alone decides apart", () => {
  const g = build.createGraph();
  const X = build.input(g, "train.X", "data", [n, d]);
  const y = build.input(g, "train.y", "data", [n]);
  const theta = build.input(g, "theta", "lower", [d]);
  const scores = build.einsum(g, [X, theta], [[0, 1], [1]], [0]);
  const residual = build.add(g, [1, -1], [build.map(g, "sigmoid", scores), y]);
  const total = build.einsum(g, [X], [[0, 1]], [1]);
  const outputs = [build.einsum(g, [X, residual], [[0, 1], [0]], [1]), total];
  const emitted = emitProgram({ name: "lower gradient", arguments: [theta], outputs }, new Set([X, y]), sizes);
  expect(emitted.bound).toEqual(["train.X", "train.y"]);
  expect(`${emitted.source}\n`).toBe(`// lower gradient
({
  // From the data alone: computed once.
  *once([train_X, train_y]) {
    train_X = tf.reshape(train_X, [20, 3]);
    const t4 = tf.sum(train_X, [0]);
    return [t4, train_X, train_y];
  },
  *each([t4, train_X, train_y], [theta]) {
    const t1 = tf.reshape(tf.matMul(train_X, tf.reshape(theta, [3, 1])), [20]);
    const t2 = tf.sigmoid(t1);
    const t3 = tf.sub(t2, train_y);
    const t5 = tf.reshape(tf.matMul(train_X, tf.reshape(t3, [20, 1]), true, false), [3]);
    return [t5, t4];
  },
})
`);
});

/** A logistic lower level on numbers of its own, with a determinant above it, which the host computes. */
const program = `var rho: real init 0.5
var theta: real[3]
let A = outer([1, 2, -1], [1, 2, -1]) + exp(rho) * eye(3)
minimize sumsq(theta - [1, 0.5, -1]) + 0.1 * logdet(A) over rho
where theta minimizes softplus(theta[0] + 2 * theta[1]) + logcosh(theta[2] - 1) + exp(rho) * sumsq(theta - [1, 0, 2])
`;

test("as many tensors after a step as before it", async () => {
  const tf = createRequire(import.meta.url)("@tensorflow/tfjs-core") as TensorFlow;
  const options = new Map([["engine", word("tfjs_cpu")]]);
  const problem = await prepare(compile(program, "test.bilevel"), { options });
  problem.gradient({ rho: 0.1 });
  const counts: number[] = [];
  for (let k = 0; k < 20; k += 1) {
    problem.gradient({ rho: 0.1 * k });
    counts.push(tf.memory().numTensors);
  }
  expect(new Set(counts).size).toBe(1);
  const during: number[] = [];
  await problem.solve({ onStep: () => during.push(tf.memory().numTensors) });
  expect(during.length).toBeGreaterThan(3);
  expect(new Set(during.slice(1)).size).toBe(1);
});

test("the derivative agrees with the default engine's", async () => {
  const compiled = compile(program, "test.bilevel");
  const [single, double] = await Promise.all(
    ["tfjs_cpu", "wasm"].map(async (engine) =>
      (await prepare(compiled, { options: new Map([["engine", word(engine)]]) })).gradient({ rho: -0.7 }),
    ),
  );
  expect(single?.engine).toBe("tfjs-cpu");
  expect(single?.value).toBeCloseTo(double?.value as number, 4);
  expect(single?.gradient["rho"]).toBeCloseTo(double?.gradient["rho"] as number, 4);
});

test("products on the device replace a large factorisation, and the explanation says where it is computed", async () => {
  const large = compile(
    "var w: real\nvar y: real[500]\nminimize sumsq(y - 1) over w\nwhere y minimizes (sum(y) - w)^2 + sumsq(y)\n",
    "test.bilevel",
  );
  const solverOn = async (engine: string) =>
    (await prepare(large, { options: new Map([["engine", word(engine)]]) })).plan.blocks[0]?.inner.solver;
  expect(await solverOn("wasm")).toBe("cholesky");
  expect(await solverOn("tfjs_cpu")).toBe("cg");
  const { plan } = await prepare(large, { options: new Map([["engine", word("cpu")]]) });
  expect(renderText(explain(large, plan, new Map()), { width: 200 })).toContain(
    "in single precision by TensorFlow.js, as tfjs-cpu",
  );
});

test("double precision is refused", async () => {
  const options = new Map([
    ["engine", word("tfjs_cpu")],
    ["precision", word("f64")],
  ]);
  await expect(prepare(compile(program, "test.bilevel"), { options })).rejects.toThrow("more than TensorFlow.js");
});

function word(value: string) {
  return { kind: "word", value, arguments: new Map(), span: { file: "test.bilevel", start: 0, end: 0 } } as const;
}

/** Buffers and programs come and go; a tensor that a program wants back is handed in. */
function exercise(device: Device): void {
  const before = device.tensors();
  const buffer = device.upload(Float32Array.of(1, 2, 3, 4));
  const source = `({
    *once([a]) { return [tf.reshape(a, [2, 2]), a]; },
    *each([m, a], [x]) { return [tf.tensor(host.solve([yield m, [2, 2]], [yield x, [2, 1]]), [2, 1]), tf.sum(a)]; },
  })`;
  const loaded = device.load(source, [buffer]);
  const counts = [1, 2, 3].map((scale) => {
    const [solution, sum] = device.run(loaded, [Float32Array.of(scale, scale)]);
    expect([...(solution ?? [])]).toEqual([-scale, scale]);
    expect([...(sum ?? [])]).toEqual([10]);
    return device.tensors();
  });
  expect(new Set(counts).size).toBe(1);
  device.unload(loaded);
  device.free(buffer);
  expect(device.tensors()).toBe(before);
  expect(() => device.run(loaded, [])).toThrow();
}

describe("devices", () => {
  test.each(["tfjs-cpu", "tfjs-wasm"] as const)("%s", async (name) => exercise(await openBackend(name)));
  test.skipIf(!webgpu.isThere)("tfjs-webgpu, in a thread of its own", async () => {
    const device = await openBackend("tfjs-webgpu");
    expect(device.isEmulated).toBe(true);
    exercise(device);
  });

  test("a missing package names the command that adds it", async () => {
    for (const name of ["tfjs-node-gpu", "tfjs-node"] as const) {
      if (isInstalled(`@tensorflow/${name}`)) continue;
      const failure = await openBackend(name).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(BilevelError);
      expect((failure as BilevelError).diagnostics).toMatchObject([
        { code: "engine-unavailable", suggestion: `npm install @tensorflow/${name}` },
      ]);
    }
  });

  test("the best backend is one that a processor does not only play", async () => {
    const device = await openBest();
    expect(device.isEmulated ?? false).toBe(false);
  });
});
