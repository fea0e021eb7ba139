/**
 * BLAS and LAPACK on row-major matrices in the engine's memory, without copying: a row-major matrix is the transpose of a
 * column-major one, so C = A B is asked for as Cᵀ = Bᵀ Aᵀ, and a lower factor L as the upper factor Lᵀ.
 *
 * The Fortran interface is the one that every library has. Its arguments are pointers. Integers are passed as 64-bit cells,
 * of which a library with 32-bit integers reads the low half: all such machines are little-endian.
 */
import type { Matrix } from "../wasm/matrix-product.ts";
import type { Call, CType, Library } from "./library.ts";

export type Precision = "f64" | "f32";
export type Reals = Float64Array | Float32Array;

/** Offsets and distances are in entries of `reals`. A size of 0 is the caller's to avoid. */
export interface Blas {
  /** As the library calls itself: `OpenBLAS 0.3.21`. */
  readonly name: string;
  readonly path: string;
  /** How many threads it uses, where it says. */
  readonly threads: () => number | undefined;
  /** Does nothing where the library has no such setting. */
  readonly setThreads: (count: number) => void;
  /** C += α A B; the rows of C are contiguous. False, and nothing done, where A or B has no unit stride. */
  readonly multiply: (reals: Reals, alpha: number, a: Matrix, b: Matrix, c: Matrix, m: number, n: number, k: number) => boolean;
  /** The lower triangle of C, n × n, += A Aᵀ; A is n × k. False, and nothing done, where A has no unit stride. */
  readonly gram: (reals: Reals, a: Matrix, c: Matrix, n: number, k: number) => boolean;
  /** L Lᵀ = A in the lower triangle. The number of the row, from 1, where it failed, or 0. */
  readonly cholesky: (reals: Reals, at: number, n: number) => number;
  /** P A = L U of the column-major matrix. Row i was exchanged with row pivots[i], counted from 0. */
  readonly luByColumns: (reals: Reals, at: number, n: number, pivots: Reals, pivotsAt: number) => void;
  /** X ← T⁻¹ X for contiguous X, n × columns; T has a unit stride. */
  readonly solveTriangular: (reals: Reals, t: Matrix, n: number, lower: boolean, unit: boolean, x: number, columns: number) => void;
}

/** How libraries decorate the Fortran names; the last two have 64-bit integers. */
const spellings: readonly ((name: string) => string)[] = [
  (name) => `${name}_`,
  (name) => name,
  (name) => name.toUpperCase(),
  (name) => `${name}_64_`,
  (name) => `${name}64_`,
];

/** Number of pointer arguments, and how many of them are characters, whose lengths Fortran passes behind all others. */
const routines = {
  gemm: [13, 2],
  syrk: [10, 2],
  potrf: [5, 1],
  getrf: [6, 0],
  trsm: [11, 4],
  trsv: [8, 3],
} as const satisfies Record<string, readonly [pointers: number, characters: number]>;

type Routine = keyof typeof routines;

/** Absent where the library lacks a routine. Not yet tested. */
export function bindBlas(library: Library, precision: Precision): Blas | undefined {
  const prefix = precision === "f64" ? "d" : "s";
  const bound: Partial<Record<Routine, Call>> = {};
  for (const [routine, [pointers, characters]] of Object.entries(routines) as [Routine, readonly [number, number]][]) {
    const types: readonly CType[] = [...Array<CType>(pointers).fill("void *"), ...Array<CType>(characters).fill("size_t")];
    const call = spellings
      .values()
      .map((spell) => library.symbol(spell(`${prefix}${routine}`), "void", types))
      .find((found) => found !== undefined);
    if (call === undefined) return undefined;
    const lengths = Array<number>(characters).fill(1);
    bound[routine] = (...arguments_) => call(...arguments_, ...lengths);
  }
  return createBlas(library, bound as Record<Routine, Call>, precision);
}

