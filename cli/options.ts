/** The values of `--KEY VALUE` and `--KEY.ARG VALUE` as entries of the solve block. */
import { check } from "../compiler/check/check.ts";
import type { OptionValue } from "../compiler/check/model.ts";
import { type OptionKey, optionKeys, optionRule, showOption } from "../compiler/plan/options.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import { parse } from "../grammar/read.ts";
import { flagsOf } from "./flags.ts";
import type { Sources } from "./sources.ts";

/** Entries of a solve block, by key. */
export type SolveEntries = ReadonlyMap<string, OptionValue>;

/**
 * The entries that the given flags replace in a program's own ones. An argument alone keeps the program's choice of word.
 * Throws a BilevelError for values that the table does not have.
 */
export function solveEntries(given: ReadonlyMap<string, string>, own: SolveEntries, sources: Sources): SolveEntries {
  const entries = new Map<string, OptionValue>();
  for (const key of optionKeys) {
    const text = given.get(key);
    if (text !== undefined) entries.set(key, readEntry(key, text, sources));
    for (const flag of flagsOf(key)) {
      const argument = flag.slice(key.length + 1);
      const value = given.get(flag);
      if (argument !== "" && value !== undefined) {
        entries.set(key, readEntry(key, withArgument(entries.get(key) ?? own.get(key), argument, value), sources));
      }
    }
  }
  return entries;
}

/** As a solve block would say it, so that the one reader and the one table decide. */
function readEntry(key: OptionKey, text: string, sources: Sources): OptionValue {
  // tfjs-cpu is a word here, and a difference in a solve block, where it is tfjs_cpu.
  const written =
    optionRule(key)?.kind === "choice" ? text.replace(/^[a-z-]+/, (word) => word.replaceAll("-", "_")) : text;
  const source = { file: `--${key}`, text: `solve { ${key}: ${written} }` };
  sources.add(source);
  const { program, diagnostics } = parse(source.text, source.file);
  const checked = diagnostics.length > 0 ? { diagnostics } : check(program);
  const value = "model" in checked ? checked.model?.solve.get(key) : undefined;
  if (value === undefined) throw new BilevelError(checked.diagnostics);
  return value;
}

function withArgument(entry: OptionValue | undefined, argument: string, value: string): string {
  if (entry?.kind !== "word") return `auto(${argument}: ${value})`;
  const others = [...entry.arguments]
    .filter(([name]) => name !== argument)
    .map(([name, each]) => `${name}: ${showOption(each)}`);
  return `${entry.value}(${[...others, `${argument}: ${value}`].join(", ")})`;
}
