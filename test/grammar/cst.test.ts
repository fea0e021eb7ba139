import { generateCstDts } from "chevrotain";
import { expect, test } from "vitest";
import { parser } from "../../grammar/parser.ts";

const header =
  "/** The types of the concrete syntax, generated from parser.ts; test/grammar/cst.test.ts holds them up to date. */\n";

test("the types of the concrete syntax are those of the grammar (run with --update to write them)", async () => {
  const types = generateCstDts(parser.getGAstProductions(), { includeVisitorInterface: false })
    .replace("ICstVisitor, ", "")
    .replace(/\((\w+)\)\[\]/g, "$1[]");
  await expect(header + types).toMatchFileSnapshot("../../grammar/cst.ts");
});
