/**
 * C += α A B for any strides of A and B, blocked for the caches (Goto and van de Geijn 2008): panels of A and B are packed
 * contiguously, padded with zeros to whole tiles, and multiplied tile by tile with the sums in registers.
 *
 * Exports `f0(descriptor, start, end, packing)`, which computes rows start to end of C, and `mirror(c, rowBytes, n)`, which copies the lower
 * triangle of C to the upper one. The descriptor lies in memory: words as numbered by `field`, and α.
 */
import { assembleModule, type Code, createCode } from "./assembler.ts";
import { emitMinimum, emitWhile } from "./loop.ts";
import { emitTile, tileRows, tileVectors } from "./tile.ts";
import { entryBytes, lanesOf, type Target } from "./target.ts";

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
    edge: emitEdge(target, tileColumns),
    packA: emitPack(target, tileRows),
    packB: emitPack(target, tileColumns),
  } satisfies Record<keyof typeof functions, Code>;
  const list = Object.entries(codes).map(([name, code]) => ({ name, code }));
  return assembleModule(target, [], list);
}

/** Runs the body for variable = from, from + step, ... below `to`. */
function forRange(code: Code, variable: number, from: () => void, to: () => void, step: number, body: () => void): void {
  from();
  code.set(variable);
  emitWhile(code, variable, to, step, body);
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
  const [aRow, aColumn, bRow, bColumn, cRow] = [word("aRow"), word("aColumn"), word("bRow"), word("bColumn"), word("cRow")];
  const [columns, inner, lower] = [word("columns"), word("inner"), word("lower")];
  const [j0, p0, i0, i, j] = [0, 0, 0, 0, 0].map(() => code.local("i32")) as [number, number, number, number, number];
  const [nb, kb, mb, jb, pa, pb, at] = [0, 0, 0, 0, 0, 0, 0].map(() => code.local("i32")) as [number, number, number, number, number, number, number];
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
    for (const [local, panel, index] of [[pa, panelA, i], [pb, get(packing), j]] as const) {
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

/** (a, b, k, c, rowBytes, rows, columns, edge): a tile that sticks out of C is computed aside. */
function emitEdge(target: Target, tileColumns: number): Code {
  const code = createCode(target, Array.from({ length: 8 }, () => "i32" as const));
  const entry = entryBytes[target.precision];
  const [a, b, k, c, rowBytes, rows, columns, aside] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
  const [i, j, from, to] = [code.local("i32"), code.local("i32"), code.local("i32"), code.local("i32")];
  code.get(aside);
  code.i32(0);
  code.i32(tileRows * tileColumns * entry);
  code.op("memory_fill");
  for (const local of [a, b, k, aside]) code.get(local);
  code.i32(tileColumns * entry);
  code.call(functions.tile);
  forRange(code, i, () => code.i32(0), () => code.get(rows), 1, () => {
    code.get(aside);
    code.get(i);
    code.i32(tileColumns * entry);
    code.op("i32_mul");
    code.op("i32_add");
    code.set(from);
    code.get(c);
    code.get(i);
    code.get(rowBytes);
    code.op("i32_mul");
    code.op("i32_add");
    code.set(to);
    forRange(code, j, () => code.i32(0), () => code.get(columns), 1, () => {
      code.get(to);
      code.get(to);
      code.load("one");
      code.get(from);
      code.load("one");
      code.real("one", "add");
      code.store("one");
      advance(code, to, () => code.i32(entry));
      advance(code, from, () => code.i32(entry));
    });
  });
  return code;
}

function advance(code: Code, local: number, by: () => void): void {
  code.get(local);
  by();
  code.op("i32_add");
  code.set(local);
}

/**
 * (to, at, line, step, lines, steps, factor): slices of `side` lines, the last padded by zeros; line l of a slice at step p lies at
 * entry side · p + l.
 */
function emitPack(target: Target, side: number): Code {
  const code = createCode(target, ["i32", "i32", "i32", "i32", "i32", "i32", target.precision]);
  const entry = entryBytes[target.precision];
  const lanes = lanesOf[target.precision];
  const [to, at, line, step, lines, steps, factor] = [0, 1, 2, 3, 4, 5, 6] as const;
  const [done, p, rest] = [code.local("i32"), code.local("i32"), code.local("i32")];
  const from = Array.from({ length: side }, () => code.local("i32"));
  const [origin, write] = [from[0] as number, code.local("i32")];
  const factors = code.local("v128");
  const overSteps = (body: () => void): void => forRange(code, p, () => code.i32(0), () => code.get(steps), 1, body);
  const contiguous = (): void =>
    overSteps(() => {
      for (let v = 0; v < side / lanes; v += 1) {
        code.get(to);
        code.get(origin);
        code.load("all", 16 * v);
        code.get(factors);
        code.real("all", "mul");
        code.store("all", 16 * v);
      }
      advance(code, to, () => code.i32(side * entry));
      advance(code, origin, () => code.get(step));
    });
  const scattered = (): void => {
    from.slice(1).forEach((local, l) => {
      code.get(from[l] as number);
      code.get(line);
      code.op("i32_add");
      code.set(local);
    });
    overSteps(() => {
      from.forEach((local, l) => {
        code.get(to);
        code.get(local);
        code.load("one");
        code.get(factor);
        code.real("one", "mul");
        code.store("one", l * entry);
        advance(code, local, () => code.get(step));
      });
      advance(code, to, () => code.i32(side * entry));
    });
  };
  const padded = (): void => {
    const [l, source] = [code.local("i32"), code.local("i32")];
    code.get(to);
    code.i32(0);
    code.get(steps);
    code.i32(side * entry);
    code.op("i32_mul");
    code.op("memory_fill");
    forRange(code, l, () => code.i32(0), () => code.get(rest), 1, () => {
      code.get(to);
      code.get(l);
      code.i32(entry);
      code.op("i32_mul");
      code.op("i32_add");
      code.set(write);
      code.get(origin);
      code.set(source);
      overSteps(() => {
        code.get(write);
        code.get(source);
        code.load("one");
        code.get(factor);
        code.real("one", "mul");
        code.store("one");
        advance(code, write, () => code.i32(side * entry));
        advance(code, source, () => code.get(step));
      });
      advance(code, origin, () => code.get(line));
    });
  };
  code.get(factor);
  code.typed("splat");
  code.set(factors);
  forRange(code, done, () => code.i32(0), () => code.get(lines), side, () => {
    code.get(at);
    code.get(done);
    code.get(line);
    code.op("i32_mul");
    code.op("i32_add");
    code.set(origin);
    code.get(lines);
    code.get(done);
    code.op("i32_sub");
    code.tee(rest);
    code.i32(side);
    code.op("i32_lt_u");
    code.when(padded, () => {
      code.get(line);
      code.i32(entry);
      code.op("i32_eq");
      code.when(contiguous, scattered);
    });
  });
  return code;
}

/** (c, rowBytes, n): C_ij ← C_ji for i < j. */
function emitMirror(target: Target): Code {
  const code = createCode(target, ["i32", "i32", "i32"]);
  const entry = entryBytes[target.precision];
  const [c, rowBytes, n] = [0, 1, 2] as const;
  const [i, j, from, to] = [code.local("i32"), code.local("i32"), code.local("i32"), code.local("i32")];
  const place = (local: number, row: () => void, column: () => void): void => {
    code.get(c);
    row();
    code.get(rowBytes);
    code.op("i32_mul");
    code.op("i32_add");
    column();
    code.i32(entry);
    code.op("i32_mul");
    code.op("i32_add");
    code.set(local);
  };
  forRange(code, i, () => code.i32(1), () => code.get(n), 1, () => {
    place(from, () => code.get(i), () => code.i32(0));
    place(to, () => code.i32(0), () => code.get(i));
    forRange(code, j, () => code.i32(0), () => code.get(i), 1, () => {
      code.get(to);
      code.get(from);
      code.load("one");
      code.store("one");
      advance(code, from, () => code.i32(entry));
      advance(code, to, () => code.get(rowBytes));
    });
  });
  return code;
}
