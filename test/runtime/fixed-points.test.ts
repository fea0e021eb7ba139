import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { OptionValue } from "../../compiler/check/model.ts";
import { prepare } from "../../runtime/api.ts";
import { compiled, matrixText, prepared, refusals, word } from "../support/problems.ts";

const number = fc.double({ min: -1, max: 1, noNaN: true }).map((x) => Math.round(x * 1000) / 1000);
const matrix = (m: number, n: number) =>
  fc.array(fc.array(number, { minLength: n, maxLength: n }), { minLength: m, maxLength: m });

const using = (entries: Readonly<Record<string, OptionValue>>) => ({ options: new Map(Object.entries(entries)) });

/** One state a row, contracting in the largest entry: |W| has row sums below 1 as W is at most 0.3 in each of 3 entries. */
const network = (x: readonly (readonly number[])[], map = "tanh") => `
  let X = ${matrixText(x)}
  var W: real[3, 3]
  var b: real[3]
  var Z: real[4, 3]
  minimize mean((Z - 0.3)^2) + 0.1 * sum(Z[0, :] * b) over W, b
  where Z solves Z = ${map}(0.3 * Z @ W + b + X)`;

describe("a fixed point", () => {
  it("has the hypergradient of finite differences, by every solver and every adjoint that solves", async () => {
    const data = fc.record({
      W: matrix(3, 3),
      X: matrix(4, 3),
      b: matrix(1, 3),
      map: fc.constantFrom("tanh", "sin", "sigmoid"),
    });
    await fc.assert(
      fc.asyncProperty(data, async ({ W, X, b: [b = []], map }) => {
        const at = { W, b };
        const program = compiled(network(X, map));
        const check = (await prepare(program)).gradcheck(at);
        expect(check.worst, JSON.stringify(check.rows)).toBeLessThan(1e-6);
        const wanted = (await prepare(program)).gradient(at);
        expect(wanted.contraction).toBeLessThan(1);
        const choices = [
          ...["lu", "gmres", "bicgstab", "fixed_point"].map((adjoint) => ({ adjoint: word(adjoint) })),
          { adjoint: word("gmres", { restart: 2 }) },
          { adjoint: word("neumann", { terms: 400 }) },
          ...["newton", "anderson", "fixed_point"].map((inner) => ({ inner: word(inner) })),
          { inner: word("anderson", { memory: 1, rate: 0.5 }), adjoint: word("bicgstab") },
          { inner: word("fixed_point", { rate: 0.7 }) },
        ];
        for (const choice of choices) {
          const answer = (await prepare(program, using(choice))).gradient(at);
          const error = [...flat(answer.gradient.W), ...flat(answer.gradient.b)].map(
            (value, i) => value - ([...flat(wanted.gradient.W), ...flat(wanted.gradient.b)][i] as number),
          );
          expect(
            Math.max(...error.map(Math.abs)),
            JSON.stringify([...Object.values(choice)].map((c) => c.kind === "word" && c.value)),
          ).toBeLessThan(1e-9);
          expect(answer).toMatchObject({ complete: true, warnings: [] });
          expect(answer.residuals.inner).toBeLessThan(1e-9);
          expect(answer.residuals.adjoint).toBeLessThan(1e-9);
        }
      }),
      { numRuns: 3 },
    );
  }, 60_000);

  it("of a linear map is a linear solve: z = (I − A)⁻¹ (w b), with the eigenvalues of A for its factor", async () => {
    const source = `
      let A = [[0.5, 0.25], [-0.25, 0.5]]
      let b = [1, 2]
      var w: real
      var z: real[2]
      minimize sumsq(z) over w
      where z solves z = A @ z + w * b`;
    // (I − A)⁻¹ b = [[0.5, -0.25], [0.25, 0.5]]⁻¹ b = ([[0.5, 0.25], [-0.25, 0.5]] / 0.3125) b
    const [p, q] = [1 / 0.3125, 0.75 / 0.3125];
    for (const inner of ["newton", "anderson", "fixed_point"]) {
      const answer = (await prepared(source, using({ inner: word(inner) }))).gradient({ w: 3 });
      expect(answer.lower.z).toEqual([expect.closeTo(3 * p, 10), expect.closeTo(3 * q, 10)]);
      expect(answer.gradient.w).toBeCloseTo(2 * 3 * (p * p + q * q), 9);
      expect(answer.contraction).toBeCloseTo(Math.hypot(0.5, 0.25), 10);
    }
  });

  it("is seen either way round, under an index, and over several unknowns, and only where the unknown stands alone", async () => {
    const factor = async (clause: string, unknown = "var z: real[2]"): Promise<number | undefined> =>
      (await prepared(`var w: real init 0.5\n${unknown}\nminimize sum(z) over w\nwhere ${clause}`)).gradient()
        .contraction;
    expect(await factor("z solves z = w * cos(z)")).toBeGreaterThan(0);
    expect(await factor("z solves w * cos(z) = z")).toBe(await factor("z solves z = w * cos(z)"));
    expect(await factor("z[i] solves z[i] = w * cos(z[i])", "var z[i in 2]: real")).toBeGreaterThan(0);
    expect(
      await factor("z solves z = w * cos(y) and y solves y = w * sin(z)", "var z: real[2]\nvar y: real[2]"),
    ).toBeGreaterThan(0);
    expect(await factor("z solves z - w * cos(z) = 0")).toBeUndefined();
    expect(await factor("z solves 2 * z = w * cos(z)")).toBeUndefined();
  });

  it("is told apart from where iterations lead: a factor of 1 or more is a warning", async () => {
    const source = "var w: real init 2\nvar z: real\nminimize z^2 over w\nwhere z solves z = 3 - w * z";
    const found = (await prepared(source)).gradient();
    expect(found).toMatchObject({ complete: true, contraction: 2, lower: { z: 1 } });
    expect(found.gradient.w).toBeCloseTo(-2 / 3, 12);
    expect(found.warnings.map(({ code }) => code)).toEqual(["not-attracting"]);
    const iterated = (await prepared(source, using({ inner: word("fixed_point") }))).gradient();
    expect(iterated.complete).toBe(false);
    expect(iterated.warnings.map(({ code }) => code)).toContain("not-converged");
    const relaxed = (await prepared(source, using({ inner: word("fixed_point", { rate: 0.3 }) }))).gradient();
    expect(relaxed.lower.z).toBeCloseTo(1, 10);
  });

  it("that is not there, or not isolated, is said to be so", async () => {
    const over = (clause: string) =>
      `var w: real init 1\nvar z: real init 0.5\nminimize z over w\nwhere z solves ${clause}`;
    for (const inner of [undefined, word("anderson")]) {
      const [none] = await refusals(over("z = z + w + z^2"), using(inner === undefined ? {} : { inner }));
      expect(none?.code).toBe("singular-lower-level");
    }
    expect((await refusals(over("z = z + w"))).map(({ code }) => code)).toEqual(["not-curved"]);
    expect((await refusals(over("z = z + (z - 1)^2 * w"))).map(({ code }) => code)).toEqual(["singular-lower-level"]);
    const [refused] = await refusals(`var w: real[2] init 1\nvar z: real[2]\nminimize sum(z) over w
      where z solves z = [[0.5, 0.5], [0.5, 0.5]] @ z + [w[0], -w[0]]`);
    expect(refused).toMatchObject({ code: "singular-lower-level", message: expect.stringContaining("left − right") });
  });

  it("may have max and abs in it: off their kinks the derivative is exact, at one the answer says so", async () => {
    const source = (map: string) => `
      var W: real[2, 2]
      var b: real[2]
      var z: real[2]
      minimize sumsq(z - 1) over W, b
      where z solves z = ${map}`;
    for (const map of [
      "relu(W @ z + b)",
      "max(W @ z + b, [0.3, -5])",
      "b - abs(W @ z)",
      "abs(W @ z) + min(z / 3, b)",
    ]) {
      const problem = await prepared(source(map));
      const check = problem.gradcheck({
        W: [
          [0.3, -0.2],
          [0.4, 0.1],
        ],
        b: [0.9, -0.7],
      });
      expect(check.passed, JSON.stringify(check.rows)).toBe(true);
      expect(check.warnings).toEqual([]);
    }
    const at = (await prepared(source("relu(W @ z + b)"))).gradient({ W: 0.2, b: [1, -0.2 / 0.8] });
    expect(at.warnings.map(({ code }) => code)).toEqual(["at-a-kink"]);
    expect((await refusals(source("select(z > 0.1, 0.2 * z + b, b)"))).map(({ code }) => code)).toEqual([
      "non-smooth-lower-level",
    ]);
  });

  it("is iterated where there is much to factorise, and then the adjoint too", async () => {
    const rows = (n: number) => `
      dim n = ${n}
      dim k = 30
      param X: real[n, k] = normal(seed: 1)
      var W: real[k, k] init 0.02
      var Z: real[n, k]
      minimize mean(Z^2) over W
      where Z solves Z = tanh(Z @ W + X)`;
    const [small, large] = [await prepared(rows(20)), await prepared(rows(300))];
    const chosen = ({
      plan: {
        blocks: [block],
      },
    }: typeof small) => [block?.inner.solver, block?.adjoint.solver];
    expect(chosen(small)).toEqual(["newton", "lu"]);
    expect(chosen(large)).toEqual(["anderson", "gmres"]);
    const [iterated, exact] = [
      large.gradient(),
      (await prepared(rows(300), using({ method: word("exact") }))).gradient(),
    ];
    expect(iterated).toMatchObject({ complete: true, warnings: [] });
    const [a, b] = [flat(iterated.gradient.W), flat(exact.gradient.W)];
    const scale = Math.max(...b.map(Math.abs));
    expect(Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number)))) / scale).toBeLessThan(1e-9);
  });

  it("leaves what does not fit to a refusal with a reason", async () => {
    const equation = "var w: real\nvar z: real\nminimize z over w\nwhere z solves 2 * z = w - z^3";
    const minimum = "var w: real\nvar z: real\nminimize z over w\nwhere z minimizes (z - w)^2 + exp(z)";
    const fixed = "var w: real\nvar z: real\nminimize z over w\nwhere z solves z = w - z^3";
    const says = async (source: string, choice: Readonly<Record<string, OptionValue>>): Promise<string> =>
      (await refusals(source, using(choice))).map(({ code, message }) => `${code}: ${message}`).join();
    for (const solver of ["anderson", "fixed_point"]) {
      expect(await says(equation, { inner: word(solver) })).toMatch(/solver-unavailable: inner: .* have another form/);
      expect(await says(minimum, { inner: word(solver) })).toMatch(/solver-unavailable: inner: .* z minimizes/);
    }
    expect(await says(equation, { adjoint: word("fixed_point") })).toMatch(/solver-unavailable: adjoint: fixed_point/);
    for (const solver of ["cholesky", "cg", "minres", "lbfgs", "gd"])
      expect(await says(fixed, { adjoint: word(solver) })).toMatch(/needs a symmetric system/);
    for (const solver of ["lbfgs", "gd", "cg", "cholesky"])
      expect(await says(fixed, { inner: word(solver) })).toContain("solver-unavailable");
  });

  it("without its Jacobian, or with a few terms of its Neumann series, leaves the residual that the theory says", async () => {
    const source = "var w: real init 3\nvar z: real\nminimize z over w\nwhere z solves z = 0.5 * z + w";
    const answer = async (choice: OptionValue) => (await prepared(source, using({ adjoint: choice }))).gradient();
    // u = Σ 0.5ᵏ: 1, then 2 − 2⁻ᴷ; what is left of the right-hand side is 2⁻⁽ᴷ⁺¹⁾.
    expect(await answer(word("identity"))).toMatchObject({ gradient: { w: 1 }, residuals: { adjoint: 0.5 } });
    expect(await answer(word("neumann", { terms: 3 }))).toMatchObject({
      gradient: { w: 1.875 },
      residuals: { adjoint: 1 / 16 },
    });
    expect((await answer(word("fixed_point"))).gradient.w).toBeCloseTo(2, 11);
  });
});

