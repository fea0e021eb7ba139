import { globSync, readFileSync } from "node:fs";
import { tokenMatcher } from "chevrotain";
import { expect, it } from "vitest";
import { follow } from "../../grammar/follow.ts";
import { cutStatements } from "../../grammar/statements.ts";
import { lexer } from "../../grammar/tokens.ts";

const examples = globSync("examples/*/*.bilevel").map((file) => [file, readFileSync(file, "utf8")] as const);

it.each(examples)("each token of %s is one that may follow", (_, text) => {
  for (const statement of cutStatements(lexer.tokenize(text).tokens)) {
    statement.forEach((token, i) => {
      const { expected } = follow(statement.slice(0, i));
      expect(expected.some((each) => tokenMatcher(token, each.token))).toBe(true);
    });
    expect(follow(statement).complete).toBe(true);
  }
});

it("says in which rule a token would stand", () => {
  const rulesOf = (text: string, name: string) =>
    follow(lexer.tokenize(text).tokens)
      .expected.find(({ token }) => token.name === name)
      ?.rules.slice(-2);
  expect(rulesOf("var x:", "Name")).toEqual(["varDeclaration", "type"]);
  expect(rulesOf("minimize f over", "Name")).toEqual(["objective", "names"]);
  expect(rulesOf("solve {", "Label")).toEqual(["solveDeclaration", "solveEntry"]);
  expect(follow(lexer.tokenize("nothing begins so").tokens)).toEqual({ expected: [], complete: false });
});
