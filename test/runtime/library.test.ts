/** The library as a program uses it: files, steps of a run, several problems at once, another thread. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { compile, type Prepared, predictor, type TraceEntry } from "../../index.ts";

interface Follow {
  readonly upper: { readonly a: number[] };
  readonly lower: { readonly x: number[] };
  readonly reports: { readonly distance: number };
}

const follow = (target: number): string => `var a: real[2] init 3
var x: real[2]
minimize sum(logcosh(x - ${target})) over a
where x minimizes sumsq(x - a)
report distance = norm(x - ${target})
`;

const folder = mkdtempSync(join(tmpdir(), "bilevel-library-"));
writeFileSync(join(folder, "shared.bilevel"), "param goal: real = 2\n");
writeFileSync(
  join(folder, "main.bilevel"),
  'import "shared.bilevel"\nvar a: real\nvar x: real\nminimize (x - goal)^2 over a where x minimizes (x - a)^2\n',
);

async function following(target = 1): Promise<Prepared<Follow>> {
  const { problem, diagnostics } = await compile<Follow>(follow(target));
  expect(diagnostics).toEqual([]);
  return problem as Prepared<Follow>;
}

describe("compile", () => {
  it("reads a file and what it imports", async () => {
    const { problem, diagnostics } = await compile({ file: join(folder, "main.bilevel") });
    expect(diagnostics).toEqual([]);
    expect(problem?.gradient({ a: 5 }).value).toBeCloseTo(9, 12);
  });

  it("says that there is no such file", async () => {
    const { problem, diagnostics } = await compile({ file: join(folder, "none.bilevel") });
    expect(problem).toBeUndefined();
    expect(diagnostics).toMatchObject([
      { code: "source-unreadable", message: expect.stringContaining("no such file") },
    ]);
  });

  it("gives what the caller says the program is called", async () => {
    const problem = await following();
    const gradient: number[] = problem.gradient({ a: [1, 2] }).gradient.a;
    expect(gradient[0]).toBeCloseTo(0, 10);
    // @ts-expect-error: no variable has this name
    expect(() => problem.gradient({ b: 1 })).toThrow("b");
    const distance: number = (await problem.solve()).reports.distance;
    expect(distance).toBeLessThan(1e-4);
  });
});

describe("a run", () => {
  it("gives its steps as it takes them, and its result", async () => {
    const problem = await following();
    const run = problem.solve();
    const steps: TraceEntry[] = [];
    for await (const step of run) steps.push(step);
    const result = await run;
    expect(steps).toEqual(result.trace);
    expect((await problem.solve()).value).toBe(result.value);
  });

  it("ends where the reader leaves it", async () => {
    const run = (await following()).solve();
    for await (const { step } of run) if (step === 2) break;
    expect(await run).toMatchObject({ status: "interrupted", steps: 2 });
  });

  it("waits for a slow reader", async () => {
    const heard: number[] = [];
    const run = (await following()).solve({ onStep: ({ step }) => heard.push(step) });
    for await (const { step } of run) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      expect(heard.at(-1)).toBe(step);
    }
  });

  it("is ended by a signal, and begins with none", async () => {
    const stop = new AbortController();
    const run = (await following()).solve({ signal: stop.signal });
    for await (const { step } of run) if (step === 1) stop.abort();
    expect((await run).status).toBe("interrupted");
  });

  it("hands on what was refused", async () => {
    const { problem } = await compile(
      "var a: real\nvar x: real\nminimize log(x - 5) over a where x minimizes (x - a)^2",
    );
    const read = async (): Promise<void> => {
      for await (const step of (problem as Prepared).solve()) expect(step).toBeUndefined();
    };
    await expect(read()).rejects.toThrow("finite");
  });
});

describe("several problems", () => {
  it("run side by side as each alone", async () => {
    const problems = await Promise.all([1, 2, 3].map(following));
    const together = await Promise.all(problems.map((problem) => problem.solve()));
    for (const [k, { value, steps, upper }] of together.entries()) {
      const alone = await (await following(k + 1)).solve();
      expect({ value, steps, upper }).toEqual({ value: alone.value, steps: alone.steps, upper: alone.upper });
    }
  });
});

describe("predict", () => {
  it("evaluates a function of a result", async () => {
    const { problem } = await compile(`var a: real
function h: real[1] -> real in RKHS(gaussian(bandwidth: 1))
let x = [[0.0], [1.0]]
minimize sum((h(x) - 1)^2) over a
where h minimizes sum((h(x) - a)^2) + normsq(h)
`);
    const result = await (problem as Prepared).solve();
    const values = await problem?.predict(result, [[0.5], [2]]);
    expect(values).toEqual((await predictor(result, "h"))([[0.5], [2]]));
  });
});

describe("another thread", () => {
  it("compiles and solves", async () => {
    const library = new URL("../../index.ts", import.meta.url);
    const text = `import { parentPort } from "node:worker_threads";
      const { compile } = await import(${JSON.stringify(library.href)});
      const { problem } = await compile(${JSON.stringify(follow(1))});
      parentPort.postMessage((await problem.solve()).status);`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(text)}`));
    const status = await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    expect(status).toBe("converged");
    await worker.terminate();
  });
});
