/** The flags that stand for entries of the solve block, from the table of options. */
import { argumentsOf, type OptionKey, optionKeys, optionRule } from "../compiler/plan/options.ts";

/** The flags a command takes for the solve block, without their dashes: `outer`, `outer.rate`. */
export function flagsOf(key: OptionKey): readonly string[] {
  const rule = optionRule(key);
  if (rule?.kind !== "choice") return [key];
  const taken = Object.keys(rule.words).flatMap((word) => Object.keys(argumentsOf(rule, word)));
  return [key, ...new Set(taken.map((argument) => `${key}.${argument}`))];
}

const dashed = new Map(
  optionKeys.flatMap(flagsOf).flatMap((flag) => (flag.includes("_") ? [[flag.replaceAll("_", "-"), flag]] : [])),
);

/** Options of the solve block may be given with dashes: --time-limit is --time_limit. */
export function asWritten(argument: string): string {
  return argument.replace(/^--([^=]+)/, (whole, flag: string) => {
    const own = dashed.get(flag);
    return own === undefined ? whole : `--${own}`;
  });
}

export function flagHelp(key: OptionKey): string {
  const rule = optionRule(key);
  if (rule === undefined) return "";
  const words = rule.kind === "choice" ? ` (${Object.keys(rule.words).join(", ")})` : "";
  return `${rule.doc}${words}`;
}
