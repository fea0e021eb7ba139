/** Unknown functions in L2: the functional estimate against closed forms, differences of the problem solved again, and the weights. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PrepareOptions } from "../../runtime/api.ts";
import type { Weights } from "../../runtime/types.ts";
import { prepared, refusals, word } from "../support/problems.ts";

const steps = (value: number) => ({ kind: "number", value, span: { file: "test", start: 0, end: 0 } }) as const;
const aid = { options: new Map([["method", word("aid")]]) };
const table = (name: string, rows: number, seed: number): string =>
  `data ${name}: { x: real[${rows}, 3], y: real[${rows}] } = normal(seed: ${seed})`;

describe("functions in L2", () => {
  it("over a family that tells all rows apart are the point-wise minimiser, whatever the weights", async () => {
    // h_c = e^w m_c with m_c the mean of the cell: f = mean of (h − y)²/2, f' = mean of (h − y) h. The bias makes the weights singular.
    const cells = [[1, 3], [0, 1, -4], [2]];
    const rows = cells.flatMap((ys, c) => ys.map((y) => ({ c, y })));
    const problem = await prepared(
      `
      data obs: { x: real[n, 3], y: real[n] } = csv("obs.csv", y: "y")
      var w: real
      function h: real[3] -> real in L2(obs) by linear()
      minimize E[obs](0.5 * (h(x) - y)^2) over w
      where h minimizes E[obs](0.5 * (h(x) - exp(w) * y)^2)`,
      {
        read: async function* () {
          const lines = rows.map(({ c, y }) => [...[0, 1, 2].map((k) => (k === c ? 1 : 0)), y].join(","));
          yield new TextEncoder().encode(["a,b,c,y", ...lines].join("\n"));
        },
      },
    );
    const means = cells.map((ys) => ys.reduce((a, b) => a + b) / ys.length);
    const mean = (of: (h: number, y: number) => number): number =>
      rows.reduce((sum, { c, y }) => sum + of(Math.exp(0.3) * (means[c] as number), y), 0) / rows.length;
    const { value, gradient, residuals, method } = problem.gradient({ w: 0.3 });
    expect(method).toBe("funcid");
    expect(value).toBeCloseTo(
      mean((h, y) => 0.5 * (h - y) ** 2),
      10,
    );
    expect(gradient.w).toBeCloseTo(
      mean((h, y) => (h - y) * h),
      10,
    );
    expect(Math.max(residuals.inner, residuals.adjoint)).toBeLessThan(1e-10);
  });

  it("give the gradient of the problem solved again, for other losses and other rows above", async () => {
    const loss = fc.constantFrom(
      "(h(x) - w[0] * y)^2",
      "logcosh(h(x) - w[0] * y - w[1])",
      "softplus(h(x)) - sigmoid(w[0] * y) * h(x)",
      "exp(w[1]) * (h(x) - w[0])^2 + 0.1 * h(x)^4",
    );
    const entry = fc.double({ min: -1, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(loss, fc.nat(50), entry, entry, async (inner, seed, a, b) => {
        const source = `
          ${table("obs", 14, seed)}
          ${table("other", 9, seed + 100)}
          var w: real[2]
          function h: real[3] -> real in L2(obs) by linear()
          minimize E[other]((h(x) - y)^2) + E[obs](h(x) * y) + sumsq(w) over w
          where h minimizes E[obs](${inner})`;
        const at = { w: [a, b] };
        const { worst, estimators } = (await prepared(source)).gradcheck(at);
        expect(estimators.map(({ name }) => name)).toEqual(["implicit differentiation in the weights (dense, LU)"]);
        expect(worst).toBeLessThan(1e-7);
        const inWeights = (await prepared(source, aid)).gradient(at);
        expect(inWeights.method).toBe("aid");
        expect((await prepared(source)).gradient(at).gradient.w).toEqual(
          (inWeights.gradient.w as number[]).map((value) => expect.closeTo(value, 8)),
        );
      }),
      { numRuns: 8 },
    );
  });

  it("have vectors as values, and another family for the adjoint", async () => {
    const problem = await prepared(`
      ${table("obs", 20, 3)}
      network f: real -> real[2] = mlp(hidden: [3], activation: tanh)
      function h: real[3] -> real[2] in L2(obs) by linear() adjoint by linear(seed: 5)
      minimize E[obs](sumsq(h(x) - stack(y, 1))) over f
      where h minimizes E[obs](sumsq(h(x) - f(y)) + h(x)[0] * h(x)[1])`);
    expect(problem.gradcheck().worst).toBeLessThan(1e-7);
  });

  it("are evaluated at a class: the value at the state and the action", async () => {
    const problem = await prepared(
      `
      data mdp: { s: real[n, 2], a: class[n], r: real[n] } = csv("mdp.csv", s: ["s1", "s2"], a: "a", r: "r")
      param gamma: real = 0.4
      var w: real[2] init 0.5
      function h: real[2] -> real[2] in L2(mdp) by linear()
      minimize E[mdp]((h(s)[a] - s @ w)^2) over w
      where h minimizes E[mdp]((h(s)[a] - (r + s[0] * w[1] + gamma * max(stop(h)(s))))^2)`,
      {
        read: async function* () {
          const rows = Array.from({ length: 12 }, (_, i) => [Math.sin(i), Math.cos(3 * i), i % 2, Math.sin(5 * i)]);
          yield new TextEncoder().encode(["s1,s2,a,r", ...rows.map((row) => row.join(","))].join("\n"));
        },
      },
    );
    const { worst, residuals } = problem.gradcheck();
    expect(worst).toBeLessThan(1e-6);
    expect(residuals.inner).toBeLessThan(1e-9);
  });

  it("with a stopped copy are stepped on in their weights, too: the slope is followed, and there is no objective", async () => {
    // h solves h = w + h / 2, so that h = 2 w; the constant family has one weight.
    const source = `
      data obs: { x: real[6, 1] } = uniform(1, 1, seed: 0)
      var w: real init 0.5
      function h: real[1] -> real in L2(obs) by linear(bias: false)
      minimize E[obs]((h(x) - 3)^2) over w
      where h minimizes E[obs]((h(x) - (w + 0.5 * stop(h)(x)))^2)
      solve { method: aid inner: adam(rate: 0.05, max: 400) adjoint: lu }`;
    const { lower, gradient } = (await prepared(source)).gradient();
    expect((lower.h as Weights).W1).toEqual([expect.closeTo(1, 6)]);
    // The copy is held: dh/dw = 1, and the slope is 2 (h − 3).
    expect(gradient.w).toBeCloseTo(2 * (1 - 3), 4);
  });

  it("by networks take the steps they are told, from where the last ones ended", async () => {
    const source = `
      dim n = 40
      data obs: { x: real[n, 3], y: real[n] } = normal(seed: 5)
      var w: real init 0.5
      function h: real[3] -> real in L2(obs) by mlp(hidden: [6], activation: tanh)
      minimize E[obs]((h(x) - y)^2) over w
      where h minimizes E[obs]((h(x) - w * x[0])^2)
      solve { inner: adam(rate: 0.05, max: 400, batch: 20) outer: gd(rate: 0.2) steps: 5 }`;
    const problem = await prepared(source);
    const run = await problem.solve();
    expect(run.complete).toBe(true);
    // The minimiser over all functions is w x₀, so the derivative is the mean of 2 (w x₀ − y) x₀.
    const full = (await prepared(source.replace("max: 400, batch: 20", "max: 3000, decay: 0.1"))).gradient();
    const exact = (
      await prepared(source.replace("mlp(hidden: [6], activation: tanh)", "linear()").replace(/solve.*/, ""))
    ).gradient();
    expect(full.gradient.w).toBeCloseTo(exact.gradient.w as number, 1);
    expect(Object.keys(full.lower.h as Weights)).toEqual(["W1", "b1", "W2", "b2"]);
  });

  it("are refused where the loss does not determine them", async () => {
    const program = (inner: string, upper = "E[obs]((h(x) - y)^2)"): string => `
      ${table("obs", 10, 1)}
      ${table("few", 2, 2)}
      var w: real init 0.3
      function h: real[3] -> real in L2(obs) by linear()
      minimize ${upper} over w
      where h minimizes ${inner}`;
    const codes = async (inner: string, upper?: string): Promise<readonly string[]> =>
      (await refusals(program(inner, upper))).map(({ code }) => code);
    expect(await codes("E[obs](h(x) * w)")).toEqual(["not-strongly-convex"]);
    expect(await codes("E[obs](sin(h(x)) + w * y)")).toEqual(["not-strongly-convex"]);
    expect(await codes("E[obs](abs(h(x) - w))")).toEqual(["not-strongly-convex"]);
    expect(await codes("E[few]((h(x) - w)^2)")).toEqual(["not-pointwise"]);
    expect(await codes("E[obs]((h(x) - w)^2) + 0.1 * sumsq(h)")).toEqual(["not-pointwise"]);
    expect(await codes("E[obs](h(x) - w)^2")).toEqual(["not-pointwise"]);
    expect(await codes("E[obs]((h(x) - w)^2)", "E[obs]((h(w * x) - y)^2)")).toEqual(["not-pointwise"]);
    expect(await codes("E[obs]((h(x) - w)^4)", "E[obs]((h(x) - y)^2)")).not.toEqual([]);
  });

  it("are refused where the upper level reads them and their rows say nothing", async () => {
    const source = `
      data seen: { x: real[2, 3], y: real[2] } = normal(seed: 1)
      ${table("other", 9, 2)}
      var w: real init 0.3
      function h: real[3] -> real in L2(seen) by linear()
      minimize E[other]((h(x) - y)^2) over w
      where h minimizes E[seen]((h(x) - w * y)^2)`;
    expect((await refusals(source)).map(({ code }) => code)).toEqual(["undetermined-function"]);
  });

  it("take upper steps on drawn rows, in an order that the seed fixes", async () => {
    const source = `
      ${table("obs", 60, 4)}
      network f: real[3] -> real = linear(bias: false)
      function h: real[3] -> real in L2(obs) by linear(bias: false)
      minimize E[obs]((h(x) - y)^2) over f
      where h minimizes E[obs]((h(x) - f(x))^2)
      solve { outer: adam(rate: 0.05, batch: 20, decay: 0.6), steps: 300 }`;
    const problem = await prepared(source);
    const [one, again, full] = [
      await problem.solve(),
      await problem.solve(),
      await (await prepared(source.replace("batch: 20, ", ""))).solve(),
    ];
    expect(again.trace.map(({ value }) => value)).toEqual(one.trace.map(({ value }) => value));
    expect(again.upper).toEqual(one.upper);
    expect(one.trace.at(-1)?.value).not.toBe(one.value);
    expect(Math.abs(one.value - full.value)).toBeLessThan(0.01 * full.value);
    expect(one.status).toBe("max_steps");
  });

  it("refuse upper steps on drawn rows where constraints need values", async () => {
    const source = `
      ${table("obs", 60, 4)}
      network f: real[3] -> real = linear(bias: false)
      function h: real[3] -> real in L2(obs) by linear(bias: false)
      minimize E[obs]((h(x) - y)^2) over f subject to sumsq(f) <= 1
      where h minimizes E[obs]((h(x) - f(x))^2)
      solve { outer: adam(batch: 20) }`;
    expect((await refusals(source)).map(({ code }) => code)).toEqual(["solver-unavailable"]);
  });

  describe("with a last layer in closed form", () => {
    const family = (ridge: number): string => `mlp(hidden: [12], activation: tanh, head: closed_form, ridge: ${ridge})`;
    const source = (ridge: number, solve: string): string => `
      ${table("obs", 6, 4)}
      var w: real
      function h: real[3] -> real in L2(obs) by ${family(ridge)}
      minimize E[obs]((h(x) - y)^2) over w
      where h minimizes E[obs]((h(x) - exp(w) * y)^2)
      solve { inner: adam(${solve}) }`;

    /** The largest slope of the penalised loss in the last layer's weights, at the end of a run. */
    const slope = async (ridge: number, options?: PrepareOptions): Promise<number> => {
      const reports = "report rows = obs.x\nreport values = obs.y";
      const problem = await prepared(`${reports}\n${source(ridge, "max: 3, rate: 0.01")}`, options);
      const run = await problem.solve();
      const [rows, values] = [run.reports.rows as number[][], run.reports.values as number[]];
      const { W1, b1, W2, b2 } = run.lower.h as { W1: number[][]; b1: number[]; W2: number[]; b2: number };
      const dot = (a: readonly number[], b: readonly number[]): number =>
        a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
      const features = rows.map((x) =>
        b1.map((b, j) =>
          Math.tanh(
            b +
              dot(
                x,
                W1.map((row) => row[j] as number),
              ),
          ),
        ),
      );
      const target = Math.exp(run.upper.w as number);
      const misses = features.map((phi, i) => b2 + dot(phi, W2) - target * (values[i] as number));
      const slopes = W2.map(
        (weight, j) =>
          dot(
            misses,
            features.map((phi) => phi[j] as number),
          ) /
            rows.length +
          ridge * weight,
      );
      return Math.max(...slopes.map(Math.abs));
    };

    it("solve for it by ridge regression on the features, and in the weights for the same minimiser", async () => {
      expect(await slope(0.01)).toBeLessThan(1e-12);
      const inner = ["inner", word("lbfgs", { max: 5000, tol: 1e-9 })] as const;
      const options = new Map([
        ["method", word("aid")],
        inner,
        ["adjoint", word("cg", { max: 50 })],
        ["steps", steps(1)],
      ]);
      expect(await slope(0.01, { options })).toBeLessThan(1e-6);
    });

    it("are the point-wise minimiser where the features tell all rows apart, and so is the adjoint function", async () => {
      const problem = await prepared(`report values = obs.y\n${source(1e-12, "max: 1, rate: 1e-6")}`);
      const { value, gradient, residuals } = problem.gradient({ w: 0.3 });
      const { reports } = await problem.solve();
      const ys = reports.values as number[];
      const mean = (of: (y: number) => number): number => ys.reduce((sum, y) => sum + of(y) / ys.length, 0);
      const k = Math.exp(0.3);
      expect(value).toBeCloseTo(
        mean((y) => ((k - 1) * y) ** 2),
        8,
      );
      expect(gradient.w).toBeCloseTo(
        mean((y) => 2 * (k - 1) * k * y * y),
        6,
      );
      expect(Math.max(residuals.inner, residuals.adjoint)).toBeLessThan(1e-6);
    });

    it("are refused for losses without one", async () => {
      const logcosh = source(1e-6, "max: 1").replace(
        "(h(x) - exp(w) * y)^2",
        "logcosh(h(x) - exp(w) * y) + 0.1 * h(x)^2",
      );
      expect((await refusals(logcosh)).map(({ code }) => code)).toEqual(["not-pointwise"]);
      expect((await refusals(source(1e-6, "max: 1").replace("adam(max: 1)", "lbfgs"))).map(({ code }) => code)).toEqual(
        ["solver-unavailable"],
      );
    });
  });
});
