/** A function that was solved for, at new points: its declaration and the numbers found for it, as one expression. */
import type { Model, Term } from "../check/model.ts";
import { arrayType, type MapType } from "../check/types.ts";
import { constant, createGraph, type Graph, input } from "../ir/graph.ts";
import type { Input, Node } from "../ir/node.ts";
import { addSizes, namedSize, oneSize, type Size } from "../ir/size.ts";
import { unbatched } from "./batched.ts";
import { applyFamily, weightsOf } from "./families.ts";
import { expanded, kernelMatrix } from "./kernels.ts";

export interface Evaluation {
  /** [rows, coordinates]: all arguments of each point, one after the other. */
  readonly points: Input;
  /** What was found: the weights by their names, or `points` and `coefficients`. */
  readonly found: readonly Input[];
  /** [rows, ...] */
  readonly value: Node;
}

/** The sizes that are not known before the points and the result are. */
export const rowsSize = "rows";
export const centresSize = "centres";

/** Of a program that declares one network or one function in an RKHS, with all its sizes and parameters numbers. */
export function lowerEvaluation({ networks: [network], functions: [fn] }: Model): Evaluation | undefined {
  const g = createGraph();
  const type = (network ?? fn)?.type;
  if (type === undefined) return undefined;
  const [rows, width] = [namedSize(rowsSize), coordinates(type)];
  const points = input(g, "points to evaluate at", "step", [rows, width]);
  if (network !== undefined) {
    const flat: MapType = { from: [arrayType("real", [width])], to: type.to };
    const found = weightsOf(flat, network.family).map(({ name, shape }) => input(g, name, "step", shape));
    const value = applyFamily(g, flat, network.family, found.map(unbatched), [unbatched(points)], [rows]);
    return { points, found, value: value.node };
  }
  if (fn?.space.kind !== "RKHS") return undefined;
  const count = namedSize(centresSize);
  const centres = input(g, "points", "step", [count, width]);
  const coefficients = input(g, "coefficients", "step", [count, ...type.to.shape]);
  const matrix = kernelMatrix(g, fn.space.kernel, (term) => numberNode(g, term), [points], [centres]);
  return { points, found: [centres, coefficients], value: expanded(g, matrix, coefficients) };
}

const coordinates = ({ from }: MapType): Size => from.map(({ shape }) => shape[0] ?? oneSize).reduce(addSizes);

function numberNode(g: Graph, term: Term): Node {
  if (term.kind === "number") return constant(g, term.value);
  if (term.kind === "unary" && term.fn === "negate" && term.operand.kind === "number")
    return constant(g, -term.operand.value);
  throw new Error("a kernel's parameter that is no number");
}
