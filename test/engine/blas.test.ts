import { describe, expect, test } from "vitest";
import * as build from "../../compiler/ir/graph.ts";
import { sizeOf } from "../../compiler/ir/size.ts";
import type { Blas } from "../../runtime/engine/blas/blas.ts";
import { searchBlas } from "../../runtime/engine/blas/find.ts";
import { failingOperation } from "../../runtime/engine/blas/self-test.ts";
import type { Dense } from "../../runtime/engine/wasm/dense.ts";
import { createWasmEngine } from "../../runtime/engine/wasm/engine.ts";
import type { Pivots } from "../../runtime/engine/wasm/factorise.ts";
import { createHost } from "../../runtime/engine/wasm/host.ts";
import type { Matrix } from "../../runtime/engine/wasm/matrix-product.ts";

const search = searchBlas();
if (search.blas === undefined)
  process.stderr.write(
    `test/engine/blas.test.ts: skipped, ${search.skipped === undefined ? "no BLAS found" : `not looked for (${search.skipped})`}\n`,
  );

const wave = (length: number, phase = 0): Float64Array =>
  Float64Array.from({ length }, (_, i) => Math.sin(1e4 * Math.sin(i + 1 + phase)));

/** The library, and how often each of its operations was asked for. */
function counting(blas: Blas): { readonly blas: Blas; readonly calls: ReadonlyMap<string, number> } {
  const calls = new Map<string, number>();
  const counted = (name: string, operation: (...arguments_: never[]) => unknown) => {
    return (...arguments_: never[]) => {
      calls.set(name, (calls.get(name) ?? 0) + 1);
      return operation(...arguments_);
    };
  };
  const entries = Object.entries(blas).map(([name, value]) => [
    name,
    typeof value === "function" && name !== "setThreads" ? counted(name, value as never) : value,
  ]);
  return { blas: Object.fromEntries(entries) as Blas, calls };
}

interface Bench {
  readonly dense: Dense;
  readonly put: (values: Float64Array) => number;
  readonly take: (at: number, length: number) => Float64Array;
}

function bench(blas: Blas | undefined): Bench {
  const { memory, dense } = createHost({ blas: () => blas, threads: 2 });
  const put = (values: Float64Array): number => {
    const at = memory.allocate(8 * values.length) / 8;
    memory.reals().set(values, at);
    return at;
  };
  return { dense, put, take: (at, length) => new Float64Array(memory.reals().subarray(at, at + length)) };
}

