import { beforeAll, describe, expect, it } from "vitest";
import { stochasticMethods } from "../../compiler/plan/stochastic.ts";
import { BilevelError } from "../../grammar/diagnostics.ts";
import type { RunResult } from "../../runtime/types.ts";
import { prepared } from "../support/problems.ts";
import { quadratic } from "../support/quadratic.ts";

const run = async (source: string, method: string, steps: number, seed = 0): Promise<RunResult> =>
  (await prepared(`${source}\nsolve { method: ${method} steps: ${steps} seed: ${seed} }`)).solve();

const square = (values: readonly number[]): number => values.reduce((sum, value) => sum + value * value, 0);

describe("on quadratics with a known solution", () => {
  const benchmark = quadratic(256, [1, 0.9, 0.8, 1, 0.9, 0.8, 1, 0.9, 0.8, 1], 3);
  const slopeAfter = async (method: string, steps: number, seeds: readonly number[]): Promise<number> => {
    let sum = 0;
    for (const seed of seeds) {
      const { upper } = await run(benchmark.source, method, steps, seed);
      sum += square(benchmark.slope(upper["w"] as number[])) / seeds.length;
    }
    return sum;
  };
  /** The exponent p of ‖∇h‖² ∝ t^p between two numbers of steps. */
  const order = async (method: string, from: number, to: number, seeds: readonly number[]): Promise<number> =>
    Math.log((await slopeAfter(method, to, seeds)) / (await slopeAfter(method, from, seeds))) / Math.log(to / from);

  it("the closed form is what implicit differentiation gives", async () => {
    const problem = await prepared(benchmark.source);
    const w = [1, -2, 3];
    const { gradient } = problem.gradient({ w });
    for (const [k, value] of benchmark.slope(w).entries())
      expect((gradient["w"] as number[])[k]).toBeCloseTo(value, 12);
    expect(square(benchmark.slope(benchmark.best))).toBeLessThan(1e-24);
  });

  it("soba, bsa and ttsa fall as their step sizes do", async () => {
    const soba = await order("soba(batch: 8, inner_rate: 0.2, outer_rate: 0.2)", 200, 6400, [1, 2, 3]);
    expect(Math.abs(soba - -1 / 2)).toBeLessThan(0.25);
    const series = "inner_rate: 0.2, outer_rate: 0.2, terms: 20";
    const bsa = await order(`bsa(batch: 8, inner_steps: 2, ${series})`, 60, 1920, [1, 2, 3]);
    expect(Math.abs(bsa - -1 / 2)).toBeLessThan(0.3);
    const ttsa = await order(`ttsa(batch: 8, ${series})`, 60, 1920, [1, 2, 3, 4, 5, 6]);
    expect(Math.abs(ttsa - -3 / 5)).toBeLessThan(0.3);
  });

  it("f2sa falls at least as its multiplier grows", async () => {
    expect(await order("f2sa(batch: 8, inner_rate: 0.2, outer_rate: 0.1)", 200, 3200, [1, 2])).toBeLessThan(
      -2 / 7 + 0.1,
    );
  });

  it("saba converges linearly, to the last digits", async () => {
    const method = "saba(batch: 8, inner_rate: 0.1, outer_rate: 0.1)";
    const [first, second, third] = [
      await slopeAfter(method, 600, [1]),
      await slopeAfter(method, 1200, [1]),
      await slopeAfter(method, 4000, [1]),
    ];
    expect(second / first).toBeLessThan(1e-2);
    expect(third).toBeLessThan(1e-20);
    const short = await run(quadratic(250, [1, 0.9], 2).source, method, 4000);
    expect(short.gradient_norm).toBeLessThan(1e-12);
    expect(short.residuals.inner).toBeLessThan(1e-12);
    expect(short.residuals.adjoint).toBeLessThan(1e-12);
  });

  it("srba converges linearly, without a memory", async () => {
    const method = "srba(batch: 8, inner_rate: 0.1, outer_rate: 0.1)";
    const [first, second, third] = [
      await slopeAfter(method, 600, [1]),
      await slopeAfter(method, 1200, [1]),
      await slopeAfter(method, 4000, [1]),
    ];
    expect(second / first).toBeLessThan(1e-2);
    expect(third).toBeLessThan(1e-20);
  });

  it("constant step sizes leave a floor in their proportion", async () => {
    const seeds = Array.from({ length: 12 }, (_, seed) => seed);
    const floor = async (rate: number): Promise<number> => {
      const rates = `inner_rate: ${rate}, outer_rate: ${rate}`;
      return slopeAfter(`amigo(batch: 8, ${rates}, inner_steps: 3, adjoint_steps: 3)`, Math.round(30 / rate), seeds);
    };
    const ratio = (await floor(0.1)) / (await floor(0.025));
    expect(ratio).toBeGreaterThan(2);
    expect(ratio).toBeLessThan(8);
  });

  it("bome approaches the solution", async () => {
    const early = await slopeAfter("bome", 50, [0]);
    const late = await slopeAfter("bome", 1500, [0]);
    expect(late / early).toBeLessThan(1e-2);
  });
});

