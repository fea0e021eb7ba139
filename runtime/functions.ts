/** Networks and functions in results: what each of them is beside the numbers that were found for it. */
import type { Problem, Template } from "../compiler/lower/problem.ts";
import { type Binding, evaluateNode, evaluateNodes, sizeNumber } from "./bind.ts";
import type { FunctionInput, SolvedFunction, Value } from "./types.ts";
import { toNested } from "./values.ts";

/** The functions among the unknowns, with the numbers that stand at present. `inputs`: where arguments came from, where known. */
export function solvedFunctions(
  binding: Binding,
  { declarations }: Problem,
  unknowns: Readonly<Record<string, Value>>,
  inputs: ReadonlyMap<string, readonly FunctionInput[]> = new Map(),
): Readonly<Record<string, SolvedFunction>> | undefined {
  const own = [...declarations].filter(([name]) => unknowns[name] !== undefined);
  if (own.length === 0) return undefined;
  return Object.fromEntries(
    own.map(([name, template]): [string, SolvedFunction] => {
      const given = inputs.get(name);
      return [name, { declaration: filledIn(binding, template), ...(given && { inputs: given }) }];
    }),
  );
}

function filledIn(binding: Binding, template: Template): string {
  return template
    .map((piece) => (typeof piece === "string" ? piece : String(evaluateNode(binding, piece)[0])))
    .join("");
}

/** Values of unknowns with those of functions in an RKHS as points and coefficients. */
export function withPoints(
  binding: Binding,
  { expansions }: Problem,
  values: Readonly<Record<string, Value>>,
): Record<string, Value> {
  const shown = { ...values };
  for (const { coefficients, centres, weights } of expansions) {
    if (values[coefficients.name] === undefined) continue;
    const nodes = [weights, ...centres];
    const [own, ...columns] = evaluateNodes(binding, nodes).map((flat, k) =>
      toNested(
        flat,
        (nodes[k]?.shape ?? []).map((size) => sizeNumber(size, binding.sizes)),
      ),
    );
    shown[coefficients.name] = { points: sideBySide(columns as readonly Rows[]), coefficients: own as Rows };
  }
  return shown;
}

type Rows = readonly (readonly number[])[];

/** The coordinates of each point: the entries of all arguments in one row. */
function sideBySide([first = [], ...others]: readonly Rows[]): Rows {
  return first.map((row, i) => [...row, ...others.flatMap((rows) => rows[i] ?? [])]);
}
