/** A generalised linear model's value, gradient and curvature products read the rows once and write nothing as long as the rows. */
import { expect, test } from "vitest";
import { emitProgram } from "../../compiler/emit/wasm/emit.ts";
import type { Input, Node } from "../../compiler/ir/node.ts";
import { compiled } from "../support/problems.ts";

const rows = 20_000;
const sizes = new Map([
  ["n", rows],
  ["d", 10],
]);
const target = { precision: "f64", relaxed: true, shared: true } as const;

test.each([
  "mean((T.X @ theta - T.y)^2)",
  "mean(logistic_loss(T.X @ theta, T.y))",
  "mean(huber(T.X @ theta - T.y))",
  "E[T](exp(X @ theta) - y * (X @ theta))",
  "E[T](log1p(exp(X @ theta))) + sum(T.X @ theta) / rows(T)",
])("one pass over the rows: %s", (loss) => {
  const { problem, derivation } = compiled(`data T: { X: real[n, d], y: real[n] } = npz("rows.npz")
    var rho: real
    var theta: real[d]
    minimize sumsq(theta) over rho
    where theta minimizes ${loss} + exp(rho) * sumsq(theta)`);
  const [block] = derivation?.blocks ?? [];
  const inputs = [...(problem?.graph.inputs.values() ?? [])];
  const bound = new Set(inputs.filter(({ role }) => role === "data"));
  const arguments_ = inputs.filter((input): input is Input => !bound.has(input));
  const kernels = { value: [block?.minimand], gradient: block?.condition, product: block?.product };
  for (const [name, outputs] of Object.entries(kernels)) {
    const program = { name, arguments: arguments_, outputs: outputs as readonly Node[] };
    const { each, workBytes } = emitProgram(program, bound, sizes, target);
    const passes = each.filter((step) => step.kind === "call" && step.split?.rows === rows);
    expect(passes, name).toHaveLength(1);
    expect(workBytes, name).toBeLessThan(8 * rows);
  }
});