describe("fixed points among other clauses", () => {
  it.each([
    ["above a minimum", "y solves y = 0.5 * cos(y + z) + w where z minimizes (z - y * w)^2 + 0.1 * z^4"],
    ["below a minimum", "y minimizes (y - w)^2 + z^2 + 0.5 * y^2 where z solves z = 0.5 * tanh(z + y) + w"],
    ["beside a minimum", "y solves y = 0.5 * cos(y + z) + w and z minimizes (z - y * w)^2 + 0.1 * z^4"],
    ["after a minimum", "y solves y = 0.5 * cos(y + z) + w and z minimizes (z - w)^2 + 0.1 * z^4"],
    ["below a fixed point", "y solves y = 0.5 * cos(y + z) + w where z solves z = 0.3 * sin(y * z) + w"],
    [
      "below two minima",
      "y minimizes (y - z)^2 where z minimizes (z - w)^2 + 0.1 * x^2 * z where x solves x = 0.4 * sin(x + z)",
    ],
  ])("%s", async (_, level) => {
    const problem = await prepared(
      `
      var w: real
      var x: real
      var y: real
      var z: real
      minimize (y - 1)^2 + z^2 over w
      where ${level}`.replace(level.includes("x solves") ? "no such text" : "var x: real", ""),
    );
    const check = problem.gradcheck({ w: 0.7 });
    expect(check.passed, JSON.stringify(check.rows)).toBe(true);
    expect(check.residuals.inner).toBeLessThan(1e-11);
  });
});

const flat = (value: unknown): readonly number[] => (Array.isArray(value) ? value.flatMap(flat) : [value as number]);
