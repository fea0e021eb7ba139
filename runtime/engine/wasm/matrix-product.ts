/**
 * C += α A B for any strides of A and B, blocked for the caches (Goto and van de Geijn 2008): panels of A and B are packed
 * contiguously, padded with zeros to whole tiles, and multiplied tile by tile in WebAssembly.
 */
import { emitTile, tileSide } from "../../../compiler/emit/wasm/tile.ts";
import type { Memory } from "./memory.ts";

/** A matrix within memory: the address of its first entry and the distances of rows and columns, all in entries. */
export interface Matrix {
  readonly at: number;
  readonly row: number;
  readonly column: number;
}

/** C must have contiguous rows (`column` 1). */
export type MultiplyInto = (alpha: number, a: Matrix, b: Matrix, c: Matrix, m: number, n: number, k: number) => void;

type Tile = (a: number, b: number, k: number, c: number, rowBytes: number) => void;

/** Panel sizes: of k, of rows of A and of columns of B; multiples of the tile. */
const depth = 256;
const height = 64;
const width = 512;

export function createMatrixProduct(memory: Memory): MultiplyInto {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(emitTile()), { host: { memory: memory.handle } });
  const tile = exports.tile as Tile;
  const packedA = memory.allocate(8 * depth * height) / 8;
  const packedB = memory.allocate(8 * depth * width) / 8;
  const edge = memory.allocate(8 * tileSide * tileSide) / 8;

  /** Slices of four lines (the side of a tile), the last padded by zeros; line l of a slice at step p lies at 4 p + l. */
  const pack = (
    to: number,
    at: number,
    line: number,
    step: number,
    lines: number,
    steps: number,
    factor: number,
  ): void => {
    const reals = memory.reals();
    let write = to;
    for (let first = 0; first < lines; first += tileSide) {
      let from = at + first * line;
      if (first + tileSide <= lines) {
        for (let p = 0; p < steps; p += 1) {
          reals[write] = factor * (reals[from] as number);
          reals[write + 1] = factor * (reals[from + line] as number);
          reals[write + 2] = factor * (reals[from + 2 * line] as number);
          reals[write + 3] = factor * (reals[from + 3 * line] as number);
          write += tileSide;
          from += step;
        }
        continue;
      }
      for (let p = 0; p < steps; p += 1) {
        for (let l = 0; l < tileSide; l += 1)
          reals[write + l] = first + l < lines ? factor * (reals[from + l * line] as number) : 0;
        write += tileSide;
        from += step;
      }
    }
  };

  /** A tile that sticks out of C is computed aside. */
  const edgeTile = (a: number, b: number, k: number, c: number, row: number, rows: number, columns: number): void => {
    const reals = memory.reals();
    reals.fill(0, edge, edge + tileSide * tileSide);
    tile(8 * a, 8 * b, k, 8 * edge, 8 * tileSide);
    for (let i = 0; i < rows; i += 1) {
      for (let j = 0; j < columns; j += 1) {
        reals[c + i * row + j] = (reals[c + i * row + j] as number) + (reals[edge + i * tileSide + j] as number);
      }
    }
  };

  return (alpha, a, b, c, m, n, k) => {
    for (let j0 = 0; j0 < n; j0 += width) {
      const nb = Math.min(width, n - j0);
      for (let p0 = 0; p0 < k; p0 += depth) {
        const kb = Math.min(depth, k - p0);
        pack(packedB, b.at + p0 * b.row + j0 * b.column, b.column, b.row, nb, kb, 1);
        for (let i0 = 0; i0 < m; i0 += height) {
          const mb = Math.min(height, m - i0);
          pack(packedA, a.at + i0 * a.row + p0 * a.column, a.row, a.column, mb, kb, alpha);
          for (let j = 0; j < nb; j += tileSide) {
            for (let i = 0; i < mb; i += tileSide) {
              const rows = Math.min(tileSide, mb - i);
              const columns = Math.min(tileSide, nb - j);
              const pa = packedA + i * kb;
              const pb = packedB + j * kb;
              const at = c.at + (i0 + i) * c.row + j0 + j;
              if (rows === tileSide && columns === tileSide) tile(8 * pa, 8 * pb, kb, 8 * at, 8 * c.row);
              else edgeTile(pa, pb, kb, at, c.row, rows, columns);
            }
          }
        }
      }
    }
  };
}
