import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { print } from "../../grammar/print.ts";
import { parse } from "../../grammar/read.ts";
import { changedLines } from "../../language-server/changed-lines.ts";
import { edited, opened, uri } from "./marked.ts";

describe("formatting", () => {
  const untidy = "let  a=1\n\n\n\nlet b   = a+1   # one\n# end\nvar x:real   init 3\n";

  it.each([untidy, untidy.trimEnd(), `${untidy}\n\n`, "let a=1", "\n\nlet a = 1"])(
    "writes the canonical style: %j",
    (source) => {
      const { services, text } = opened(source);
      expect(edited(text, services.formatting(uri))).toBe(print(parse(text, "a").program));
    },
  );

  it("of a range changes its lines alone", () => {
    const { services, text } = opened(untidy);
    const range = { start: { line: 4, character: 0 }, end: { line: 4, character: 3 } };
    expect(edited(text, services.formatting(uri, range))).toBe(
      "let  a=1\n\n\n\nlet b = a + 1  # one\n# end\nvar x:real   init 3\n",
    );
  });

  it("after a line break changes the declaration above", () => {
    const { services, text } = opened("let  a=1\nlet b   =2\n\nlet  c=3");
    expect(edited(text, services.formatOnType(uri, { line: 2, character: 0 }))).toBe("let  a=1\nlet b = 2\n\nlet  c=3");
  });

  it("after a closing brace changes what it closes", () => {
    const { services, text, cursor } = opened("let  a=1\nsolve {steps:3}¦\n");
    expect(edited(text, services.formatOnType(uri, cursor))).toBe("let  a=1\nsolve { steps: 3 }\n");
  });

  it("leaves a text with syntax errors as it is", () => {
    expect(opened("let  a=(").services.formatting(uri)).toEqual([]);
  });
});

describe("changed lines", () => {
  it("lead from one text to the other", () => {
    const lines = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 12 });
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const changes = changedLines(before, after);
        const done: string[] = [...before];
        for (const { from, to, lines: text } of changes.toReversed()) done.splice(from, to - from, ...text);
        expect(done).toEqual(after);
      }),
    );
  });
});
