/**
 * Minibatches: the same expressions over a few rows of each table. Sizes are symbolic, so a kernel over a batch is the kernel with
 * another number for the rows; its columns are vectors of their own that each draw fills. A mean stays a mean, of the batch.
 */
import { type Input, type Node, reachable } from "../compiler/ir/node.ts";
import { namesIn } from "../compiler/ir/size.ts";
import { addSlot, type Binding, sizeNumber } from "./bind.ts";
import type { Vector } from "./engine/engine.ts";
import type { Ledger } from "./ledger.ts";
import type { Random } from "./random.ts";

export interface Sample {
  /** Reads the batch in place of the tables, and everything else where it stands. */
  readonly binding: Binding;
  /** Puts the next rows in place: each table in its own random order, all rows before any comes again. */
  readonly draw: () => void;
  readonly keep: (ledger: Ledger) => void;
}

interface SampledColumn {
  readonly values: Float64Array;
  readonly rowLength: number;
  readonly slot: Vector;
}

interface SampledTable {
  readonly rows: number;
  readonly columns: readonly SampledColumn[];
}

/**
 * `undefined` where the expressions cannot be sampled by rows: an unknown or a parameter has an axis as long as the table, an array
 * a second one, or the rows have no name.
 */
export function sampleRows(
  binding: Binding,
  nodes: readonly Node[],
  batch: number,
  random: Random,
): Sample | undefined {
  const { engine, constants, slots } = binding;
  const inputs = reachable(nodes).filter((node): node is Input => node.kind === "input");
  const byRows = Map.groupBy(
    inputs.filter((input) => input.role === "data" && constants.has(input)),
    (input) => input.shape[0]?.key ?? "",
  );
  const tooLong = [...byRows].filter(([, [input]]) => {
    const rows = input?.shape[0];
    return rows !== undefined && sizeNumber(rows, binding.sizes) > batch;
  });
  if (tooLong.some(([key]) => !binding.sizes.has(key))) return undefined;
  const names = new Set(tooLong.map(([key]) => key));
  const others = inputs.flatMap((input) => (input.role === "data" ? input.shape.slice(1) : input.shape));
  if (others.some((size) => [...namesIn(size)].some((name) => names.has(name)))) return undefined;

  const sampled: Binding = {
    ...binding,
    sizes: new Map([...binding.sizes, ...[...names].map((name) => [name, batch] as const)]),
    constants: new Map(
      [...constants].filter(([input]) => !names.has(input.shape[0]?.key ?? "") || input.role !== "data"),
    ),
    slots: new Map(slots),
  };
  const tables = tooLong.map(([key, columns]): SampledTable => {
    const rows = binding.sizes.get(key) as number;
    return {
      rows,
      columns: columns.map((column) => {
        const values = engine.read(constants.get(column) as Vector);
        return { values, rowLength: values.length / rows, slot: addSlot(sampled, column) };
      }),
    };
  });
  const draws = tables.map((table) => drawFrom(table, batch, random, (slot, values) => engine.write(slot, values)));
  return {
    binding: sampled,
    draw: () => {
      for (const { draw } of draws) draw();
    },
    keep: (ledger) => {
      ledger.keep("random", random.state, random.restore);
      for (const [k, { keep }] of draws.entries()) keep(ledger.part(`table ${k}`));
    },
  };
}

function drawFrom(
  { rows, columns }: SampledTable,
  batch: number,
  random: Random,
  write: (slot: Vector, values: Float64Array) => void,
): Pick<Sample, "draw" | "keep"> {
  const buffers = columns.map(({ rowLength }) => new Float64Array(batch * rowLength));
  let order = random.permutation(rows);
  let next = 0;
  const draw = (): void => {
    const taken = Array.from({ length: batch }, () => {
      if (next === rows) {
        order = random.permutation(rows);
        next = 0;
      }
      next += 1;
      return order[next - 1] as number;
    });
    columns.forEach(({ values, rowLength, slot }, k) => {
      const buffer = buffers[k] as Float64Array;
      taken.forEach((row, i) => {
        buffer.set(values.subarray(row * rowLength, (row + 1) * rowLength), i * rowLength);
      });
      write(slot, buffer);
    });
  };
  const keep = (ledger: Ledger): void =>
    ledger.keep(
      "order",
      () => ({ order, next }),
      (written) => {
        ({ order, next } = written);
      },
    );
  return { draw, keep };
}
