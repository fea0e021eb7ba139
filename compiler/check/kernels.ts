/** Kernels: their table, and sums, products and scalings of them. */
import type { Expression } from "../../grammar/syntax.ts";
import type { Signature } from "./calls.ts";
import { parametersOf } from "./calls.ts";
import { type Denotation, fail, type Scope, written } from "./context.ts";
import { badKernel } from "./errors.ts";
import type { Kernel, Term } from "./model.ts";
import { isScalar } from "./terms.ts";
import { showType } from "./types.ts";

const table: Readonly<Record<string, { readonly text: string; readonly doc: string }>> = {
  gaussian: { text: "gaussian(bandwidth: 1)", doc: "k(x, x') = exp(-|x - x'|^2 / (2 s^2)), s the bandwidth" },
  laplace: { text: "laplace(bandwidth: 1)", doc: "k(x, x') = exp(-|x - x'| / s), s the bandwidth" },
  matern: { text: "matern(bandwidth: 1, nu: 1.5)", doc: "the Matérn kernel of smoothness nu: 0.5, 1.5 or 2.5" },
  polynomial: { text: "polynomial(degree: 2, offset: 1, scale: 1)", doc: "k(x, x') = (scale x·x' + offset)^degree" },
  linear: { text: "linear(offset: 0)", doc: "k(x, x') = x·x' + offset" },
  ntk: {
    text: "ntk(depth: 1)",
    doc: "the neural tangent kernel of a fully connected ReLU network with `depth` hidden layers",
  },
};

/** Parameters that shape the kernel's formula, so that they are known when the program is compiled. */
const structural: Readonly<Record<string, (value: number) => boolean>> = {
  degree: (value) => Number.isInteger(value) && value >= 1,
  depth: (value) => Number.isInteger(value) && value >= 1,
  nu: (value) => [0.5, 1.5, 2.5].includes(value),
};

export const kernelSignatures: ReadonlyMap<string, Signature> = new Map(
  Object.entries(table).map(([name, { text, doc }]): [string, Signature] => [
    name,
    {
      text,
      doc,
      build: (call) => {
        const parameters = new Map<string, Term>();
        for (const { name: parameter } of parametersOf(text)) {
          if (!call.has(parameter)) continue;
          const expression = call.expression(parameter);
          const term = call.value(parameter);
          if (!isScalar(term)) {
            fail(
              call.scope,
              badKernel(
                expression.span,
                `${parameter} of ${name} is one number, and ${written(expression)} is ${showType(term.type)}`,
              ),
            );
          }
          const allowed = structural[parameter];
          if (allowed !== undefined && !allowed(call.constant(parameter, 1))) {
            fail(
              call.scope,
              badKernel(
                expression.span,
                `${parameter} of ${name} cannot be ${written(expression)}`,
                `it is used as ${text}`,
              ),
            );
          }
          parameters.set(parameter, term);
        }
        return { kind: "kernel", kernel: { kind: "base", name, parameters, span: call.span } };
      },
    },
  ]),
);

type BinaryExpression = Extract<Expression, { kind: "binary" }>;

/** `k1 + k2`, `k1 * k2`, and a positive number times a kernel. */
export function combineKernels(
  scope: Scope,
  e: BinaryExpression,
  left: Denotation,
  right: Denotation,
  toValue: (scope: Scope, denotation: Denotation, e: Expression) => Term,
): Denotation {
  const { span, operator } = e;
  const kernel = ((): Kernel => {
    if (left.kind === "kernel" && right.kind === "kernel" && (operator === "+" || operator === "*")) {
      return { kind: operator === "+" ? "sum" : "product", operands: [left.kernel, right.kernel], span };
    }
    const [scaled, factor, expression] = left.kind === "kernel" ? [left, right, e.right] : [right, left, e.left];
    if (operator === "*" && scaled.kind === "kernel" && factor.kind !== "kernel") {
      const term = toValue(scope, factor, expression);
      if (isScalar(term)) return { kind: "scaled", factor: term, operand: scaled.kernel, span };
    }
    return fail(
      scope,
      badKernel(
        span,
        `${written(e)} is not a kernel`,
        "kernels are added, multiplied, and scaled by a positive number",
      ),
    );
  })();
  return { kind: "kernel", kernel };
}
