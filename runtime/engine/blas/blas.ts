/**
 * BLAS and LAPACK on row-major matrices in the engine's memory, without copying: a row-major matrix is the transpose of a
 * column-major one, so C = A B is asked for as Cᵀ = Bᵀ Aᵀ, and a lower factor L as the upper factor Lᵀ.
 *
 * The Fortran interface is the one that every library has. Its arguments are pointers. Integers are passed as 64-bit cells,
 * of which a library with 32-bit integers reads the low half: all such machines are little-endian.
 */
import type { Matrix } from "../wasm/matrix-product.ts";
import type { Reals } from "../wasm/memory.ts";
import type { Call, CType, Library } from "./library.ts";

export type Precision = "f64" | "f32";

/** Offsets and distances are in entries of `reals`. A size of 0 is the caller's to avoid. */
export interface Blas {
  /** As the library calls itself: `OpenBLAS 0.3.21`. */
  readonly name: string;
  readonly path: string;
  /** How many threads it uses unless told otherwise, where it says. */
  readonly threads: number | undefined;
  /** Holds for all later calls; does nothing where the library has no such setting. */
  readonly setThreads: (count: number) => void;
  /** C += α A B; the rows of C are contiguous. False, and nothing done, where A or B has no unit stride. */
  readonly multiply: (
    reals: Reals,
    alpha: number,
    a: Matrix,
    b: Matrix,
    c: Matrix,
    m: number,
    n: number,
    k: number,
  ) => boolean;
  /** The lower triangle of C, n × n, += A Aᵀ; A is n × k. False, and nothing done, where A has no unit stride. */
  readonly gram: (reals: Reals, a: Matrix, c: Matrix, n: number, k: number) => boolean;
  /** L Lᵀ = A in the lower triangle. The number of the row, from 1, where it failed, or 0. */
  readonly cholesky: (reals: Reals, at: number, n: number) => number;
  /** P A = L U of the column-major matrix. Row i was exchanged with row pivots[i], counted from 0. */
  readonly luByColumns: (reals: Reals, at: number, n: number, pivots: Reals, pivotsAt: number) => void;
  /** X ← T⁻¹ X for contiguous X, n × columns; T has a unit stride. */
  readonly solveTriangular: (
    reals: Reals,
    t: Matrix,
    n: number,
    lower: boolean,
    unit: boolean,
    x: number,
    columns: number,
  ) => void;
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
    const types: readonly CType[] = [
      ...Array<CType>(pointers).fill("void *"),
      ...Array<CType>(characters).fill("size_t"),
    ];
    const spelled = spellings.map((spell) => spell(`${prefix}${routine}`));
    const call = firstOf(library, spelled, "void", types);
    if (call === undefined) return undefined;
    const lengths = Array<number>(characters).fill(1);
    bound[routine] = (...arguments_) => call(...arguments_, ...lengths);
  }
  return createBlas(library, bound as Record<Routine, Call>, precision);
}

