/** Programs whose arrays would be too large, in blocks of rows (compiler/emit/blocks.ts). */
import { inStages, type Stage } from "../compiler/emit/blocks.ts";
import { input } from "../compiler/ir/graph.ts";
import { type Node, reachable } from "../compiler/ir/node.ts";
import { sizeOf } from "../compiler/ir/size.ts";
import { addSlot, type Binding, lengthOf, sizeNumber } from "./bind.ts";
import type { Vector } from "./engine/engine.ts";

/** Compiles outputs over the slots' present vectors. */
export type Compile = (
  name: string,
  outputs: readonly Node[],
) => { readonly run: (into: readonly Vector[]) => void; readonly release: () => void };

/** Entries of all large arrays in one block: enough for a library's products. */
const blockEntries = 2 ** 24;
/** The part of the largest array that may be held which one that lasts for a kernel's run may take: a run may need several. */
const lasting = 0.5;

export interface Staged {
  /** The outputs, in terms of what `prepare` writes. */
  readonly outputs: readonly Node[];
  readonly prepare: () => void;
  readonly release: () => void;
}

/** Absent where nothing is too large. */
export function staged(binding: Binding, name: string, outputs: readonly Node[], compile: Compile): Staged | undefined {
  const { arrays, sizes } = binding;
  if (arrays === undefined) return undefined;
  const isLarge = (node: Node): boolean =>
    node.kind !== "input" && lengthOf(node.shape, sizes) > lasting * arrays.largest;
  if (!reachable(outputs).some(isLarge)) return undefined;
  // The same outputs have the same stages, and may share their slots.
  const own = `${name} of ${outputs.map(({ id }) => id).join(" ")}`;
  const { stages, outputs: left } = inStages(arrays.graph, own, outputs, isLarge);
  const entries = Math.min(blockEntries, arrays.largest);
  const made = stages.map((stage) => blocksOf(binding, arrays.graph, stage, entries, compile));
  return {
    outputs: left,
    prepare: () => {
      for (const { run } of made) run();
    },
    release: () => {
      for (const { release } of made) release();
    },
  };
}

type Graph = NonNullable<Binding["arrays"]>["graph"];

function blocksOf(binding: Binding, g: Graph, stage: Stage, entries: number, compile: Compile) {
  const { engine, sizes, slots } = binding;
  const { result, reads, large, into } = stage;
  const place = (own: Stage["result"]): Vector => slots.get(own) ?? addSlot(binding, own);
  const operands = compile(`${result.name}, operands`, [...reads.keys()]);
  const operandSlots = [...reads.values()].map(place);
  const total = place(result);
  const rows = sizeNumber(stage.rows, sizes);
  const perRow = large.reduce((sum, { shape }) => sum + lengthOf(shape, sizes), 0) / rows;
  const most = Math.min(rows, Math.max(1, Math.floor(entries / perRow)));
  const kernels = [...new Set([most, rows % most])].filter((count) => count > 0);
  const byCount = new Map(
    kernels.map((count) => {
      const index = input(g, `${result.name}, ${count} rows`, "step", [sizeOf(count)]);
      const numbers = place(index);
      const part = into === "sum" ? engine.allocate(total.length) : undefined;
      return [count, { numbers, part, ...compile(`${result.name}, block`, [stage.block(index)]) }] as const;
    }),
  );
  const run = (): void => {
    operands.run(operandSlots);
    if (into === "sum") engine.fill(total, 0);
    for (let from = 0; from < rows; from += most) {
      const count = Math.min(most, rows - from);
      const block = byCount.get(count);
      if (block === undefined) throw new Error("no block has so many rows");
      engine.write(
        block.numbers,
        Float64Array.from({ length: count }, (_, i) => from + i),
      );
      const stride = total.length / rows;
      block.run([block.part ?? engine.view(total, from * stride, count * stride)]);
      if (block.part !== undefined) engine.axpy(1, block.part, total);
    }
  };
  const release = (): void => {
    operands.release();
    for (const block of byCount.values()) {
      block.release();
      if (block.part !== undefined) engine.release(block.part);
    }
  };
  return { run, release };
}
