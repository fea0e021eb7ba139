/** The value of a flag that says how many: `--seeds 5`. */
import { BilevelError } from "../grammar/diagnostics.ts";
import { commandLine } from "./errors.ts";

/** One where the flag is not given. Throws a BilevelError for what is no whole number from 1. */
export function countFlag(name: string, text = "1"): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new BilevelError([commandLine(`--${name} ${text}: the number of ${name} is a whole number from 1`)]);
}
