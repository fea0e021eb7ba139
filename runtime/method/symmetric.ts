/**
 * Solves with the curvature of a function in an RKHS by way of its symmetric form (compiler/plan/symmetric.ts):
 *
 *     J⁻¹ b = (b − √D B⁻¹ √D K b)/ρ,    J⁻ᵀ b = (b − K √D B⁻¹ √D b)/ρ,
 *
 * with B factorised, or by conjugate gradients where K is too large to be held.
 */
import { rkhsPenaltyNotPositive } from "../../compiler/errors.ts";
import { einsum, type Graph, input } from "../../compiler/ir/graph.ts";
import type { Node } from "../../compiler/ir/node.ts";
import { expanded } from "../../compiler/lower/kernels.ts";
import type { SymmetricForm } from "../../compiler/plan/symmetric.ts";
import { BilevelError } from "../../grammar/diagnostics.ts";
import { addSlot, type Binding, kernelOf, lengthOf } from "../bind.ts";
import type { Factorisation, Vector } from "../engine/engine.ts";
import { type FactoriseCurvature, shiftedMatrix } from "./curvature.ts";
import { iterativeSolves } from "./landmarks.ts";

/** The form at the present point. */
export interface FormAtPoint {
  /** ρ, and the shift. */
  readonly ridge: number;
  /** √D, a number for each of the unknown's entries. */
  readonly roots: Vector;
  /** K times the first vector into the second: they are always these two. */
  readonly from: Vector;
  readonly image: Vector;
  readonly multiplyByKernel: () => void;
}

/** Factorises B, or what stands in for that. */
export type SolvesWithForm = (form: FormAtPoint, shift: number) => Factorisation;

export function symmetricFactoriser(
  binding: Binding,
  g: Graph,
  form: SymmetricForm,
  by: "cholesky" | "cg",
): FactoriseCurvature {
  const { engine, sizes } = binding;
  const { gram, coefficients, span } = form.representer;
  const { name, shape } = coefficients;
  const size = lengthOf(shape, sizes);
  const operand = input(g, `right-hand side for ${name}`, "step", shape);
  const from = binding.slots.get(operand) ?? addSlot(binding, operand);
  const [image, roots, penalty] = [engine.allocate(size), engine.allocate(size), engine.allocate(1)];
  const multiplyByKernel = kernelOf(binding, "kernel times coefficients", [expanded(g, gram, operand)], [image]);
  const readForm = kernelOf(
    binding,
    "symmetric form",
    [spreadOver(g, form.root, shape), form.penalty],
    [roots, penalty],
  );
  const factorise = by === "cholesky" ? exactSolves(binding, g, form) : iterativeSolves(binding, g, form);

  return (shift) => {
    readForm();
    const rho = engine.read(penalty)[0] as number;
    if (!(rho > 0)) throw new BilevelError([rkhsPenaltyNotPositive(name, rho, span)]);
    const ridge = rho + shift;
    const made = factorise({ ridge, roots, from, image, multiplyByKernel }, shift);
    if (!made.ok) return made;
    /** x ← √D B⁻¹ √D x */
    const throughB = (x: Vector): void => {
      engine.multiply(roots, x, x);
      made.factor.solve(x);
      engine.multiply(roots, x, x);
    };
    const subtractAndScale = (x: Vector): void => {
      engine.axpy(-1, image, x);
      engine.scale(1 / ridge, x);
    };
    const factor = {
      solve: (x: Vector): void => {
        engine.copy(x, from);
        multiplyByKernel();
        throughB(image);
        subtractAndScale(x);
      },
      solveTransposed: (x: Vector): void => {
        engine.copy(x, from);
        throughB(from);
        multiplyByKernel();
        subtractAndScale(x);
      },
      release: () => made.factor.release(),
    };
    return { ...made, factor };
  };
}

/** Cholesky's factor of B, of all components of a value at once. */
function exactSolves(binding: Binding, g: Graph, { matrix, representer }: SymmetricForm): SolvesWithForm {
  const { engine, sizes } = binding;
  const { shape } = representer.coefficients;
  const order = lengthOf(shape.slice(0, 1), sizes);
  const columns = lengthOf(shape.slice(1), sizes);
  const evaluate = shiftedMatrix(binding, g, matrix);
  return (_, shift) => {
    const made = engine.cholesky(evaluate(shift), order, 1);
    if (!made.ok) return made;
    const solve = (x: Vector): void => made.factor.solve(x, columns);
    return { ...made, factor: { solve, solveTransposed: solve, release: () => made.factor.release() } };
  };
}

/** A number a point, repeated over the components of the values there. */
function spreadOver(g: Graph, node: Node, shape: Node["shape"]): Node {
  const labels = [...shape.keys()];
  return einsum(g, [node], [[0]], labels, new Map(shape.map((axis, label) => [label, axis])));
}