describe.skipIf(search.blas === undefined)("the system's BLAS does what the own kernels do", () => {
  /** Runs on both, and compares what comes out to 1e-12 of its largest entry. */
  function compare(operation: string, work: (bench: Bench) => Float64Array): void {
    const { blas, calls } = counting(search.blas as Blas);
    const [own, library] = [work(bench(undefined)), work(bench(blas))];
    expect(calls.get(operation)).toBeGreaterThan(0);
    const scale = own.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
    const worst = own.reduce((largest, x, i) => Math.max(largest, Math.abs(x - (library[i] as number))), 0);
    expect(worst).toBeLessThan(1e-12 * scale);
  }

  /** The lower triangle, with zeros above. */
  const lower = (values: Float64Array, n: number): Float64Array =>
    values.map((x, at) => (at % n > Math.floor(at / n) ? 0 : x));

  test.each([
    ["rows, rows", false, false],
    ["rows, columns", false, true],
    ["columns, rows", true, false],
    ["columns, columns", true, true],
  ])("products of matrices stored by %s, within larger ones", (_, aByColumns, bByColumns) => {
    const [m, n, k, margin] = [61, 57, 70, 3];
    compare("multiply", ({ dense, put, take }) => {
      const stored = (rows: number, columns: number, byColumns: boolean, phase: number) => {
        const stride = (byColumns ? rows : columns) + margin;
        const at = put(wave(stride * (byColumns ? columns : rows), phase));
        return byColumns ? { at, row: 1, column: stride } : { at, row: stride, column: 1 };
      };
      const [a, b] = [stored(m, k, aByColumns, 1), stored(k, n, bByColumns, 2)];
      const c = stored(m, n, false, 3);
      dense.multiply(-0.5, a, b, c, m, n, k);
      return take(c.at, m * (n + margin));
    });
  });

  test("products without a unit stride are left to the own kernels", () => {
    const n = 64;
    const { blas } = counting(search.blas as Blas);
    const work = ({ dense, put, take }: Bench): Float64Array => {
      const a = { at: put(wave(2 * n * n)), row: 2 * n, column: 2 };
      const b = { at: put(wave(n * n, 1)), row: n, column: 1 };
      const c = { at: put(new Float64Array(n * n)), row: n, column: 1 };
      dense.multiply(1, a, b, c, n, n, n);
      return take(c.at, n * n);
    };
    expect(work(bench(blas))).toEqual(work(bench(undefined)));
  });

  test.each([false, true])("Gram matrices, A by columns: %s", (byColumns) => {
    const [n, k] = [60, 90];
    compare("gram", ({ dense, put, take }) => {
      const at = put(wave(n * k));
      const c = put(new Float64Array(n * n).fill(2));
      const a = byColumns ? { at, row: 1, column: n } : { at, row: k, column: 1 };
      dense.gram(a, { at: c, row: n, column: 1 }, n, k);
      return take(c, n * n);
    });
  });

  const definite = (n: number): Float64Array =>
    wave(n * n).map((x, at, all) =>
      at % (n + 1) === 0 ? n : (x + (all[(at % n) * n + Math.floor(at / n)] as number)) / 2,
    );

  test.each([100, 173])("Cholesky factors and solves of order %i", (n) => {
    const pivots: Pivots[] = [];
    compare("cholesky", ({ dense, put, take }) => {
      const at = put(definite(n));
      pivots.push(dense.cholesky(at, n));
      return lower(take(at, n * n), n);
    });
    for (const columns of [1, 30]) {
      const large = Math.ceil(Math.sqrt(2 ** 18 / columns));
      compare("solveTriangular", ({ dense, put, take }) => {
        const [l, x] = [put(definite(large)), put(wave(large * columns, 5))];
        dense.cholesky(l, large);
        dense.solveCholesky(l, large, x, columns);
        return take(x, large * columns);
      });
    }
    const [own, library] = pivots;
    if (!own?.ok || !library?.ok) return expect.fail("not definite");
    expect(library.smallest).toBeCloseTo(own.smallest, 12);
  });

  test.each([90, 161])("LU factors, exchanges and solves of order %i", (n) => {
    const shifted = (size: number): Float64Array =>
      wave(size * size, 4).map((x, at) => (at % (size + 1) === 7 ? x + 9 : x));
    const pivots: Pivots[] = [];
    compare("luByColumns", ({ dense, put, take }) => {
      const [at, order] = [put(shifted(n)), put(new Float64Array(n))];
      pivots.push(dense.lu(at, n, order));
      return Float64Array.from([...take(at, n * n), ...take(order, n)]);
    });
    const [own, library] = pivots;
    if (!own?.ok || !library?.ok) return expect.fail("singular");
    expect(library.smallest).toBeCloseTo(own.smallest, 10);
    for (const transposed of [false, true]) {
      const [large, columns] = [n, 60];
      compare("solveTriangular", ({ dense, put, take }) => {
        const identity = wave(large * large, 4).map((x, at) => (at % (large + 1) === 0 ? large : x));
        const [at, order, x] = [put(identity), put(new Float64Array(large)), put(wave(large * columns, 5))];
        dense.lu(at, large, order);
        dense.solveLu(at, order, large, x, columns, transposed);
        return take(x, large * columns);
      });
    }
  });

  test("matrices without factors are found out", () => {
    const n = 120;
    const { dense, put } = bench(search.blas);
    const indefinite = definite(n);
    indefinite[80 * (n + 1)] = -3;
    const outcome = dense.cholesky(put(indefinite), n);
    expect(outcome).toMatchObject({ ok: false });
    if (!outcome.ok) expect(outcome.pivot).toBeLessThan(0);
    const broken = definite(n).fill(NaN, 50, 60);
    broken[60 * n] = NaN;
    expect(dense.cholesky(put(broken), n).ok).toBe(false);
    expect(dense.lu(put(broken), n, put(new Float64Array(n))).ok).toBe(false);
    expect(dense.lu(put(new Float64Array(n * n)), n, put(new Float64Array(n)))).toEqual({ ok: false, pivot: 0 });
    expect(dense.cholesky(put(new Float64Array(n * n)), n)).toEqual({ ok: false, pivot: 0 });
  });

  test("a program's XᵀX is one symmetric product, also after memory has grown", async () => {
    const [rows, columns] = [200, 40];
    const { blas, calls } = counting(search.blas as Blas);
    const g = build.createGraph();
    const x = build.input(g, "X", "data", [sizeOf(rows), sizeOf(columns)]);
    const output = build.einsum(
      g,
      [x, x],
      [
        [0, 1],
        [0, 2],
      ],
      [1, 2],
    );
    const results = await Promise.all(
      [undefined, blas].map(async (library) => {
        const engine = await createWasmEngine({ blas: () => library });
        const kernel = engine.compile({ name: "gram", arguments: [x], outputs: [output] }, new Map(), new Map());
        const [given, result] = [engine.allocate(rows * columns), engine.allocate(columns ** 2)];
        engine.write(given, wave(rows * columns));
        engine.allocate(3_000_000);
        kernel.run([given], [result]);
        return engine.read(result);
      }),
    );
    const [own, library] = results as [Float64Array, Float64Array];
    for (const [i, value] of own.entries()) expect(Math.abs(value - (library[i] as number))).toBeLessThan(1e-12 * rows);
    expect([...calls.keys()]).toEqual(["gram"]);
  });

  test("in single precision too", () => {
    const n = 60;
    const single = searchBlas("f32").blas as Blas;
    const [own, library] = [undefined, single].map((blas) => {
      const { memory, dense } = createHost({
        precision: "f32",
        blas: (precision) => (precision === "f32" ? blas : undefined),
      });
      const at = [definite(n), wave(n * n), new Float64Array(n * n)].map((values) => {
        const place = memory.allocate(4 * values.length) / 4;
        memory.reals().set(values, place);
        return place;
      });
      const [a, b, c] = at.map((place) => ({ at: place, row: n, column: 1 })) as [Matrix, Matrix, Matrix];
      dense.multiply(1, a, b, c, n, n, n);
      return memory.reals().slice(c.at, c.at + n * n);
    }) as [Float32Array, Float32Array];
    for (const [i, value] of own.entries()) expect(Math.abs(value - (library[i] as number))).toBeLessThan(1e-6 * n);
  });

  test("the self-test names an operation that is wrong", () => {
    const right = search.blas as Blas;
    expect(failingOperation(right, "f64")).toBeUndefined();
    expect(failingOperation({ ...right, multiply: () => true }, "f64")).toBe("product");
    expect(failingOperation({ ...right, luByColumns: () => undefined }, "f64")).toBe("LU");
  });

  test("small work never asks for a library", () => {
    const { memory, dense } = createHost({ blas: () => expect.fail("asked") });
    const at = memory.allocate(8 * 3000) / 8;
    const matrix = { at, row: 10, column: 1 };
    dense.multiply(1, matrix, matrix, matrix, 10, 10, 10);
    dense.cholesky(at, 10);
    dense.solveCholesky(at, 10, at + 100, 10);
  });
});

test("large work uses the threads it may, other work one", () => {
  const asked: number[] = [];
  const blas = { threads: 8, setThreads: (count: number) => asked.push(count), multiply: () => true };
  for (const threads of [3, undefined]) {
    const { dense } = createHost({ blas: () => blas as unknown as Blas, threads });
    const matrix = { at: 0, row: 1000, column: 1 };
    for (const n of [100, 1000]) dense.multiply(1, matrix, matrix, matrix, n, n, n);
  }
  expect(asked).toEqual([1, 3, 1, 8]);
});

test("what BILEVEL_BLAS asks for is taken or explained", () => {
  expect(searchBlas("f64", { BILEVEL_BLAS: "off" })).toMatchObject({ blas: undefined, skipped: "off" });
  const missing = searchBlas("f64", { BILEVEL_BLAS: "/nowhere/libblas.so" });
  expect(missing.blas).toBeUndefined();
  if (missing.skipped === undefined) expect(missing.rejected).toMatchObject([{ path: "/nowhere/libblas.so" }]);
});