describe("a Neumann series", () => {
  it("misses the adjoint by (1 − ρμ)^K", async () => {
    for (const [rate, curvature, terms] of [
      [0.3, 1.5, 7],
      [0.1, 4, 3],
    ] as const) {
      const source = `var w: real\nvar y: real\nminimize (y - 1)^2 over w\nwhere y minimizes ${curvature / 2} * y^2 - w * y`;
      const method = `stocbio(inner_rate: ${rate}, outer_rate: 1e-3, inner_steps: 1, terms: ${terms})`;
      const { residuals } = await run(source, method, 1);
      // The last look is at the stepped w, which moves neither side: ∂f/∂y does not read w.
      expect(residuals.adjoint).toBeCloseTo((1 - rate * curvature) ** terms, 10);
    }
  });
});

const regression = `
  dim n = 300
  dim m = 200
  data train: { X: real[n, 4], e: real[n] } = normal(seed: 1)
  data valid: { X: real[m, 4], e: real[m] } = normal(seed: 5)
  param truth: real[4] = [2, -1, 0.5, 0]
  var lambda: real[4]
  var theta: real[4]
  minimize 0.5 * E[valid]((X @ theta - X @ truth - e)^2) + 0.01 * sumsq(lambda) over lambda
  where theta minimizes 0.5 * E[train]((X @ theta - X @ truth - e)^2) + 0.5 * sum(exp(lambda) * theta^2)`;

describe("without step sizes", () => {
  let best: number;
  beforeAll(async () => {
    best = (await (await prepared(regression)).solve()).value;
  });

  it.each(stochasticMethods)("%s comes within 2 % of the optimum", async (method) => {
    const result = await run(regression, method, 4000);
    expect(result.status).toBe("max_steps");
    expect(result.complete).toBe(true);
    expect(Math.abs(result.value / best - 1)).toBeLessThan(0.02);
    expect(result.method).toBe(method);
  });
});

describe("a run", () => {
  it("is the same for a seed, and another for another", async () => {
    const [one, two, other] = [
      await run(regression, "soba(batch: 16)", 200, 3),
      await run(regression, "soba(batch: 16)", 200, 3),
      await run(regression, "soba(batch: 16)", 200, 4),
    ];
    expect(two.upper).toEqual(one.upper);
    expect(two.lower).toEqual(one.lower);
    expect(other.upper).not.toEqual(one.upper);
    const problem = await prepared(`${regression} solve { method: saba(batch: 16) steps: 50 }`);
    expect((await problem.solve()).upper).toEqual((await problem.solve()).upper);
  });

  it("maximises as it minimises the negative", async () => {
    const negative = regression.replace("minimize 0.5", "maximize -0.5").replace("+ 0.01", "- 0.01");
    for (const method of ["soba", "saba", "srba", "stocbio", "f2sa", "bome"]) {
      const rates = "inner_rate: 0.1, outer_rate: 0.1";
      const [up, down] = [
        await run(negative, `${method}(${rates})`, 30),
        await run(regression, `${method}(${rates})`, 30),
      ];
      expect(up.value).toBeCloseTo(-down.value, 10);
      (up.upper["lambda"] as number[]).forEach((value, k) => {
        expect(value, method).toBeCloseTo((down.upper["lambda"] as number[])[k] as number, 10);
      });
    }
  });

  it("keeps the upper variables in their sets", async () => {
    const mixture = regression
      .replace("var lambda: real[4]", "var lambda: real[4] in simplex")
      .replace("exp(lambda)", "lambda");
    const { upper } = await run(mixture, "soba", 300);
    const lambda = upper["lambda"] as number[];
    expect(lambda.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 10);
    expect(Math.min(...lambda)).toBeGreaterThanOrEqual(0);
  });

  it("touches the drawn rows' entries alone", async () => {
    const weighted = regression
      .replace("var lambda: real[4]", "var z: real[n]")
      .replace(" + 0.01 * sumsq(lambda) over lambda", " over z")
      .replace(
        "E[train]((X @ theta - X @ truth - e)^2) + 0.5 * sum(exp(lambda) * theta^2)",
        "E[r in train](sigmoid(z[r]) * (r.X @ theta - r.X @ truth - r.e)^2) + 0.01 * sumsq(theta)",
      );
    const { upper } = await run(weighted, "soba(batch: 5, inner_rate: 0.1, outer_rate: 1)", 2);
    const moved = (upper["z"] as number[]).filter((value) => value !== 0).length;
    expect(moved).toBeGreaterThan(0);
    expect(moved).toBeLessThanOrEqual(5);
  });

  it("draws the rows of endless tables afresh", async () => {
    const endless = `
      data noise: { u: real[*] } = uniform(0, 2, seed: 4)
      var a: real init 3
      var y: real
      minimize E[noise]((y - u)^2) over a
      where y minimizes (y - a)^2
      solve { draws: 3 method: soba(batch: 4) steps: 4000 }`;
    const { upper } = await (await prepared(endless)).solve();
    // The mean of the table, not of three rows of it, which is another number.
    const { upper: fixed } = await (await prepared(endless.replace("soba(batch: 4)", "aid"))).solve();
    expect(Math.abs((upper["a"] as number) - 1)).toBeLessThan(0.05);
    expect(Math.abs((fixed["a"] as number) - 1)).toBeGreaterThan(0.1);
    await expect((await prepared(endless.replace("soba", "saba"))).solve()).rejects.toThrow(/never come again/);
    await expect((await prepared(endless.replace("soba", "srba"))).solve()).rejects.toThrow(/never end/);
  });

  it("counts the rows that it evaluates, and looks at all of them on the way", async () => {
    const { trace } = await run(regression, "soba(batch: 8, inner_rate: 0.1, outer_rate: 0.1)", 8000);
    const samples = trace.map((entry) => entry.samples as number);
    expect(trace.at(-1)).toMatchObject({ step: 8000, samples: 8000 * 16 });
    expect(trace.length).toBeGreaterThan(4);
    expect(samples).toEqual(samples.toSorted((a, b) => a - b));
    expect(trace.at(-1)?.value).toBeLessThan(trace[0]?.value as number);
  });

  it("moves clauses that read each other's unknowns in a chain", async () => {
    const best = await (await prepared(chained)).solve();
    const result = await run(chained, "saba(batch: 20)", 3000);
    expect(result.value).toBeCloseTo(best.value, 6);
    expect(result.residuals.adjoint).toBeLessThan(1e-4);
    await expect(run(chained, "f2sa", 1)).rejects.toThrow(BilevelError);
  });

  it("ends as diverged where its steps grow without bound, at a finite point", async () => {
    const result = await run(regression, "soba(inner_rate: 50, outer_rate: 50)", 500);
    expect(result.status).toBe("diverged");
    expect(result.complete).toBe(false);
    expect(result.message).toMatch(/smaller step sizes/);
    expect(Number.isFinite(result.value)).toBe(true);
  });

  it("warns where the curvature does not determine the lower level", async () => {
    const flat = regression
      .replace("var theta: real[4]", "var theta: real[5]")
      .replaceAll("X @ theta", "X @ theta[0:4]");
    const result = await run(flat.replace("theta^2", "theta[0:4]^2"), "soba", 100);
    expect(result.status).toBe("max_steps");
    expect(result.warnings.map(({ code, severity }) => [code, severity])).toContainEqual([
      "singular-lower-level",
      "warning",
    ]);
  });

  it("differentiates at a point as aid does", async () => {
    const problem = await prepared(`${regression} solve { method: soba }`);
    const exact = await prepared(regression);
    expect(problem.gradient().gradient).toEqual(exact.gradient().gradient);
    expect(problem.gradient().method).toBe("aid");
  });
});

