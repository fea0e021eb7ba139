/**
 * A tensor program as JavaScript over forward operations of TensorFlow.js: one statement a node, under the model's names. Derivatives
 * are the compiler's, never TensorFlow.js's, whose nested gradients are wrong. Einsums come contracted to pairs (specialise.ts).
 */
import { type Input, type Node, reachable } from "../../ir/node.ts";
import type { SizeBindings } from "../../ir/size.ts";
import { nameFor, reservedWords } from "../javascript.ts";
import { dimensions, specialise } from "../specialise.ts";
import { operationText } from "./operation.ts";
import { shapeText } from "./product.ts";

export interface Emitted {
  /**
   * An expression in `tf` and `host`: `{ *once(bound), *each(kept, given) }`. Both take and return lists of tensors, and yield tensors
   * that they want to have read back. Inputs come flat.
   */
  readonly source: string;
  /** The names of the bound inputs that `once` takes, in order. */
  readonly bound: readonly string[];
}

/** Throws as `specialise` does. */
export function emitProgram(
  program: { readonly name: string; readonly arguments: readonly Input[]; readonly outputs: readonly Node[] },
  bound: ReadonlySet<Input>,
  sizes: SizeBindings,
): Emitted {
  const { outputs, isConstant } = specialise(program, bound, sizes);
  const nodes = reachable(outputs);
  const taken = new Set<string>(["tf", "host", ...reservedWords]);
  const given = program.arguments.map((input) => nameFor(input, taken));
  const names = new Map(
    nodes.map((node) => {
      const argument = node.kind === "input" ? program.arguments.findIndex(({ name }) => name === node.name) : -1;
      return [node, given[argument] ?? nameFor(node, taken)] as const;
    }),
  );
  const nameOf = (node: Node): string => names.get(node) as string;

  // Readers first, so that what nobody reads as a tensor is known by then.
  const read = new Set(outputs);
  const kept = new Set(outputs.filter(isConstant));
  const once: string[] = [];
  const each: string[] = [];
  const bindings = new Set<Node>();
  for (const node of [...nodes].reverse()) {
    if (!read.has(node)) continue;
    const constant = isConstant(node);
    const use = (operand: Node): string => {
      read.add(operand);
      if (!constant && isConstant(operand)) kept.add(operand);
      return nameOf(operand);
    };
    if (node.kind === "input" && constant) bindings.add(node);
    const text =
      node.kind === "input" ? shaped(node, nameOf(node)) : `const ${nameOf(node)} = ${operationText(node, use)};`;
    if (text !== undefined) (constant ? once : each).unshift(text);
  }
  const boundInputs = [...bindings].reverse() as Input[];
  const list = (items: readonly string[]): string => `[${items.join(", ")}]`;
  const keptList = list([...kept].map(nameOf));
  const source = [
    `// ${program.name}`,
    "({",
    "  // From the data alone: computed once.",
    `  *once(${list(boundInputs.map(nameOf))}) {`,
    ...once.map((line) => `    ${line}`),
    `    return ${keptList};`,
    "  },",
    `  *each(${keptList}, ${list(given)}) {`,
    ...each.map((line) => `    ${line}`),
    `    return ${list(outputs.map(nameOf))};`,
    "  },",
    "})",
  ].join("\n");
  return { source, bound: boundInputs.map((input) => input.name) };
}

/** Inputs come as vectors. */
function shaped(input: Input, name: string): string | undefined {
  return input.shape.length === 1 ? undefined : `${name} = tf.reshape(${name}, ${shapeText(dimensions(input))});`;
}
