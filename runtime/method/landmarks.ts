/**
 * Conjugate gradients on B = ρ I + √D K √D, preconditioned by Nyström's approximation of the kernel from some of its columns C = K[:, J]
 * (Williams and Seeger 2001; as a preconditioner Rudi, Carratino and Rosasco 2017; Frangella, Tropp and Udell 2023): with W = C[J, :],
 *
 *     M = ρ I + √D C W⁻¹ Cᵀ √D,    M⁻¹ = (I − √D C (ρ W + Cᵀ D C)⁻¹ Cᵀ √D)/ρ.
 *
 * Of K no more than these columns is ever held: its other entries are computed in blocks, at each product.
 */
import {
  add,
  constant,
  delta,
  einsum,
  type Graph,
  gather,
  input,
  map,
  multiply,
  sizeNode,
} from "../../compiler/ir/graph.ts";
import type { Input, Node } from "../../compiler/ir/node.ts";
import type { Size } from "../../compiler/ir/size.ts";
import type { SymmetricForm } from "../../compiler/plan/symmetric.ts";
import { addSlot, type Binding, kernelOf, kernelOfChanges, lengthOf } from "../bind.ts";
import { strata } from "../data/generators.ts";
import type { Vector } from "../engine/engine.ts";
import { cg } from "../solve/linear/cg.ts";
import type { SolvesWithForm } from "./symmetric.ts";

/** Columns at the most: Cᵀ D C and its factor take as long as a few products with K. */
const mostColumns = 2000;
/** Of the residual: corrections of the whole system follow each solve. */
const tolerance = 1e-10;
/** Over the mean diagonal of ρ W + Cᵀ D C, which is singular to rounding where columns resemble each other. */
const jitter = 1e-13;

export function iterativeSolves(
  whole: Binding,
  g: Graph,
  { representer, root, penalty }: SymmetricForm,
): SolvesWithForm {
  const { engine, sizes, arrays } = whole;
  const { coefficients, columns } = representer;
  if (columns === undefined) throw new Error("no kernel columns to precondition with");
  const { name, shape } = coefficients;
  const order = lengthOf(shape.slice(0, 1), sizes);
  const size = lengthOf(shape, sizes);
  const most = Math.min(mostColumns, Math.ceil(order / 4), Math.floor((arrays?.largest ?? order) / order));
  const count = Math.max(1, most);
  const [rows, picked] = [shape[0] as Size, columns.index.shape[0] as Size];
  const binding: Binding = { ...whole, sizes: new Map([...sizes, [picked.key, count]]) };
  const placed = (node: Input): Vector => whole.slots.get(node) ?? addSlot(binding, node);
  const slot = (what: string, own: readonly Size[]) => {
    const node = input(g, `${what} of ${name}`, "step", own);
    return { node, vector: placed(node) };
  };
  engine.write(placed(columns.index), strata(count, order, 0));
  const chosen = slot("chosen kernel columns", [rows, picked]);
  const refreshColumns = kernelOfChanges(binding, "kernel columns", [columns.matrix], [chosen.vector]);

  const corner = gather(g, chosen.node, columns.index, 0);
  const pairs: readonly (readonly number[])[] = [[0, 1], [0], [0], [0, 2]];
  const weighed = einsum(g, [chosen.node, root, root, chosen.node], pairs, [1, 2]);
  const inner = add(g, [1, 1], [weighed, einsum(g, [corner, penalty], [[0, 1], []], [0, 1])]);
  const matrix = engine.allocate(count * count);
  const evaluateInner = kernelOf(binding, "preconditioner", [lifted(g, inner)], [matrix]);

  const left = slot("preconditioned residual", shape);
  const reduced = slot("reduced residual", [picked, ...shape.slice(1)]);
  const rest = shape.slice(1).map((_, axis) => axis + 2);
  const times = (labels: readonly number[], by: Node, to: number): Node =>
    einsum(g, [chosen.node, by], [[0, 1], labels], [to, ...rest]);
  const [down, up] = [engine.allocate(reduced.vector.length), engine.allocate(size)];
  const reduce = kernelOf(binding, "to chosen centres", [times([0, ...rest], left.node, 1)], [down]);
  const extend = kernelOf(binding, "from chosen centres", [times([1, ...rest], reduced.node, 0)], [up]);

  return ({ ridge, roots, from, image, multiplyByKernel }) => {
    refreshColumns();
    evaluateInner();
    const made = engine.cholesky(matrix, count, 1);
    if (!made.ok) return made;
    const preconditioner = (r: Vector, out: Vector): void => {
      engine.multiply(roots, r, left.vector);
      reduce();
      made.factor.solve(down, size / order);
      engine.copy(down, reduced.vector);
      extend();
      engine.multiply(roots, up, up);
      engine.copy(r, out);
      engine.axpy(-1, up, out);
      engine.scale(1 / ridge, out);
    };
    const apply = (x: Vector, out: Vector): void => {
      engine.multiply(roots, x, from);
      multiplyByKernel();
      engine.multiply(roots, image, out);
      engine.axpy(ridge, x, out);
    };
    const [b, solution] = [engine.allocate(size), engine.allocate(size)];
    const solve = (x: Vector): void => {
      engine.copy(x, b);
      engine.fill(solution, 0);
      cg(engine, { size, apply }, b, solution, { tolerance, preconditioner });
      engine.copy(solution, x);
    };
    const release = (): void => {
      made.factor.release();
      for (const vector of [b, solution]) engine.release(vector);
    };
    // How near to singular B is, nothing here tells: that a solve failed shows in its residual.
    return { ok: true, factor: { solve, solveTransposed: solve, release }, smallestPivot: 1 };
  };
}

/** M + ε I with ε a part of the mean diagonal. */
function lifted(g: Graph, matrix: Node): Node {
  const size = matrix.shape[0] as Size;
  const mean = multiply(g, einsum(g, [matrix], [[0, 0]], []), map(g, "power", sizeNode(g, size), constant(g, -1)));
  return add(g, [1, jitter], [matrix, einsum(g, [delta(g, size), mean], [[0, 1], []], [0, 1])]);
}