function createBlas(library: Library, call: Readonly<Record<Routine, Call>>, precision: Precision): Blas {
  const real = (value: number): Reals => (precision === "f64" ? Float64Array.of(value) : Float32Array.of(value));
  const [one, factor] = [real(1), real(0)];
  const int = createIntegers();
  const info = new Int32Array(2);

  return {
    ...identify(library),
    path: library.path,
    multiply: (reals, alpha, a, b, c, m, n, k) => {
      const [first, second] = [layoutOf(b, k, n), layoutOf(a, m, k)];
      if (first === undefined || second === undefined) return false;
      factor[0] = alpha;
      call.gemm(
        ...[first.trans, second.trans, int(0, n), int(1, m), int(2, k), factor],
        ...[reals.subarray(b.at), int(3, first.stride), reals.subarray(a.at), int(4, second.stride)],
        ...[one, reals.subarray(c.at), int(5, c.row)],
      );
      return true;
    },
    gram: (reals, a, c, n, k) => {
      const layout = layoutOf(a, n, k);
      if (layout === undefined) return false;
      // With contiguous rows the library sees Aᵀ, and is asked for (Aᵀ)ᵀ Aᵀ.
      const trans = layout.trans === letters.N ? letters.T : letters.N;
      call.syrk(
        ...[letters.U, trans, int(0, n), int(1, k), one, reals.subarray(a.at), int(2, layout.stride)],
        ...[one, reals.subarray(c.at), int(3, c.row)],
      );
      return true;
    },
    cholesky: (reals, at, n) => {
      info.fill(0);
      call.potrf(letters.U, int(0, n), reals.subarray(at), int(1, n), info);
      return info[0] as number;
    },
    luByColumns: (reals, at, n, pivots, pivotsAt) => {
      // Room for 64-bit integers, whose high halves are 0; 32-bit ones fill the first half, each at least 1.
      const exchanged = new Int32Array(2 * n);
      call.getrf(int(0, n), int(1, n), reals.subarray(at), int(2, n), exchanged, info);
      const width = n > 1 && exchanged[1] === 0 ? 2 : 1;
      for (let i = 0; i < n; i += 1) pivots[pivotsAt + i] = (exchanged[width * i] as number) - 1;
    },
    solveTriangular: (reals, t, n, lower, unit, x, columns) => {
      const contiguous = t.column === 1;
      const stored = contiguous === lower ? letters.U : letters.L;
      const diagonal = unit ? letters.U : letters.N;
      const triangle = [reals.subarray(t.at), int(1, contiguous ? t.row : t.column), reals.subarray(x)];
      if (columns === 1) {
        call.trsv(stored, contiguous ? letters.T : letters.N, diagonal, int(0, n), ...triangle, int(2, 1));
        return;
      }
      // X ← T⁻¹ X as Xᵀ ← Xᵀ T⁻ᵀ.
      const trans = contiguous ? letters.N : letters.T;
      call.trsm(letters.R, stored, trans, diagonal, int(2, columns), int(0, n), one, ...triangle, int(3, columns));
    },
  };
}

const letters = Object.fromEntries(
  [..."NTULR"].map((letter) => [letter, Uint8Array.of(letter.charCodeAt(0))]),
) as Readonly<Record<"N" | "T" | "U" | "L" | "R", Uint8Array>>;

/** Integer arguments by reference, a cell for each place that one call needs. */
function createIntegers(): (place: number, value: number) => BigInt64Array {
  const cells = Array.from({ length: 6 }, () => new BigInt64Array(1));
  const words = cells.map((cell) => new Int32Array(cell.buffer));
  return (place, value) => {
    (words[place] as Int32Array)[0] = value;
    return cells[place] as BigInt64Array;
  };
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

/** A library that says nothing of itself: plain loops, slower than this project's own kernels. */
export const referenceName = "reference BLAS";

/** What a library says of itself, by functions that only it has. */
function identify(library: Library): Pick<Blas, "name" | "threads" | "setThreads"> {
  const openblas = (name: string, result: CType, arguments_: readonly CType[] = []): Call | undefined =>
    firstOf(library, [`openblas_${name}`, `openblas_${name}64_`], result, arguments_);
  const config = openblas("get_config", "str");
  if (config !== undefined) {
    const name = String(config()).split(" ").slice(0, 2).join(" ");
    return { name, ...threading(openblas("get_num_threads", "int"), openblas("set_num_threads", "void", ["int"])) };
  }
  const mklThreads = library.symbol("MKL_Get_Max_Threads", "int", []);
  if (mklThreads !== undefined) {
    return { name: "Intel MKL", ...threading(mklThreads, library.symbol("MKL_Set_Num_Threads", "void", ["int"])) };
  }
  const blis = library.symbol("bli_info_get_version_str", "str", []);
  if (blis !== undefined) return { name: `BLIS ${blis()}`, ...threading(undefined, undefined) };
  const name = library.path.includes("Accelerate.framework") ? "Apple Accelerate" : referenceName;
  return { name, ...threading(undefined, undefined) };
}

function threading(get: Call | undefined, set: Call | undefined): Pick<Blas, "threads" | "setThreads"> {
  const threads = get?.() as number | undefined;
  let present = threads;
  const setThreads = (count: number): void => {
    if (count !== present) set?.(count);
    present = count;
  };
  return { threads, setThreads };
}

/** The first of these functions that the library has. */
function firstOf(
  library: Library,
  names: readonly string[],
  result: CType,
  arguments_: readonly CType[],
): Call | undefined {
  for (const name of names) {
    const call = library.symbol(name, result, arguments_);
    if (call !== undefined) return call;
  }
  return undefined;
}