function createBlas(library: Library, call: Readonly<Record<Routine, Call>>, precision: Precision): Blas {
  const { integer, real } = createCells(precision);
  const [one, alphaCell] = [real(1), real(0)];
  const [m_, n_, k_, lda, ldb, ldc, unitStep, info] = Array.from({ length: 8 }, () => integer());
  unitStep.set(1);

  return {
    ...identify(library),
    path: library.path,
    multiply: (reals, alpha, a, b, c, m, n, k) => {
      const [left, right] = [layoutOf(b, k, n), layoutOf(a, m, k)];
      if (left === undefined || right === undefined) return false;
      m_.set(n);
      n_.set(m);
      k_.set(k);
      lda.set(left.stride);
      ldb.set(right.stride);
      ldc.set(c.row);
      alphaCell[0] = alpha;
      const [pa, pb, pc] = [reals.subarray(b.at), reals.subarray(a.at), reals.subarray(c.at)];
      call.gemm(left.trans, right.trans, m_.cell, n_.cell, k_.cell, alphaCell, pa, lda.cell, pb, ldb.cell, one, pc, ldc.cell);
      return true;
    },
    gram: (reals, a, c, n, k) => {
      const layout = layoutOf(a, n, k);
      if (layout === undefined) return false;
      n_.set(n);
      k_.set(k);
      lda.set(layout.stride);
      ldc.set(c.row);
      // A row-major is Aᵀ to the library, whose Gram matrix is asked for as (Aᵀ)ᵀ Aᵀ.
      const trans = layout.trans === letters.N ? letters.T : letters.N;
      call.syrk(letters.U, trans, n_.cell, k_.cell, one, reals.subarray(a.at), lda.cell, one, reals.subarray(c.at), ldc.cell);
      return true;
    },
    cholesky: (reals, at, n) => {
      n_.set(n);
      info.set(0);
      call.potrf(letters.U, n_.cell, reals.subarray(at), n_.cell, info.cell);
      return info.low();
    },
    luByColumns: (reals, at, n, pivots, pivotsAt) => {
      // Room for 64-bit integers; from 32-bit ones only the first half is written, and then all entries are at least 1.
      const exchanged = new Int32Array(2 * n);
      n_.set(n);
      info.set(0);
      call.getrf(n_.cell, n_.cell, reals.subarray(at), n_.cell, exchanged, info.cell);
      const width = n > 1 && exchanged[1] === 0 ? 2 : 1;
      for (let i = 0; i < n; i += 1) pivots[pivotsAt + i] = (exchanged[width * i] as number) - 1;
    },
    solveTriangular: (reals, t, n, lower, unit, x, columns) => {
      // With Xᵀ in view, X ← T⁻¹ X reads Xᵀ ← Xᵀ T⁻ᵀ; one column needs no such turn.
      const layout = t.column === 1 ? letters.N : letters.T;
      const stored = (t.column === 1) === lower ? letters.U : letters.L;
      const diagonal = unit ? letters.U : letters.N;
      n_.set(n);
      lda.set(t.column === 1 ? t.row : t.column);
      const [pt, px] = [reals.subarray(t.at), reals.subarray(x)];
      if (columns === 1) {
        const flipped = layout === letters.N ? letters.T : letters.N;
        call.trsv(stored, flipped, diagonal, n_.cell, pt, lda.cell, px, unitStep.cell);
        return;
      }
      m_.set(columns);
      call.trsm(letters.R, stored, layout, diagonal, m_.cell, n_.cell, one, pt, lda.cell, px, m_.cell);
    },
  };
}

const letters = Object.fromEntries([..."NTULR"].map((letter) => [letter, Uint8Array.of(letter.charCodeAt(0))])) as Readonly<
  Record<"N" | "T" | "U" | "L" | "R", Uint8Array>
>;

interface IntegerCell {
  readonly cell: BigInt64Array;
  readonly set: (value: number) => void;
  /** What the library left, of either width. */
  readonly low: () => number;
}

/** Arguments by reference, made once: a call allocates only the views of its matrices. */
function createCells(precision: Precision) {
  const integer = (): IntegerCell => {
    const cell = new BigInt64Array(1);
    const words = new Int32Array(cell.buffer);
    return {
      cell,
      set: (value) => {
        words[0] = value;
        words[1] = 0;
      },
      low: () => words[0] as number,
    };
  };
  const real = (value: number): Reals => (precision === "f64" ? Float64Array.of(value) : Float32Array.of(value));
  return { integer, real };
}

interface Layout {
  readonly trans: Uint8Array;
  readonly stride: number;
}

/** How the transpose of a rows × columns matrix looks to the library; absent where neither stride is 1 or lines overlap. */
function layoutOf({ row, column }: Matrix, rows: number, columns: number): Layout | undefined {
  if (column === 1 && row >= columns) return { trans: letters.N, stride: row };
  if (row === 1 && column >= rows) return { trans: letters.T, stride: column };
  return undefined;
}

/** What a library says of itself, by functions that only it has. */
function identify(library: Library): Pick<Blas, "name" | "threads" | "setThreads"> {
  const first = (names: readonly string[], result: CType, arguments_: readonly CType[]): Call | undefined =>
    names.values().map((name) => library.symbol(name, result, arguments_)).find((call) => call !== undefined);
  const config = first(["openblas_get_config", "openblas_get_config64_"], "str", []);
  if (config !== undefined) {
    const get = first(["openblas_get_num_threads", "openblas_get_num_threads64_"], "int", []);
    const set = first(["openblas_set_num_threads", "openblas_set_num_threads64_"], "void", ["int"]);
    return { name: String(config()).split(" ").slice(0, 2).join(" "), threads: () => get?.() as number | undefined, setThreads: (count) => set?.(count) };
  }
  const mkl = first(["MKL_Get_Max_Threads"], "int", []);
  if (mkl !== undefined) {
    const set = first(["MKL_Set_Num_Threads"], "void", ["int"]);
    return { name: "Intel MKL", threads: () => mkl() as number, setThreads: (count) => set?.(count) };
  }
  const name = library.path.includes("Accelerate.framework") ? "Apple Accelerate" : referenceName;
  return { name, threads: () => undefined, setThreads: () => undefined };
}

/** A library that says nothing of itself: plain loops, slower than this project's own kernels. */
export const referenceName = "reference BLAS";
