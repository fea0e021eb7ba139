/**
 * The maps that a program solves for, declared anew with every size and parameter a number: what a result keeps of a function beside
 * its weights, or its points and coefficients. The numbers are expressions until the problem is solved.
 */
import { isClosedForm } from "../check/families.ts";
import type { Family, FunctionDeclaration, Kernel, Model, OptionValue, Term } from "../check/model.ts";
import type { ArrayType, MapType } from "../check/types.ts";
import { sizeNode } from "../ir/graph.ts";
import type { Node } from "../ir/node.ts";
import type { Template } from "./problem.ts";
import { type Lowering, lowerClosed } from "./terms.ts";

/** By the unknown's name: networks, functions, and weights that are unknowns of their own. */
export function declarationsOf(context: Lowering, model: Model): ReadonlyMap<string, Template> {
  const own = [...model.networks, ...model.functions].flatMap((declaration) => {
    const { name, type, index } = { index: undefined, ...declaration };
    const kernel = kernelOf(declaration);
    const { family } = declaration;
    if (index !== undefined || (kernel ?? family) === undefined) return [];
    const template =
      kernel === undefined ? asNetwork(context, name, type, family) : asFunction(context, name, type, kernel, family);
    return [[name, template] as const];
  });
  const shared = model.unknowns.flatMap(({ name, type, index }) => {
    const map = type.kind === "weights" && index === undefined ? context.maps.named(type.map) : undefined;
    return map === undefined ? [] : [[name, asNetwork(context, name, map.type, map.family)] as const];
  });
  return new Map([...own, ...shared]);
}

function kernelOf(declaration: Model["networks"][number] | FunctionDeclaration): Kernel | undefined {
  return "space" in declaration && declaration.space.kind === "RKHS" ? declaration.space.kernel : undefined;
}

const asNetwork = (context: Lowering, name: string, type: MapType, family: Family | undefined): Template => [
  `network ${name}: `,
  ...typeText(context, type),
  ` = ${family === undefined ? "" : familyText(family)}`,
];

const asFunction = (
  context: Lowering,
  name: string,
  type: MapType,
  kernel: Kernel,
  family: Family | undefined,
): Template => [
  `function ${name}: `,
  ...typeText(context, type),
  " in RKHS(",
  ...kernelText(context, kernel),
  family === undefined ? ")" : `) by ${familyText(family)}`,
];

/** As a network with the weights that were found, the last layer is linear, however it was found. */
function familyText(family: Family): string {
  const { name, options } = family;
  const kept = isClosedForm(family) ? [...options].filter(([key]) => key !== "head" && key !== "ridge") : [...options];
  return `${name}(${kept.map(([key, value]) => `${key}: ${optionText(value)}`).join(", ")})`;
}

function optionText(value: OptionValue): string {
  return value.kind === "list" ? `[${value.items.map(optionText).join(", ")}]` : String(value.value);
}

/** `real[2], real -> real[3]` */
function typeText({ graph }: Lowering, { from, to }: MapType): Template {
  const array = ({ element, shape }: ArrayType): Template =>
    shape.length === 0 ? [element] : [`${element}[`, ...separated(shape.map((size) => [sizeNode(graph, size)])), "]"];
  return [...separated(from.map(array)), " -> ", ...array(to)];
}

function kernelText(context: Lowering, kernel: Kernel): Template {
  const number = (term: Term): Node => lowerClosed(context, term);
  switch (kernel.kind) {
    case "base": {
      const parameters = [...kernel.parameters].map(([name, term]) => [`${name}: `, number(term)]);
      return [`${kernel.name}(`, ...separated(parameters), ")"];
    }
    case "scaled":
      return [number(kernel.factor), " * ", ...grouped(context, kernel.operand)];
    case "sum":
      return separated(
        kernel.operands.map((operand) => kernelText(context, operand)),
        " + ",
      );
    case "product":
      return separated(
        kernel.operands.map((operand) => grouped(context, operand)),
        " * ",
      );
  }
}

/** In brackets where it is a sum. */
function grouped(context: Lowering, kernel: Kernel): Template {
  const text = kernelText(context, kernel);
  return kernel.kind === "sum" ? ["(", ...text, ")"] : text;
}

const separated = (parts: readonly Template[], separator = ", "): Template =>
  parts.flatMap((part, k) => (k === 0 ? part : [separator, ...part]));
