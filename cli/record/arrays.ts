/** The arrays of a result under their names: each as a .npy file, and all of them in one .safetensors file. */
import type { NumericArray } from "../../runtime/data/arrays.ts";
import { encodeNpy } from "../../runtime/data/npy-writer.ts";
import { encodeSafetensors } from "../../runtime/data/safetensors.ts";
import type { NestedArray, RunResult, Value } from "../../runtime/types.ts";
import { flatten, isWeights, shapeOfNested } from "../../runtime/values.ts";
import type { Folder } from "./folder.ts";

export function writeArrays(folder: Folder, { upper, lower, reports }: RunResult): void {
  const unknowns = Object.entries({ ...lower, ...upper }).flatMap(([name, value]) => named(name, value));
  const reported = Object.entries(reports).flatMap(([name, value]) => named(`report.${name}`, value));
  const arrays = new Map([...unknowns, ...reported]);
  folder.write("arrays.safetensors", encodeSafetensors(arrays));
  for (const [name, array] of arrays) folder.write(`arrays/${name}.npy`, encodeNpy(array));
}

/** Weights are an array for each of their tensors. */
function named(name: string, value: Value): readonly (readonly [string, NumericArray])[] {
  if (isWeights(value)) return Object.entries(value).flatMap(([tensor, own]) => named(`${name}.${tensor}`, own));
  const nested = value as NestedArray;
  return [[name, { shape: shapeOfNested(nested) ?? [], values: Float64Array.from(flatten(nested)) }]];
}
