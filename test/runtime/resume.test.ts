/** A run that is stopped anywhere and taken up from what it wrote down ends as one that was never stopped, to the last bit. */
import { deserialize, serialize } from "node:v8";
import { describe, expect, it } from "vitest";
import { stochasticMethods } from "../../compiler/plan/stochastic.ts";
import type { Written } from "../../runtime/ledger.ts";
import type { StartsOptions } from "../../runtime/starts.ts";
import type { RunResult } from "../../runtime/types.ts";
import { prepared } from "../support/problems.ts";
import { quadratic } from "../support/quadratic.ts";

const ridge = `data train: { X: real[n, d], y: real[n] } = normal(seed: 1)
data valid: { X: real[m, d], y: real[m] } = normal(seed: 2)
dim n = 30
dim m = 20
dim d = 4
var lambda: real[d] init -1
var theta: real[d]
minimize mean((valid.X @ theta - valid.y)^2)
over lambda
where theta minimizes mean((train.X @ theta - train.y)^2) + sum(exp(lambda) * theta^2)`;

const boxed = ridge.replace("var lambda: real[d]", "var lambda: real[d] in box(-3, 2)");
const logistic = ridge.replace(
  "mean((train.X @ theta - train.y)^2)",
  "mean(log(1 + exp(-train.y * (train.X @ theta))))",
);
const constrained = ridge.replace("over lambda", "over lambda subject to sum(lambda) <= -6");
const fixedPoint = `var a: real[3] init 0.5
var z: real[3]
minimize sumsq(z - 0.3) + 0.1 * sumsq(a)
over a
where z solves z = tanh(0.5 * z + a)`;
const market = `var x: real in nonnegative init 1.3
var y: real in nonnegative
minimize x - 4 * y
over x
where y minimizes y subject to x + y >= 3, y <= 2 * x, 2 * x + y <= 12, 3 * x - 2 * y <= 4`;

const inL2 = `dim n = 40
data obs: { x: real[n, 3], y: real[n] } = normal(seed: 4)
var w: real init 0.2
function h: real[3] -> real in L2(obs) by mlp(hidden: [6])
minimize E[obs](0.5 * (h(x) - 0.5 * y)^2) over w
where h minimizes E[obs](0.5 * (h(x) - exp(w) * y)^2)`;

const { source: benchmark } = quadratic(64, [1, 0.9, 0.8, 1, 0.9, 0.8], 3);

/** What decides a run's outcome: everything but the time it took. */
function outcome({ seconds: _, trace, ...rest }: RunResult) {
  return { ...rest, trace: trace.map(({ seconds: __, ...entry }) => entry) };
}

async function solve(source: string, options: StartsOptions): Promise<RunResult> {
  return (await prepared(source)).solve(options);
}

/** Writes the run down at every pause, as a file would hold it. */
async function writtenAlong(source: string, options: StartsOptions = {}) {
  const written: Uint8Array[] = [];
  const result = await solve(source, { ...options, onPause: ({ write }) => written.push(serialize(write())) });
  return { result, written };
}

async function expectResumable(source: string, options: StartsOptions = {}): Promise<void> {
  const whole = outcome(await solve(source, options));
  const { result, written } = await writtenAlong(source, options);
  expect(outcome(result)).toEqual(whole);
  expect(written.length).toBeGreaterThan(2);
  for (const pause of [0, Math.floor(written.length / 2), written.length - 1]) {
    const resume = deserialize(written[pause] as Uint8Array) as Written;
    expect(outcome(await solve(source, { ...options, resume }))).toEqual(whole);
  }
}

