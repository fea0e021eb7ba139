/** The product of two n × n matrices. */
import { createGraph, einsum, input } from "../../compiler/ir/graph.ts";
import { sizeOf } from "../../compiler/ir/size.ts";
import { systemBlas } from "../../runtime/engine/blas/find.ts";
import { createWasmEngine } from "../../runtime/engine/wasm/engine.ts";
import { defaultThreads, spawnWorker } from "../../runtime/engine/wasm/worker-threads.ts";
import { normal } from "../data.ts";
import type { Task } from "../task.ts";

const pair = (n: number) => ({ A: normal(1, n, n), B: normal(2, n, n) });

export const product: Task = {
  name: "product",
  tables: ({ n = 0 }) => ({ pair: pair(n) }),
  multiplyAdds: ({ n = 0 }) => n ** 3,
  ours: {
    // A program would have the constant product computed once, so the engine is asked directly.
    engine: async (_, { n = 0 }) => {
      const engine = await createWasmEngine({ blas: systemBlas, spawn: spawnWorker, threads: defaultThreads() });
      const g = createGraph();
      const inputs = ["A", "B"].map((name) => input(g, name, "data", [sizeOf(n), sizeOf(n)]));
      const output = einsum(
        g,
        inputs,
        [
          [0, 1],
          [1, 2],
        ],
        [0, 2],
      );
      const kernel = engine.compile({ name: "product", arguments: inputs, outputs: [output] }, new Map(), new Map());
      const vectors = Object.values(pair(n)).map(({ values }) => {
        const vector = engine.allocate(values.length);
        engine.write(vector, values);
        return vector;
      });
      const C = engine.allocate(n * n);
      return {
        run: () => {
          kernel.run(vectors, [C]);
          const row = [...engine.read(engine.view(C, 0, n))];
          return { value: row[0] as number, result: row };
        },
      };
    },
  },
};
