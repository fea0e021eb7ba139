/**
 * C += α A B for any strides of A and B, blocked for the caches (Goto and van de Geijn 2008): panels of A and B are packed
 * contiguously, padded with zeros to whole tiles, and multiplied tile by tile with the sums in registers.
 *
 * Exports `packB(to, at, line, step, lines, steps, factor)`, which packs a panel of B; `f0(descriptor, start, end, packing)`, which adds
 * rows start to end of A times that panel to C; and `mirror(c, rowBytes, n)`, which copies the lower triangle of C to the upper one.
 * The descriptor lies in memory: words as numbered by `field`, and α.
 */
import { assembleModule, type Code, createCode } from "./assembler.ts";
import { emitMinimum, forRange } from "./loop.ts";
import { emitEdge, emitMirror, emitPack } from "./panels.ts";
import { entryBytes, lanesOf, type Target } from "./target.ts";
import { emitTile, tileRows, tileVectors } from "./tile.ts";

/**
 * Word numbers in the descriptor. Strides are in bytes; `a` and `c` are where the panel's part of them begins. With `lower`, only what
 * the lower triangle of C needs is computed, the panel's first column being C's column `firstColumn`.
 */
export const field = {
  a: 0,
  panel: 1,
  c: 2,
  aRow: 3,
  aColumn: 4,
  cRow: 5,
  columns: 6,
  inner: 7,
  lower: 8,
  firstColumn: 9,
} as const;

export const alphaByte = 48;
export const descriptorBytes = 64;

/** Panel sizes: of the inner dimension, of rows of A and of columns of B; multiples of the tile. */
export const depth = 256;
const height = 64;
export const width = 512;

/** Bytes of a packed panel of B, and of what a thread packs for itself. */
export function panelBytes(precision: Target["precision"]): { readonly shared: number; readonly own: number } {
  const entry = entryBytes[precision];
  const edge = tileRows * tileVectors * lanesOf[precision];
  return { shared: depth * width * entry, own: (depth * height + edge) * entry };
}

/** Function indices within the module. */
const functions = { f0: 0, mirror: 1, tile: 2, edge: 3, packA: 4, packB: 5 } as const;

export function emitProductModule(target: Target): Uint8Array<ArrayBuffer> {
  const tileColumns = tileVectors * lanesOf[target.precision];
  const codes = {
    f0: emitProduct(target, tileColumns),
    mirror: emitMirror(target),
    tile: emitTile(target),
    edge: emitEdge(target, tileColumns, functions.tile),
    packA: emitPack(target, tileRows),
    packB: emitPack(target, tileColumns),
  } satisfies Record<keyof typeof functions, Code>;
  const list = Object.entries(codes).map(([name, code]) => ({ name, code }));
  return assembleModule(target, [], list);
}

function emitProduct(target: Target, tileColumns: number): Code {
  const code = createCode(target, ["i32", "i32", "i32", "i32"]);
  const entry = entryBytes[target.precision];
  const [descriptor, start, end, packing] = [0, 1, 2, 3] as const;
  const word = (name: keyof typeof field): number => {
    const local = code.local("i32");
    code.get(descriptor);
    code.load("i32", 4 * field[name]);
    code.set(local);
    return local;
  };
  const [a, panel, c] = [word("a"), word("panel"), word("c")];
  const [aRow, aColumn, cRow] = [word("aRow"), word("aColumn"), word("cRow")];
  const [columns, inner, lower, firstColumn] = [word("columns"), word("inner"), word("lower"), word("firstColumn")];
  const local = (): number => code.local("i32");
  const [i0, i, j, rows, wanted, pa, pb, at] = [local(), local(), local(), local(), local(), local(), local(), local()];
  const get = (index: number) => (): void => code.get(index);
  const zero = (): void => code.i32(0);
  const sum = (x: number, y: number) => (): void => {
    code.get(x);
    code.get(y);
    code.op("i32_add");
  };
  const difference = (x: number, y: number) => (): void => {
    code.get(x);
    code.get(y);
    code.op("i32_sub");
  };
  /** Adds x y to the number on the stack. */
  const plusProduct = (x: () => void, y: () => void): void => {
    x();
    y();
    code.op("i32_mul");
    code.op("i32_add");
  };
  const edge = (): void => {
    code.get(packing);
    code.i32(depth * height * entry);
    code.op("i32_add");
  };
  const oneTile = (): void => {
    for (const [address, from, index] of [[pa, packing, i] as const, [pb, panel, j] as const]) {
      code.get(from);
      plusProduct(get(index), () => {
        code.get(inner);
        code.i32(entry);
        code.op("i32_mul");
      });
      code.set(address);
    }
    code.get(c);
    plusProduct(sum(i0, i), get(cRow));
    plusProduct(get(j), () => code.i32(entry));
    code.set(at);
    const isWhole = (extent: number, index: number, side: number): void => {
      code.i32(side);
      difference(extent, index)();
      code.op("i32_le_u");
    };
    const arguments_ = (): void => {
      for (const index of [pa, pb, inner, at, cRow]) code.get(index);
    };
    isWhole(rows, i, tileRows);
    isWhole(columns, j, tileColumns);
    code.op("i32_and");
    code.when(
      () => {
        arguments_();
        code.call(functions.tile);
      },
      () => {
        arguments_();
        emitMinimum(code, difference(rows, i), () => code.i32(tileRows));
        emitMinimum(code, difference(columns, j), () => code.i32(tileColumns));
        edge();
        code.call(functions.edge);
      },
    );
  };
  forRange(code, i0, get(start), get(end), height, () => {
    emitMinimum(code, () => code.i32(height), difference(end, i0));
    code.set(rows);
    code.get(columns);
    code.set(wanted);
    code.get(lower);
    code.when(() => {
      // Columns up to the last of these rows, none where the panel begins beyond it.
      zero();
      emitMinimum(code, get(columns), () => {
        sum(i0, rows)();
        code.get(firstColumn);
        code.op("i32_sub");
      });
      sum(i0, rows)();
      code.get(firstColumn);
      code.op("i32_lt_u");
      code.op("select");
      code.set(wanted);
    });
    code.get(wanted);
    code.when(() => {
      code.get(packing);
      code.get(a);
      plusProduct(get(i0), get(aRow));
      for (const index of [aRow, aColumn, rows, inner]) code.get(index);
      code.get(descriptor);
      code.load("one", alphaByte);
      code.call(functions.packA);
      forRange(code, j, zero, get(wanted), tileColumns, () => forRange(code, i, zero, get(rows), tileRows, oneTile));
    });
  });
  return code;
}
