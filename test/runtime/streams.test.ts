/** Rows fed by the embedding program: a new batch for each upper step, and the present point for whoever gives it. */
import { describe, expect, it } from "vitest";
import type { TableGiven } from "../../runtime/data/given.ts";
import type { Batches } from "../../runtime/data/stream.ts";
import { createRandom } from "../../runtime/random.ts";
import type { Present } from "../../runtime/types.ts";
import { prepared, refusals } from "../support/problems.ts";

const source = (solve: string): string => `
  data batch: { x: real[*], y: real[*] } = stream()
  var w: real
  var v: real
  minimize E[batch]((v * x - y)^2) over w
  where v minimizes (v - w)^2
  solve { ${solve} }`;

const fed = (batches: Batches) => ({ streams: new Map([["batch", batches]]) });
const line = (slope: number, xs: readonly number[]): TableGiven => ({ x: xs, y: xs.map((x) => slope * x) });

describe("streams", () => {
  it("give each upper step a batch, and the giver the present point", async () => {
    const seen: number[] = [];
    let given = 0;
    async function* rows(): AsyncGenerator<TableGiven, void, Present> {
      const random = createRandom(1);
      for (;;) {
        given += 1;
        const { upper, lower } = yield line(3, [random.normal(), random.normal(), random.normal()]);
        expect(lower.v).toBeCloseTo(upper.w as number, 10);
        seen.push(upper.w as number);
      }
    }
    const problem = await prepared(source("outer: adam(rate: 0.1) steps: 300"), fed(rows()));
    expect(problem.sizes.get("rows(batch)")).toBe(3);
    const { status, upper, steps, complete } = await problem.solve();
    expect([status, steps, complete]).toEqual(["max_steps", 300, true]);
    expect(given).toBe(301);
    expect(seen[0]).toBe(0);
    expect(upper.w).toBeCloseTo(3, 2);
  });

  it("answer from the batch that is there: the closed-form gradient of the first one", async () => {
    const problem = await prepared(source(""), fed([line(3, [1, 2])]));
    // d/dw mean (w x − 3 x)² = 2 (w − 3) mean x²
    expect(problem.gradient({ w: 1 }).gradient.w).toBeCloseTo(2 * (1 - 3) * 2.5, 12);
    expect(problem.gradcheck({ w: 1 }).passed).toBe(true);
    expect(problem.plan.outer.solver).toBe("adam");
  });

  it("end the run where they end", async () => {
    const problem = await prepared(source("steps: 10"), fed([line(3, [1, 2]), line(3, [2, 1]), line(3, [0, 1])]));
    const { steps, message, complete } = await problem.solve();
    expect(steps).toBe(2);
    expect(complete).toBe(false);
    expect(message).toBe("the stream batch has no more rows");
  });

  it("carry constants and data of their own beside tables that stay", async () => {
    const problem = await prepared(
      `data all: { x: real[40, 2], y: real[40] } = normal(seed: 2)
       data batch: { a: class[*] } = stream()
       var w: real[2]
       function h: real[2] -> real[2] in L2(all) by linear()
       minimize E[batch](w[a]^2) + E[all]((h(x)[0] - y)^2) over w
       where h minimizes E[all](sumsq(h(x) - w * y))
       solve { steps: 2 }`,
      fed([{ a: [0, 1, 1] }, { a: [1, 1, 0] }, { a: [0, 0, 0] }]),
    );
    expect(problem.gradcheck().passed).toBe(true);
    expect((await problem.solve()).steps).toBe(2);
  });

  it("are refused where nothing feeds them, where they are empty, and where steps compare values", async () => {
    const codes = async (...given: Parameters<typeof refusals>) => (await refusals(...given)).map(({ code }) => code);
    expect(await codes(source(""))).toEqual(["stream-not-fed"]);
    expect(await codes(source(""), fed([]))).toEqual(["table-empty"]);
    expect(await codes(source("outer: lbfgs"), fed([line(1, [1])]))).toEqual(["solver-unavailable"]);
    expect(await codes(source("method: soba"), fed([line(1, [1])]))).toEqual(["solver-unavailable"]);
    expect(await codes(source(""), fed([{ x: [1, 2] }]))).toEqual(["array-missing"]);
  });

  it("refuse a batch of another shape and labels that are none", async () => {
    const later = async (program: string, batches: readonly TableGiven[]): Promise<string> => {
      const problem = await prepared(program, fed(batches));
      return problem.solve().then(
        () => "none",
        (error: Error) => error.message,
      );
    };
    expect(await later(source("steps: 5"), [line(3, [1, 2]), line(3, [1, 2, 3])])).toMatch(/real\[3\]/);
    expect(await later(source("steps: 5"), [line(3, [1, 2]), line(Number.NaN, [1, 2])])).toMatch(/NaN/);
  });
});
