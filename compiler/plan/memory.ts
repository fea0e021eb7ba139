/** What one array may take: the option `memory`. */
import type { Options } from "./plan.ts";

/** Gigabytes: a kernel matrix of 10 000 points. */
const defaultMemory = 0.8;

/** Entries of an array at the most. What would be larger is never held: it is computed in blocks where it is read. */
export function largestArray(options: Options): number {
  const [memory, precision] = [options.get("memory"), options.get("precision")];
  const gigabytes = memory?.kind === "number" ? memory.value : defaultMemory;
  const bytes = precision?.kind === "word" && precision.value === "f32" ? 4 : 8;
  return (gigabytes * 1e9) / bytes;
}
