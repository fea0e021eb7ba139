/**
 * C += α A B for any strides of A and B, blocked for the caches (Goto and van de Geijn 2008): panels of A and B are packed
 * contiguously, padded with zeros to whole tiles, and multiplied tile by tile with the sums in registers.
 *
 * Exports `f0(descriptor, start, end, packing)`, which computes rows start to end of C, and `mirror(c, rowBytes, n)`, which copies the lower
 * triangle of C to the upper one. The descriptor lies in memory: words as numbered by `field`, and α.
 */
import { assembleModule, type Code, createCode } from "./assembler.ts";
import { emitMinimum, forRange } from "./loop.ts";
import { emitEdge, emitMirror, emitPack } from "./panels.ts";
import { entryBytes, lanesOf, type Target } from "./target.ts";
import { emitTile, tileRows, tileVectors } from "./tile.ts";

/** Word numbers in the descriptor. Strides are in bytes. `lower`: only what is needed for the lower triangle of C. */
export const field = {
  a: 0,
  b: 1,
  c: 2,
  aRow: 3,
  aColumn: 4,
  bRow: 5,
  bColumn: 6,
  cRow: 7,
  columns: 8,
  inner: 9,
  lower: 10,
} as const;

export const alphaByte = 48;
export const descriptorBytes = 64;

/** Panel sizes: of the inner dimension, of rows of A and of columns of B; multiples of the tile. */
const depth = 256;
const height = 64;
const width = 512;

/** Bytes that one thread packs panels into. */
export function packingBytes(precision: Target["precision"]): number {
  const entries = depth * (height + width) + tileRows * tileVectors * lanesOf[precision];
  return entries * entryBytes[precision];
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
  const [a, b, c] = [word("a"), word("b"), word("c")];
  const [aRow, aColumn, bRow, bColumn, cRow] = [
    word("aRow"),
    word("aColumn"),
    word("bRow"),
    word("bColumn"),
    word("cRow"),
  ];
  const [columns, inner, lower] = [word("columns"), word("inner"), word("lower")];
  const [j0, p0, i0, i, j] = [0, 0, 0, 0, 0].map(() => code.local("i32")) as [number, number, number, number, number];
  const [nb, kb, mb, jb, pa, pb, at] = [0, 0, 0, 0, 0, 0, 0].map(() => code.local("i32")) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const get = (local: number) => (): void => code.get(local);
  const zero = (): void => code.i32(0);
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
  const panelA = (): void => {
    code.get(packing);
    code.i32(depth * width * entry);
    code.op("i32_add");
  };
  const edge = (): void => {
    code.get(packing);
    code.i32(depth * (width + height) * entry);
    code.op("i32_add");
  };
  // The lower triangle has no columns to the right of its last row.
  code.get(lower);
  code.when(() => {
    emitMinimum(code, get(columns), get(end));
    code.set(columns);
  });
  const oneTile = (): void => {
    for (const [local, panel, index] of [
      [pa, panelA, i],
      [pb, get(packing), j],
    ] as const) {
      panel();
      code.get(index);
      code.get(kb);
      code.op("i32_mul");
      code.i32(entry);
      code.op("i32_mul");
      code.op("i32_add");
      code.set(local);
    }
    code.get(c);
    plusProduct(() => {
      code.get(i0);
      code.get(i);
      code.op("i32_add");
    }, get(cRow));
    plusProduct(
      () => {
        code.get(j0);
        code.get(j);
        code.op("i32_add");
      },
      () => code.i32(entry),
    );
    code.set(at);
    const isWhole = (extent: number, index: number, side: number): void => {
      code.i32(side);
      difference(extent, index)();
      code.op("i32_le_u");
    };
    isWhole(mb, i, tileRows);
    isWhole(nb, j, tileColumns);
    code.op("i32_and");
    const arguments_ = (): void => {
      for (const local of [pa, pb, kb, at, cRow]) code.get(local);
    };
    code.when(
      () => {
        arguments_();
        code.call(functions.tile);
      },
      () => {
        arguments_();
        emitMinimum(code, difference(mb, i), () => code.i32(tileRows));
        emitMinimum(code, difference(nb, j), () => code.i32(tileColumns));
        edge();
        code.call(functions.edge);
      },
    );
  };
  forRange(code, j0, zero, get(columns), width, () => {
    emitMinimum(code, () => code.i32(width), difference(columns, j0));
    code.set(nb);
    forRange(code, p0, zero, get(inner), depth, () => {
      emitMinimum(code, () => code.i32(depth), difference(inner, p0));
      code.set(kb);
      code.get(packing);
      code.get(b);
      plusProduct(get(p0), get(bRow));
      plusProduct(get(j0), get(bColumn));
      for (const local of [bColumn, bRow, nb, kb]) code.get(local);
      code.number("one", 1);
      code.call(functions.packB);
      forRange(code, i0, get(start), get(end), height, () => {
        emitMinimum(code, () => code.i32(height), difference(end, i0));
        code.set(mb);
        panelA();
        code.get(a);
        plusProduct(get(i0), get(aRow));
        plusProduct(get(p0), get(aColumn));
        for (const local of [aRow, aColumn, mb, kb]) code.get(local);
        code.get(descriptor);
        code.load("one", alphaByte);
        code.call(functions.packA);
        code.get(nb);
        code.set(jb);
        code.get(lower);
        code.when(() => {
          // Columns up to the last row of these, none where the panel begins beyond it.
          code.i32(0);
          emitMinimum(code, get(nb), () => {
            code.get(i0);
            code.get(mb);
            code.op("i32_add");
            code.get(j0);
            code.op("i32_sub");
          });
          code.get(i0);
          code.get(mb);
          code.op("i32_add");
          code.get(j0);
          code.op("i32_lt_u");
          code.op("select");
          code.set(jb);
        });
        forRange(code, j, zero, get(jb), tileColumns, () => forRange(code, i, zero, get(mb), tileRows, oneTile));
      });
    });
  });
  return code;
}