describe("every outer solver and method goes on bit for bit", () => {
  const programs: Readonly<Record<string, string>> = {
    auto: ridge,
    gd: `${ridge}\nsolve { outer: gd steps: 25 }`,
    "gd at a rate": `${ridge}\nsolve { outer: gd(rate: 0.1) steps: 25 }`,
    adam: `${ridge}\nsolve { outer: adam(rate: 0.1, decay: 0.5) steps: 25 }`,
    lbfgs: `${logistic}\nsolve { outer: lbfgs(memory: 3) }`,
    projected_gd: `${boxed}\nsolve { outer: projected_gd }`,
    "upper constraints": constrained,
    "warm starts": `${logistic}\nsolve { inner: gd(max: 3) adjoint: cg(max: 2) outer: gd(rate: 0.1) steps: 20 }`,
    "inner adam on batches": `${ridge}\nsolve { inner: adam(max: 5, batch: 8) outer: adam steps: 15 }`,
    "inner sgd with momentum": `${ridge}\nsolve { inner: sgd(max: 5, momentum: 0.5, rate: 0.01) outer: gd(rate: 0.1) steps: 15 }`,
    "drawn rows above": `${ridge}\nsolve { outer: adam(batch: 5) steps: 15 seed: 3 }`,
    "single precision": `${logistic}\nsolve { precision: f32 outer: adam steps: 15 }`,
    "kinks below": `${ridge.replace("sum(exp(lambda) * theta^2)", "0.1 * norm1(exp(lambda) * theta)")}\nsolve { outer: gd(rate: 0.1) steps: 10 }`,
    "constraints below": `${ridge} subject to sum(theta) <= 0.1, theta >= -0.2\nsolve { outer: gd(rate: 0.1) steps: 10 }`,
    "functions in L2": `${inL2}\nsolve { inner: adam(max: 20, batch: 10) outer: adam(rate: 0.1) steps: 10 }`,
    hoag: `${logistic}\nsolve { method: hoag steps: 20 }`,
    shine: `${logistic}\nsolve { method: shine steps: 10 }`,
    "shine of a fixed point": `${fixedPoint}\nsolve { inner: anderson(memory: 3) adjoint: shared steps: 10 }`,
    itd: `${logistic}\nsolve { method: itd(steps: 10) outer: gd(rate: 0.1) steps: 10 }`,
    kkt: `${market}\nsolve { method: kkt }`,
    grid: `${ridge.replaceAll("lambda: real[d]", "lambda: real")}\nsolve { method: grid(points: 9) }`,
    random: `${ridge}\nsolve { method: random(points: 20) seed: 1 }`,
    bayes: `${ridge.replaceAll("lambda: real[d]", "lambda: real")}\nsolve { method: bayes(points: 8) }`,
  };
  for (const [name, source] of Object.entries(programs)) it(name, () => expectResumable(source));

  for (const method of stochasticMethods)
    it(method, () =>
      expectResumable(
        `${benchmark}\nsolve { method: ${method === "bome" ? method : `${method}(batch: 8)`} steps: 60 seed: 2 }`,
      ),
    );
  it("step sizes that were asked for", () =>
    expectResumable(`${benchmark}\nsolve { method: soba(inner_rate: 0.1, outer_rate: 0.1) steps: 60 }`));
  it("several starts", () =>
    expectResumable(`${ridge}\nsolve { outer: gd(rate: 0.1) steps: 6 seed: 1 }`, { starts: 3 }));
});

describe("resumption", () => {
  it("takes more steps where they are asked for", async () => {
    const upTo = (steps: number): string => `${ridge}\nsolve { outer: adam steps: ${steps} }`;
    const { written } = await writtenAlong(upTo(10));
    const resumed = await solve(upTo(20), { resume: deserialize(written.at(-1) as Uint8Array) as Written });
    expect(outcome(resumed)).toEqual(outcome(await solve(upTo(20), {})));
  });

  it("is possible after an interruption", async () => {
    const source = `${ridge}\nsolve { outer: gd(rate: 0.1) steps: 30 }`;
    const interruption = new AbortController();
    let last: Uint8Array | undefined;
    const stopped = await solve(source, {
      signal: interruption.signal,
      onStep: ({ step }) => {
        if (step === 7) interruption.abort();
      },
      onPause: ({ isLast, write }) => {
        if (isLast) last = serialize(write());
      },
    });
    expect(stopped.status).toBe("interrupted");
    const resumed = await solve(source, { resume: deserialize(last as Uint8Array) as Written });
    expect(outcome(resumed)).toEqual(outcome(await solve(source, {})));
  });
});

describe("a target", () => {
  it("is reached where the constraints hold, too", async () => {
    const free = await solve(constrained, {});
    const { status, value, constraints } = await solve(constrained, { target: free.value + 0.01 });
    expect(status).toBe("reached");
    expect(value).toBeLessThanOrEqual(free.value + 0.01);
    expect(constraints?.[0]?.value).toBeLessThanOrEqual(1e-8);
  });

  it("of a maximum is above", async () => {
    const source = "var a: real init 3\nvar x: real\nmaximize -(x - 1)^2 over a\nwhere x minimizes (x - a)^2";
    const { status, trace } = await solve(`${source}\nsolve { outer: gd(rate: 0.1) }`, { target: -0.5 });
    expect(status).toBe("reached");
    expect(trace.at(-1)?.value).toBeGreaterThanOrEqual(-0.5);
    expect(trace.at(-2)?.value).toBeLessThan(-0.5);
  });
});
