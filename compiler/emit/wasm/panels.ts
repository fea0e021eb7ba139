/** What surrounds the tiles of a matrix product: packed panels, tiles at the edges, and the other half of a symmetric result. */
import { type Code, createCode } from "./assembler.ts";
import { forRange } from "./loop.ts";
import { entryBytes, lanesOf, type Target } from "./target.ts";
import { tileRows } from "./tile.ts";

/** (a, b, k, c, rowBytes, rows, columns, edge): a tile that sticks out of C is computed aside, by the function `tile`. */
export function emitEdge(target: Target, tileColumns: number, tile: number): Code {
  const code = createCode(
    target,
    Array.from({ length: 8 }, () => "i32" as const),
  );
  const entry = entryBytes[target.precision];
  const [a, b, k, c, rowBytes, rows, columns, aside] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
  const [i, j, from, to] = [code.local("i32"), code.local("i32"), code.local("i32"), code.local("i32")];
  code.get(aside);
  code.i32(0);
  code.i32(tileRows * tileColumns * entry);
  code.op("memory_fill");
  for (const local of [a, b, k, aside]) code.get(local);
  code.i32(tileColumns * entry);
  code.call(tile);
  forRange(
    code,
    i,
    () => code.i32(0),
    () => code.get(rows),
    1,
    () => {
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
      forRange(
        code,
        j,
        () => code.i32(0),
        () => code.get(columns),
        1,
        () => {
          code.get(to);
          code.get(to);
          code.load("one");
          code.get(from);
          code.load("one");
          code.real("one", "add");
          code.store("one");
          advance(code, to, () => code.i32(entry));
          advance(code, from, () => code.i32(entry));
        },
      );
    },
  );
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
export function emitPack(target: Target, side: number): Code {
  const code = createCode(target, ["i32", "i32", "i32", "i32", "i32", "i32", target.precision]);
  const entry = entryBytes[target.precision];
  const lanes = lanesOf[target.precision];
  const [to, at, line, step, lines, steps, factor] = [0, 1, 2, 3, 4, 5, 6] as const;
  const [done, p, rest] = [code.local("i32"), code.local("i32"), code.local("i32")];
  const from = Array.from({ length: side }, () => code.local("i32"));
  const [origin, write] = [from[0] as number, code.local("i32")];
  const factors = code.local("v128");
  const overSteps = (body: () => void): void =>
    forRange(
      code,
      p,
      () => code.i32(0),
      () => code.get(steps),
      1,
      body,
    );
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
    forRange(
      code,
      l,
      () => code.i32(0),
      () => code.get(rest),
      1,
      () => {
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
      },
    );
  };
  code.get(factor);
  code.typed("splat");
  code.set(factors);
  forRange(
    code,
    done,
    () => code.i32(0),
    () => code.get(lines),
    side,
    () => {
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
    },
  );
  return code;
}

/** (c, rowBytes, n): C_ij ← C_ji for i < j. */
export function emitMirror(target: Target): Code {
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
  forRange(
    code,
    i,
    () => code.i32(1),
    () => code.get(n),
    1,
    () => {
      place(
        from,
        () => code.get(i),
        () => code.i32(0),
      );
      place(
        to,
        () => code.i32(0),
        () => code.get(i),
      );
      forRange(
        code,
        j,
        () => code.i32(0),
        () => code.get(i),
        1,
        () => {
          code.get(to);
          code.get(from);
          code.load("one");
          code.store("one");
          advance(code, from, () => code.i32(entry));
          advance(code, to, () => code.get(rowBytes));
        },
      );
    },
  );
  return code;
}
