/** What TensorFlow.js has no operation for, done by the default engine in double precision. Emitted programs call these. */
import { dimensions } from "../../../compiler/emit/specialise.ts";
import * as build from "../../../compiler/ir/graph.ts";
import type { Node } from "../../../compiler/ir/node.ts";
import { sizeOf } from "../../../compiler/ir/size.ts";
import type { Engine, Kernel, Vector } from "../engine.ts";

/** Row-major. */
export type HostTensor = readonly [values: Float32Array, shape: readonly number[]];

/** The nodes of these names (compiler/ir/node.ts) on the numbers of their operands. */
export interface HostAlgebra {
  solve(matrix: HostTensor, rhs: HostTensor): Float32Array;
  logdet(matrix: HostTensor): Float32Array;
  cholesky(matrix: HostTensor): Float32Array;
}

interface Ready {
  readonly kernel: Kernel;
  readonly operands: readonly Vector[];
  readonly result: Vector;
}

/** One kernel is kept for each operation and shape. */
export function hostAlgebra(engine: Engine): HostAlgebra {
  const known = new Map<string, Ready>();
  const prepare = (operation: (...operands: Node[]) => Node, shapes: readonly (readonly number[])[]): Ready => {
    const inputs = shapes.map((shape, k) => build.input(g, `x${k} ${shape}`, "step", shape.map(sizeOf)));
    const output = operation(...inputs);
    const kernel = engine.compile({ name: output.kind, arguments: inputs, outputs: [output] }, new Map(), new Map());
    return { kernel, operands: inputs.map(room), result: room(output) };
  };
  const g = build.createGraph();
  const room = (node: Node): Vector => engine.allocate(dimensions(node).reduce((length, size) => length * size, 1));
  const onNumbers =
    (operation: (...operands: Node[]) => Node) =>
    (...given: readonly HostTensor[]): Float32Array => {
      const shapes = given.map(([, shape]) => shape);
      const key = `${operation.name} ${JSON.stringify(shapes)}`;
      const { kernel, operands, result } = known.get(key) ?? prepare(operation, shapes);
      known.set(key, { kernel, operands, result });
      given.forEach(([values], k) => engine.write(operands[k] as Vector, values));
      kernel.run(operands, [result]);
      return Float32Array.from(engine.read(result));
    };
  const solve = (matrix: Node, rhs: Node): Node => build.solve(g, matrix, rhs);
  const logdet = (matrix: Node): Node => build.logdet(g, matrix);
  const cholesky = (matrix: Node): Node => build.cholesky(g, matrix);
  return { solve: onNumbers(solve), logdet: onNumbers(logdet), cholesky: onNumbers(cholesky) };
}