const chained = `
  dim n = 100
  data train: { x: real[n, 2], e: real[n] } = normal(seed: 1)
  var a: real init 0.5
  var y: real[2]
  var z: real[2]
  minimize sumsq(z - 1) + 0.1 * a^2 over a
  where z minimizes E[train]((x @ z - x @ y - e)^2) + 0.1 * sumsq(z)
  and y minimizes E[train]((x @ y - a - e)^2) + 0.2 * sumsq(y - a)`;

describe("refusals", () => {
  const refused = async (source: string, method: string): Promise<string> => {
    try {
      await run(source, method, 1);
    } catch (error) {
      if (error instanceof BilevelError) return error.message;
      throw error;
    }
    return "";
  };

  it("name what does not fit", async () => {
    const scalar = (clause: string): string =>
      `var a: real init 1\nvar y: real\nminimize (y - 1)^2 over a\nwhere ${clause}`;
    expect(await refused(scalar("y minimizes (y - a)^2 + abs(y)"), "soba")).toMatch(/kink/);
    expect(await refused(scalar("y minimizes (y - a)^2 subject to y <= 2"), "soba")).toMatch(/constraints/);
    expect(await refused(scalar("y solves y = cos(y) * a"), "soba")).toMatch(/minimisations/);
    expect(await refused(scalar("y minimizes (y - a)^2 by descent(steps: 3, rate: 0.1)"), "soba")).toMatch(
      /steps of its own/,
    );
    expect(await refused(regression.replace("over lambda", "over lambda subject to sum(lambda) <= 1"), "soba")).toMatch(
      /no constraints in the upper problem/,
    );
    expect(
      await refused(
        regression.replace(
          "minimize 0.5 * E[valid]((X @ theta - X @ truth - e)^2)",
          "minimize log(E[valid]((X @ theta - X @ truth - e)^2))",
        ),
        "soba",
      ),
    ).toMatch(/not linear in its mean over rows/);
    await expect(prepared(`${regression} solve { method: soba outer: adam }`)).rejects.toThrow(
      /on every level by itself/,
    );
    const twoTables = regression.replace("+ 0.5 * sum(exp", "+ 0.1 * E[valid]((X @ theta)^2) + 0.5 * sum(exp");
    expect(await refused(twoTables, "saba")).toMatch(/one table a level/);
  });
});
