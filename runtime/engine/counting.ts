/**
 * An engine that counts what its kernels read: how often a kernel ran that reads rows of data, which is one oracle call, whatever values
 * and derivatives it gives of whatever rows, and how many rows that were. Rows that are read by number count as many as there are
 * numbers. What depends on data alone is computed once, at a kernel's first run, and counts then.
 */
import { type Input, type Node, operandsOf, reachable } from "../../compiler/ir/node.ts";
import { evaluateSize, productOfSizes, type SizeBindings } from "../../compiler/ir/size.ts";
import type { Engine, Vector } from "./engine.ts";

/** So far. */
export interface Work {
  calls: number;
  rows: number;
}

export function counting(engine: Engine): { readonly engine: Engine; readonly work: Readonly<Work> } {
  const work: Work = { calls: 0, rows: 0 };
  return {
    work,
    engine: {
      ...engine,
      compile: (program, bound, sizes) => {
        const kernel = engine.compile(program, bound, sizes);
        const [first, later] = rowsRead(program.outputs, bound, sizes);
        let rows = first;
        return {
          ...kernel,
          run: (arguments_, outputs) => {
            kernel.run(arguments_, outputs);
            if (rows > 0) work.calls += 1;
            work.rows += rows;
            rows = later;
          },
        };
      },
    },
  };
}

/** By the first run, and by each one after it. */
function rowsRead(
  outputs: readonly Node[],
  bound: ReadonlyMap<Input, Vector>,
  sizes: SizeBindings,
): readonly [first: number, later: number] {
  const nodes = reachable(outputs);
  const tables = new Map(
    nodes.flatMap((node): readonly (readonly [string, number])[] => {
      const rows = node.kind === "input" && node.role === "data" ? node.shape[0] : undefined;
      return rows === undefined || !sizes.has(rows.key) ? [] : [[rows.key, evaluateSize(rows, sizes) ?? 0]];
    }),
  );
  const constant = new Set<Node>();
  const numbered = new Set<string>();
  const reads = new Map<string, number>();
  for (const node of nodes) {
    const operands = operandsOf(node);
    if (node.kind === "input" ? bound.has(node) : operands.every((operand) => constant.has(operand))) {
      constant.add(node);
      continue;
    }
    const gathered =
      node.kind === "gather" && constant.has(node.operand) ? node.operand.shape[node.axis]?.key : undefined;
    if (node.kind === "gather" && gathered !== undefined && tables.has(gathered)) {
      numbered.add(gathered);
      reads.set(`${gathered} ${node.index.id}`, evaluateSize(productOfSizes(node.index.shape), sizes) ?? 0);
      continue;
    }
    for (const { key } of operands.filter((operand) => constant.has(operand)).flatMap(({ shape }) => shape)) {
      const rows = tables.get(key);
      if (rows !== undefined) reads.set(key, rows);
    }
  }
  const later = [...reads.values()].reduce((a, b) => a + b, 0);
  const once = [...tables].filter(([key]) => !reads.has(key) && !numbered.has(key));
  return [once.reduce((sum, [, rows]) => sum + rows, later), later];
}
