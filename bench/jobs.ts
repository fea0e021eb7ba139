/** The jobs. `quick` is for a look at whether all of it works: small sizes, few repetitions. */
import { examples } from "./examples.ts";
import { type Job, onTask } from "./job.ts";
import { startUp } from "./start-up.ts";
import { cleaning } from "./tasks/cleaning.ts";
import { logistic } from "./tasks/logistic.ts";
import { mlp } from "./tasks/mlp.ts";
import { product } from "./tasks/product.ts";
import { ridge } from "./tasks/ridge.ts";
import { stochastic } from "./tasks/stochastic.ts";

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

/** Rows for training and for validation, and columns, of the data set of that name. */
const ijcnn1 = { n: 49_990, m: 91_701, d: 22 };

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
        "XᵀX and one factorisation: floating-point operations. `first point` computes XᵀX; nearly half of ours is compiling its kernels, " +
        "which peers have done by then. `next point` has both from before, as an outer loop does.",
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
      note:
        "20 gradient steps + 10 CG steps of the logistic regression; growth is linear where time over size stays level. Memory beyond " +
        "the data is the process's own, 15 to 40 MiB: compiled code, threads, the buffers of a BLAS once it is called.",
      cases: [
        ...[1e3, 1e4, 1e5, ...(quick ? [] : [1e6])].map((n) => ({ n, d: 10 })),
        ...[10, 100, 1000, ...(quick ? [] : [3000])].map((d) => ({ n: 3000, d })),
      ].map(({ n, d }) =>
        onTask({
          title: `n = ${n}, d = ${d}`,
          task: logistic,
          settings: { n, m: 1000, d, steps: 20, cg: 10 },
          contestants: ["bilevel: same budget", "numpy: by hand", "torch: by hand"],
          repetitions: few,
        }),
      ),
    },
    {
      id: "j",
      title: "Steps on drawn rows",
      note:
        "SOBA steps with a batch of 64 are 128 rows each, read at random from 25 MB: memory's latency. Every contestant draws its own " +
        "rows, so that answers differ. The second case is the way to an upper objective, with the lower level solved, of at most 0.3043, " +
        "1 % above the best value on the scale of the start: 2000 steps of SABA, five of ours on all rows, SciPy's L-BFGS with jaxopt's gradients.",
      cases: [
        onTask({
          title: "n = 49 990, m = 91 701, d = 22, 20 000 SOBA steps",
          target: 10,
          task: stochastic,
          settings: { ...(quick ? { n: 2000, m: 4000, d: 22 } : ijcnn1), steps: at(20_000, 200), inner: 1, outer: 20 },
          contestants: ["bilevel: soba", "jax: soba, a call a step", "jax: soba, a compiled loop"],
          repetitions: few,
        }),
        ...(quick
          ? []
          : [
              onTask({
                title: "n = 49 990, m = 91 701, d = 22, to a value of 0.3043",
                target: 1,
                task: stochastic,
                settings: { ...ijcnn1, steps: 2000, inner: 1, outer: 20, rounds: 5, target: 0.3043 },
                contestants: ["bilevel: saba", "bilevel: aid", "jax: jaxopt, implicit", "jax: jaxopt, unrolled"],
                repetitions: few,
              }),
            ]),
      ],
    },
  ];
}
