/** The jobs. `quick` is for a look at whether all of it works: small sizes, few repetitions. */
import { examples } from "./examples.ts";
import { type Job, onTask } from "./job.ts";
import { startUp } from "./start-up.ts";
import { cleaning } from "./tasks/cleaning.ts";
import { logistic } from "./tasks/logistic.ts";
import { mlp } from "./tasks/mlp.ts";
import { product } from "./tasks/product.ts";
import { ridge } from "./tasks/ridge.ts";

const logisticPeers = [
  "numpy: by hand",
  "torch: by hand",
  "torch: autograd",
  "jax: by hand",
  "jax: autodiff",
  "jax: jaxopt",
];
const logisticWays = ["bilevel: same budget", "bilevel: own plan", ...logisticPeers];
const cleaningWays = [
  "bilevel: same budget",
  "bilevel without BLAS: same budget",
  "numpy: by hand",
  "torch: by hand",
  "torch: autograd",
  "jax: autodiff",
  "jax: jaxopt",
];

export function jobs(quick: boolean): readonly Job[] {
  const repetitions = quick ? 3 : 15;
  const few = quick ? 2 : 5;
  const at = (full: number, small: number): number => (quick ? small : full);
  return [
    {
      id: "a",
      title: "Logistic regression, the hypergradient of d penalties, fixed budget, large",
      note:
        "200 gradient steps, each one pass over the 8 MB of X, then 50 products with the curvature: bytes from the second and third " +
        "cache, and the sums' floating-point operations on vectors of two doubles. `own plan` is the hypergradient by the solvers " +
        "that the compiler chooses, to 1e-12, not within the budget.",
      cases: [
        onTask({
          title: "n = 20 000, d = 50, 200 gradient steps + 50 CG steps",
          target: 1.5,
          task: logistic,
          settings: { n: at(20_000, 2000), m: at(5000, 500), d: 50, steps: 200, cg: 50 },
          contestants: logisticWays,
          repetitions,
        }),
      ],
    },
    {
      id: "b",
      title: "The same, small",
      note:
        "A step is 20 000 multiply-adds and 500 sigmoids, together 4.5 µs on vectors of two doubles, nearly half of it in the sigmoids; " +
        "WebAssembly has no wider ones. What a call costs beside that is what is measured.",
      cases: [
        onTask({
          title: "n = 500, d = 20, 1000 gradient steps + 50 CG steps",
          target: 5,
          task: logistic,
          settings: { n: 500, m: 500, d: 20, steps: 1000, cg: 50 },
          contestants: [...logisticWays, "torch: TorchOpt"],
          repetitions,
        }),
      ],
    },
    {
      id: "c",
      title: "Exact ridge hypergradient",
      note:
        "XᵀX and one factorisation: floating-point operations. `first point` computes XᵀX, `next point` has it from before, as an " +
        "outer loop does.",
      cases: (["first point", "next point"] as const).map((way) =>
        onTask({
          title: `n = 2000, d = 500, ${way}`,
          target: 1,
          task: ridge,
          settings: { n: at(2000, 400), m: at(1000, 200), d: at(500, 100) },
          contestants: [
            `bilevel: ${way}`,
            `bilevel without BLAS: ${way}`,
            `numpy: ${way}`,
            `torch: ${way}`,
            ...(way === "first point" ? ["torch: autograd"] : []),
            `jax: ${way}`,
          ],
          repetitions,
        }),
      ),
    },
    {
      id: "d",
      title: "Training a network, forward and backward",
      note:
        "Five products a step of 256 × 50 × 100 and 256 × 100 × 100, each 60 to 120 µs on one thread of a BLAS, which are floating-point " +
        "operations, and 51 200 hyperbolic tangents of 4 ns. Ours calls so small a product on one thread, since several cost more " +
        "than they save wherever another program runs.",
      cases: [
        onTask({
          title: "50-100-100-1 with tanh, batch of 256, 200 steps",
          target: 1,
          task: mlp,
          settings: { n: 256, d: 50, h: 100, steps: at(200, 20) },
          contestants: [
            "bilevel: same budget",
            "bilevel without BLAS: same budget",
            "numpy: by hand",
            "torch: by hand",
            "torch: autograd",
            "jax: autodiff",
          ],
          repetitions,
        }),
      ],
    },
    {
      id: "e",
      title: "Matrix product",
      note:
        "Floating-point operations. WebAssembly has vectors of two doubles, processors four or eight: without a BLAS a factor of two " +
        "to four is out of reach.",
      cases: [
        onTask({
          title: "1024 × 1024 × 1024",
          target: 1,
          task: product,
          settings: { n: at(1024, 256) },
          contestants: [
            "bilevel: engine",
            "bilevel without BLAS: engine",
            "numpy: matmul",
            "torch: matmul",
            "jax: matmul",
          ],
          repetitions,
        }),
      ],
    },
    {
      id: "f",
      title: "Data cleaning: the hypergradient of one weight a row",
      note:
        "Two products of n × d × 10 a step: bytes of X moved from memory. A contestant is repeated for 8 seconds, once at least, and is " +
        "out where its first answer takes a minute.",
      cases: [
        onTask({
          title: "n = 900, d = 64, 100 gradient steps + 20 CG steps",
          target: 1,
          task: cleaning,
          settings: { n: 900, m: 400, d: 64, k: 10, steps: 100, cg: 20 },
          contestants: cleaningWays,
          repetitions,
        }),
        onTask({
          title: "n = 50 000, d = 784, 10 gradient steps + 5 CG steps",
          target: 1,
          task: cleaning,
          settings: { n: at(50_000, 2000), m: at(5000, 500), d: 784, k: 10, steps: 10, cg: 5 },
          contestants: cleaningWays,
          repetitions: quick ? 2 : 3,
        }),
      ],
    },
    examples(quick ? 1 : 3),
    startUp(few),
    {
      id: "i",
      title: "Growth",
      note: "20 gradient steps + 10 CG steps of the logistic regression; growth is linear where time over size stays level.",
      cases: [
        ...[1e3, 1e4, 1e5, ...(quick ? [] : [1e6])].map((n) =>
          onTask({
            title: `n = ${n}, d = 10`,
            task: logistic,
            settings: { n, m: 1000, d: 10, steps: 20, cg: 10 },
            contestants: ["bilevel: same budget", "numpy: by hand", "torch: by hand"],
            repetitions: few,
          }),
        ),
        ...[10, 100, 1000, ...(quick ? [] : [3000])].map((d) =>
          onTask({
            title: `n = 3000, d = ${d}`,
            task: logistic,
            settings: { n: 3000, m: 1000, d, steps: 20, cg: 10 },
            contestants: ["bilevel: same budget", "numpy: by hand", "torch: by hand"],
            repetitions: few,
          }),
        ),
      ],
    },
  ];
}
