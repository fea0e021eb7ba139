/** Evaluating functions that a run solved for, from its result alone: as it was returned, or read back from its JSON. */
import { check } from "../compiler/check/check.ts";
import { nearest } from "../compiler/check/nearest.ts";
import { evaluateSize } from "../compiler/ir/size.ts";
import { centresSize, type Evaluation, lowerEvaluation, rowsSize } from "../compiler/lower/evaluation.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import { parse } from "../grammar/read.ts";
import { addSlot, type Binding, evaluateNode, sizeNumber } from "./bind.ts";
import { openEngine } from "./engine/open.ts";
import { resultUnusable } from "./errors.ts";
import type { NestedArray, RunResult } from "./types.ts";
import { isWeights, numbersFor, shapeOfNested, toNested } from "./values.ts";

export type Solved = Pick<RunResult, "functions" | "upper" | "lower">;

/** Values at points, each given by the entries of all its arguments in one row. */
export type Predictor = (points: readonly (readonly number[])[]) => NestedArray;

/** Of a function by its name, or of the only one. Throws a BilevelError where the result does not hold it. */
export async function predictor(result: Solved, name?: string): Promise<Predictor> {
  const { declaration, evaluation, found } = read(result, name ?? onlyName(result));
  const engine = await openEngine(new Map());
  const [width] = evaluation.points.shape.slice(1).map((size) => evaluateSize(size, new Map()));
  return (points) => {
    const wrong = points.find((point) => point.length !== width);
    if (wrong !== undefined) throw unusable(`${declaration} takes ${width} numbers a point, not ${wrong.length}`);
    const values: NestedArray[] = [];
    const most = Math.max(1, Math.floor(pairsAtOnce / (found.sizes.get(centresSize) ?? 1)));
    for (let from = 0; from < points.length; from += most) {
      const part = points.slice(from, from + most);
      const sizes = new Map([...found.sizes, [rowsSize, part.length]]);
      const binding: Binding = { engine, sizes, constants: new Map(), fed: new Map(), slots: new Map() };
      const numbers = [Float64Array.from(part.flat()), ...found.numbers];
      const vectors = [evaluation.points, ...evaluation.found].map((own, k) => {
        const vector = addSlot(binding, own);
        engine.write(vector, numbers[k] as Float64Array);
        return vector;
      });
      const flat = evaluateNode(binding, evaluation.value);
      for (const vector of vectors) engine.release(vector);
      const shape = evaluation.value.shape.map((size) => sizeNumber(size, sizes));
      values.push(...(toNested(flat, shape) as readonly NestedArray[]));
    }
    return values;
  };
}

/** Entries of a kernel matrix that are formed at once. */
const pairsAtOnce = 4e6;

function onlyName({ functions = {} }: Solved): string {
  const names = Object.keys(functions);
  if (names.length === 1) return names[0] as string;
  throw names.length === 0
    ? unusable("the result holds no function", "the program has to solve for a network or a function")
    : unusable(`the result holds several functions: ${names.join(", ")}`, "name one of them");
}

const unusable = (why: string, suggestion?: string): BilevelError =>
  new BilevelError([resultUnusable(why, suggestion)]);

interface Found {
  readonly sizes: ReadonlyMap<string, number>;
  /** Of the evaluation's `found`, flat. */
  readonly numbers: readonly Float64Array[];
}

function read(
  { functions = {}, upper, lower }: Solved,
  name: string,
): { readonly declaration: string; readonly evaluation: Evaluation; readonly found: Found } {
  const { declaration } = functions[name] ?? {};
  if (declaration === undefined) {
    const names = Object.keys(functions);
    const close = nearest(name, names);
    throw unusable(
      `the result holds no function ${name}`,
      close === undefined ? `it holds ${names.join(", ") || "none"}` : `did you mean ${close}?`,
    );
  }
  const { program, diagnostics } = parse(declaration, name);
  const { model } = check(program);
  const evaluation = diagnostics.length > 0 ? undefined : model && lowerEvaluation(model);
  if (evaluation === undefined) throw unusable(`${name} cannot be read: ${declaration}`);
  const value = lower[name] ?? upper[name];
  const own = value !== undefined && isWeights(value) ? value : {};
  const centres = own["points"] === undefined ? undefined : shapeOfNested(own["points"])?.[0];
  const sizes = new Map(centres === undefined ? [] : [[centresSize, centres]]);
  const numbers = evaluation.found.map((input) => {
    const shape = input.shape.map((size) => evaluateSize(size, sizes) ?? 0);
    const fitted = numbersFor(own[input.name] ?? [], shape);
    if (fitted?.every(Number.isFinite)) return fitted;
    throw unusable(`${name}.${input.name} is not real[${shape.join(", ")}]`);
  });
  return { declaration, evaluation, found: { sizes, numbers } };
}
