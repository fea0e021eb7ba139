import { describe, expect, it } from "vitest";
import type { OptionValue } from "../../compiler/check/model.ts";
import { argumentsOf, checkOption, optionKeys, optionRule, showOption } from "../../compiler/plan/options.ts";

const span = { file: "", start: 0, end: 0 };
const number = (value: number): OptionValue => ({ kind: "number", value, span });
const word = (value: string, args: Record<string, OptionValue> = {}): OptionValue => ({
  kind: "word",
  value,
  arguments: new Map(Object.entries(args)),
  span,
});
const says = (key: string, value: OptionValue): string =>
  checkOption(key, value)
    .map((d) => `${d.message} / ${d.suggestion}`)
    .join("\n");

describe("options", () => {
  it("every word with each of its arguments stands", () => {
    for (const key of optionKeys) {
      const rule = optionRule(key);
      if (rule?.kind !== "choice") continue;
      for (const name of Object.keys(rule.words)) {
        const values = Object.entries(argumentsOf(rule, name)).map(
          ([argument, { kind }]) => [argument, kind === "boolean" ? { kind, value: true, span } : number(1)] as const,
        );
        expect(says(key, word(name, Object.fromEntries(values) as Record<string, OptionValue>))).toBe("");
      }
    }
  });

  it.each([
    ["metod", word("aid"), "there is no option metod / did you mean method?"],
    ["inner", word("newtn"), "there is no inner newtn / did you mean newton?"],
    [
      "inner",
      number(3),
      "inner cannot be 3 / it is one of auto, gd, sgd, adam, lbfgs, newton, cg, cholesky, prox_gd, fista, coordinate, anderson, fixed_point",
    ],
    ["steps", number(1.5), "steps cannot be 1.5 / it is a whole number of at least 0"],
    ["adjoint", word("cg", { terms: number(3) }), "cg has no argument terms / its arguments are tol, max, damping"],
    ["outer", word("gd", { rate: number(-1) }), "rate of gd cannot be -1 / it is a number above 0"],
    ["precision", word("f64", { bits: number(1) }), "f64 has no argument bits / write f64 alone"],
  ] as const)("%s: %o", (key, value, message) => {
    expect(says(key, value)).toBe(message);
  });

  it("are shown as they are written", () => {
    expect(showOption(word("soba", { batch: number(64) }))).toBe("soba(batch: 64)");
  });
});
