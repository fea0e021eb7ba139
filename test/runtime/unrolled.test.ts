/** The derivative through steps of descent in its modes, and the estimates beside it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GradcheckResult } from "../../runtime/types.ts";
import { prepared, refusals, word } from "../support/problems.ts";

const method = (value: string, given: Readonly<Record<string, number | boolean>> = {}) => ({
  options: new Map([["method", word(value, given)]]),
});

describe("steps of descent", () => {
  it("have momentum, exactly", async () => {
    // e_t = y_t − 2/c obeys e_{t+1} = (1 + m − r c) e_t − m e_{t−1} with e_{−1} = e_0.
    const end = (c: number, r: number, m: number): number => {
      const goal = 2 / c;
      let [before, now] = [-goal, -goal];
      for (let t = 0; t < 9; t += 1) [before, now] = [now, (1 + m - r * c) * now - m * before];
      return now + goal;
    };
    const problem = await prepared(`
      var c: real
      var r: real
      var m: real
      var y: real
      minimize y over c, r, m
      where y minimizes 0.5 * c * y^2 - 2 * y by descent(steps: 9, rate: r, momentum: m)`);
    const { value, gradient } = problem.gradient({ c: 1.5, r: 0.2, m: 0.6 });
    expect(value).toBeCloseTo(end(1.5, 0.2, 0.6), 12);
    const h = 1e-6;
    const slopes = [
      (end(1.5 + h, 0.2, 0.6) - end(1.5 - h, 0.2, 0.6)) / (2 * h),
      (end(1.5, 0.2 + h, 0.6) - end(1.5, 0.2 - h, 0.6)) / (2 * h),
      (end(1.5, 0.2, 0.6 + h) - end(1.5, 0.2, 0.6 - h)) / (2 * h),
    ];
    expect([gradient.c, gradient.r, gradient.m]).toEqual(slopes.map((slope) => expect.closeTo(slope, 7)));
  });

  it("give one gradient in forward and reverse mode, that of the steps taken again", async () => {
    const entry = fc.double({ min: -0.5, max: 0.5, noNaN: true });
    const [steps, momentum] = [fc.integer({ min: 1, max: 11 }), fc.constantFrom("", ", momentum: 0.4 + 0.1 * w[0]")];
    await fc.assert(
      fc.asyncProperty(steps, momentum, entry, entry, async (T, extra, a, b) => {
        const source = `
          let A = [[1, 2], [0.5, -1], [2, 0.3]]
          var w: real[2]
          var u: real
          var y: real[2]
          var s: real
          minimize sumsq(A @ y - 1) + s^2 + u * y[0] over w, u
          where s minimizes (s - w[0] * u)^2 + 0.1 * s^4
          and y minimizes mean(logcosh(A @ y - 2)) + sum(exp(w) * y^2) + y[0] * s
            selected from 2 * w by descent(steps: ${T}, rate: 0.1 + 0.02 * u${extra})`;
        const at = { w: [a, b], u: a - b };
        const reverse = (await prepared(source, method("itd", { forward: false }))).gradcheck(at);
        const forward = (await prepared(source, method("itd", { forward: true }))).gradcheck(at);
        expect(Math.max(reverse.worst, forward.worst)).toBeLessThan(1e-6);
        const [one, other] = [reverse, forward].map(({ rows }) => rows.map(({ derived }) => derived));
        expect(one).toEqual((other as number[]).map((value) => expect.closeTo(value, 10)));
      }),
      { numRuns: 5 },
    );
  });

  it("are differentiated through the last ones alone where that is asked, which is Neumann's series cut off", async () => {
    // H = diag(1, 4) and b = (1, 1): v = r Σ_{k<K} (I − rH)^k b, and ‖(I − rH)^K b‖ / ‖b‖ is left.
    const source = `
      var w: real[2]
      var y: real[2]
      minimize sum(y) over w
      where y minimizes 0.5 * (y[0]^2 + 4 * y[1]^2) - w @ y by descent(steps: 30, rate: 0.2)`;
    for (const kept of [1, 4, 9, 29]) {
      const problem = await prepared(source, method("itd", { truncate: kept }));
      const { gradient, residuals, warnings, complete } = problem.gradient({ w: [1, 2] });
      const left = [0.8 ** kept, 0.2 ** kept];
      expect(gradient.w).toEqual([1, 4].map((h, i) => expect.closeTo((1 - (left[i] as number)) / h, 12)));
      expect(residuals.adjoint).toBeCloseTo(Math.hypot(...left) / Math.SQRT2, 12);
      expect(warnings).toMatchObject([{ code: "approximate-gradient" }]);
      expect(complete).toBe(true);
    }
    const whole = await prepared(source, method("itd", { truncate: 30 }));
    expect(whole.gradient({ w: [1, 2] }).residuals.adjoint).toBe(0);
  });

  it("cannot be cut off in forward mode", async () => {
    const source =
      "var a: real var x: real minimize x over a where x minimizes (x - a)^2 by descent(steps: 3, rate: 0.1)";
    const found = await refusals(source, method("itd", { truncate: 2, forward: true }));
    expect(found).toMatchObject([{ code: "solver-unavailable", severity: "refusal" }]);
  });
});

describe("iterative differentiation of a minimisation", () => {
  const source = `
    let A = [[1, 2, 0], [0.5, -1, 0.2], [2, 0.3, -1]]
    var w: real[2]
    var y: real[3]
    minimize sumsq(A @ y - 1) + w[0]^2 over w
    where y minimizes mean(logcosh(A @ y - w[0])) + 0.2 * exp(w[1]) * sumsq(y)`;
  const at = { w: [0.4, -0.3] };

  it("approaches the implicit gradient, and says how far it is", async () => {
    const exact = (await prepared(source)).gradient(at);
    const modes: readonly Record<string, number | boolean>[] = [
      { forward: false },
      { forward: true },
      { momentum: 0.3 },
    ];
    for (const mode of modes) {
      let before = Number.POSITIVE_INFINITY;
      for (const steps of [4, 10, 25]) {
        const answer = (await prepared(source, method("itd", { steps, ...mode }))).gradient(at);
        const flat = [answer, exact].map(({ gradient }) => gradient.w as number[]);
        const error = Math.hypot(...(flat[0] as number[]).map((value, i) => value - (flat[1]?.[i] as number)));
        expect(error).toBeLessThan(before);
        expect(error).toBeLessThan(20 * (answer.residuals.adjoint + answer.residuals.inner));
        expect(answer.warnings.map(({ code }) => code)).toContain("approximate-gradient");
        before = error;
      }
      const long = (await prepared(source, method("itd", { steps: 1500, ...mode }))).gradient(at);
      expect(long.gradient.w).toEqual((exact.gradient.w as number[]).map((value) => expect.closeTo(value, 9)));
      expect([long.method, long.warnings]).toEqual(["itd", []]);
    }
  });

  it.each([
    ["a set", "var a: real var x: real in nonnegative minimize x over a where x minimizes (x - a)^2"],
    ["a kink", "var a: real var x: real minimize x over a where x minimizes (x - a)^2 + abs(x)"],
    ["constraints", "var a: real var x: real minimize x over a where x minimizes (x - a)^2 subject to x <= 1"],
    ["an equation", "var a: real var x: real minimize x over a where x solves x = 0.5 * x + a"],
    [
      "one of several levels",
      "var a: real var x: real var y: real minimize x over a where x minimizes (x - y)^2 where y minimizes (y - a)^2",
    ],
    [
      "its own steps",
      "var a: real var x: real minimize x over a where x minimizes (x - a)^2 by descent(steps: 3, rate: 0.1)",
    ],
  ])("is refused for %s", async (what, program) => {
    const [found] = await refusals(program, method("itd", { steps: 9 }));
    expect(found).toMatchObject({ code: "solver-unavailable", severity: "refusal" });
    expect(found?.message).toContain(what);
  });
});

describe("the three gradients at the end of the steps", () => {
  it("are there by name", async () => {
    const source = `
      var w: real
      var y: real
      minimize y^2 + w * y over w
      where y minimizes 0.5 * exp(w) * y^2 - y by descent(steps: 3, rate: 0.5)`;
    const w = 0.2;
    const [c, r] = [Math.exp(w), 0.5];
    const q = (1 - r * c) ** 3;
    const y = (1 - q) / c;
    const dy = -(1 - q) / c + 3 * r * (1 - r * c) ** 2;
    // At y_T as if it were the minimiser: H v = ∂f/∂y, and the gradient is ∂f/∂w − v ∂²g/∂w∂y.
    const expected = { analytic: y, itd: y + (2 * y + w) * dy, aid: y - (2 * y + w) * y };
    for (const [name, value] of Object.entries(expected)) {
      const answer = (await prepared(source, method(name))).gradient({ w });
      expect([answer.method, answer.gradient.w]).toEqual([name, expect.closeTo(value, 12)]);
    }
    const { estimators, passed } = (await prepared(source)).gradcheck({ w });
    const found = Object.fromEntries(estimators.map(({ name, gradient }) => [name, gradient.w]));
    expect(found).toEqual({
      "analytic (analytic)": expect.closeTo(expected.analytic, 12),
      "automatic (itd)": expect.closeTo(expected.itd, 12),
      "implicit (aid)": expect.closeTo(expected.aid, 12),
    });
    expect(passed).toBe(true);
  });

  it("leave out the whole adjoint where that is asked, and say so", async () => {
    const source = "var a: real var x: real minimize (x - 1)^2 + a^2 over a where x minimizes (x - a)^2";
    const { gradient, residuals, warnings } = (await prepared(source, method("analytic"))).gradient({ a: 3 });
    expect([gradient.a, residuals.adjoint]).toEqual([6, 1]);
    expect(warnings).toMatchObject([{ code: "approximate-gradient" }]);
  });

  it("err by κᵗ, κ²ᵗ and κ²ᵗ where both levels minimise one objective", async () => {
    const program = (lower: string): string => `
      let A = [[1, 0.4], [0.3, 1.5], [-0.2, 0.8]]
      var x: real[2] init [0.7, -0.4]
      var z: real[2]
      minimize sum(logcosh(A @ z - 1)) + 0.1 * sumsq(z - x) + 0.3 * z @ x over x
      where z minimizes sum(logcosh(A @ z - 1)) + 0.1 * sumsq(z - x) + 0.3 * z @ x ${lower}`;
    const solution = (await prepared(program(""))).gradient().gradient.x as number[];
    const times = [30, 45, 60, 75, 90];
    const errors: Record<string, number[]> = {};
    for (const t of times) {
      const check: GradcheckResult = (await prepared(program(`by descent(steps: ${t}, rate: 0.1)`))).gradcheck();
      for (const { name, gradient } of check.estimators) {
        const error = Math.hypot(...(gradient.x as number[]).map((value, i) => value - (solution[i] as number)));
        errors[name] = [...(errors[name] ?? []), Math.log(error)];
      }
    }
    const slope = (values: readonly number[] = []): number => {
      const [a, b] = [
        times.reduce((s, t) => s + t, 0) / times.length,
        values.reduce((s, v) => s + v, 0) / values.length,
      ];
      return (
        times.reduce((s, t, i) => s + (t - a) * ((values[i] as number) - b), 0) /
        times.reduce((s, t) => s + (t - a) ** 2, 0)
      );
    };
    const rate = slope(errors["analytic (analytic)"]);
    expect(Math.exp(rate)).toBeLessThan(0.9);
    expect(slope(errors["implicit (aid)"]) / rate).toBeCloseTo(2, 1);
    // Of the order t κ²ᵗ: the factor t moves a fitted slope a little.
    expect(Math.abs(slope(errors["automatic (itd)"]) / rate - 2)).toBeLessThan(0.1);
  });
});

describe("the implicit formula where steps end", () => {
  const gradientAfter = async (steps: number) =>
    (
      await prepared(`var w: real init 2\nvar y: real\nminimize y over w
      where y minimizes 0.5 * w * y^2 - y by descent(steps: ${steps}, rate: 0.1)\nsolve { method: aid }`)
    ).gradient();

  it("is an estimate, and says so, unless they end at a minimiser", async () => {
    const short = await gradientAfter(5);
    expect(short.gradient.w).toBeCloseTo(-0.16808, 12);
    expect(short.warnings.map(({ code }) => code)).toEqual(["approximate-gradient"]);
    const long = await gradientAfter(500);
    expect(long.gradient.w).toBeCloseTo(-0.25, 12);
    expect(long.warnings).toEqual([]);
  });
});
