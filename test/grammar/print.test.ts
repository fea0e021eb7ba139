import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { print, printExpression } from "../../grammar/print.ts";
import { parse } from "../../grammar/read.ts";
import type { Declaration, Expression } from "../../grammar/syntax.ts";
import { pieces, programs, withoutSpans } from "./programs.ts";
import { expressions, programTrees } from "./trees.ts";

function formatted(text: string): string {
  const { program, diagnostics } = parse(text, "test.bilevel");
  expect(diagnostics).toEqual([]);
  return print(program);
}

function declarationsOf(text: string): unknown {
  return withoutSpans(parse(text, "test.bilevel").program.declarations);
}

describe("programs", () => {
  test.each(programs)("$name is in canonical style", ({ text }) => {
    expect(formatted(text)).toBe(text);
  });

  test.each(programs)("$name says the same squeezed into one line", ({ text }) => {
    const bare = (value: unknown) =>
      JSON.parse(JSON.stringify(value, (key, each) => (key === "doc" ? undefined : each)));
    const squeezed = pieces(text)
      .map(({ image }) => image)
      .join(" ");
    expect(bare(declarationsOf(squeezed))).toEqual(bare(declarationsOf(text)));
  });
});

describe("round trips of random trees", () => {
  test("a program", () => {
    fc.assert(
      fc.property(programTrees, (program) => {
        const text = print(program);
        const { program: read, diagnostics } = parse(text, "");
        expect(diagnostics).toEqual([]);
        const read2 = withoutSpans(read.declarations);
        expect(read2).toEqual(withoutSpans(program.declarations));
        expect(print(read)).toBe(text);
      }),
      { numRuns: 100 },
    );
  });

  test("an expression on one line", () => {
    fc.assert(
      fc.property(expressions, (expression) => {
        const text = printExpression(expression);
        const { program, diagnostics } = parse(`let x = ${text}`, "");
        expect(diagnostics).toEqual([]);
        expect(text).not.toContain("\n");
        const [declaration] = program.declarations;
        expect(withoutSpans(declaration?.kind === "let" && declaration.value)).toEqual(withoutSpans(expression));
      }),
      { numRuns: 300 },
    );
  });
});

describe("precedence", () => {
  /** The tree with every grouping in brackets. */
  function grouped(e: Expression): string {
    if (e.kind === "binary") return `[${grouped(e.left)} ${e.operator} ${grouped(e.right)}]`;
    if (e.kind === "unary") return `[${e.operator}${grouped(e.operand)}]`;
    if (e.kind === "transpose") return `[${grouped(e.operand)}']`;
    return printExpression(e);
  }

  test.each([
    ["-x^2", "[-[x ^ 2]]"],
    ["x^-2", "[x ^ [-2]]"],
    ["x^-2^3", "[x ^ [-[2 ^ 3]]]"],
    ["a^b^c", "[a ^ [b ^ c]]"],
    ["a^b'", "[a ^ [b']]"],
    ["-a @ b", "[[-a] @ b]"],
    ["a * b @ c", "[a * [b @ c]]"],
    ["a @ b * c", "[[a @ b] * c]"],
    ["a @ b @ c", "[[a @ b] @ c]"],
    ["a - b - c", "[[a - b] - c]"],
    ["a / b * c", "[[a / b] * c]"],
    ["a + b * c", "[a + [b * c]]"],
    ["!a == b", "[[!a] == b]"],
    ["a + 1 <= b || c && d", "[[[a + 1] <= b] || [c && d]]"],
    ["- - a", "[-[-a]]"],
    ["W' @ r.x", "[[W'] @ r.x]"],
  ])("%s", (text, tree) => {
    const { program, diagnostics } = parse(`let x = ${text}`, "");
    expect(diagnostics).toEqual([]);
    const [declaration] = program.declarations;
    expect(grouped((declaration as Extract<Declaration, { kind: "let" }>).value)).toBe(tree);
  });

  test.each([
    ["((a + b)) + (c * d)", "a + b + c * d"],
    ["a - (b - c)", "a - (b - c)"],
    ["(a^b)^c", "(a^b)^c"],
    ["(-a)^2", "(-a)^2"],
    ["(a + b)'[0]", "(a + b)'[0]"],
    ["a * (B @ c)", "a * (B @ c)"],
    ["(A @ b) * c", "A @ b * c"],
    ["(a < b) == c", "(a < b) == c"],
  ])("%s is written %s", (text, canonical) => {
    expect(formatted(`let x = ${text}`)).toBe(`let x = ${canonical}\n`);
  });
});

describe("layout", () => {
  test("long constructs break at their outermost breaks", () => {
    const text = `
      let long = alpha_one * alpha_two + beta_one * beta_two + gamma_one * gamma_two + delta_one * delta_two
      let called = some_function(first_argument, second_argument, third_argument, named: "with a long value here")
      var v in simplex: real
      minimize f(x) over a, b subject to a <= b where x minimizes g(x) subject to x >= 0, sum(x) == 1 selected from first_start, second_start by descent(steps: 10, rate: 0.1)
      and y solves y = F(y) where z maximizes h(z)
      solve { method: soba(batch: 64), steps: 10 where: 3 }`.replace(
      "var v in simplex: real",
      "var v: real init 1 in simplex",
    );
    expect(formatted(text)).toMatchInlineSnapshot(`
      "let long = alpha_one * alpha_two
        + beta_one * beta_two
        + gamma_one * gamma_two
        + delta_one * delta_two
      let called = some_function(
        first_argument,
        second_argument,
        third_argument,
        named: "with a long value here",
      )
      var v: real in simplex init 1
      minimize f(x)
      over     a, b
      subject to a <= b
      where    x minimizes g(x)
               subject to x >= 0, sum(x) == 1
               selected from first_start, second_start by descent(steps: 10, rate: 0.1)
      and      y solves y = F(y)
      where    z maximizes h(z)
      solve {
        method: soba(batch: 64)
        steps:  10
        where:  3
      }
      "
    `);
    expect(formatted(formatted(text))).toBe(formatted(text));
  });

  test("blank lines are kept, one at most", () => {
    expect(formatted("\n\ndim a = 1\ndim b = 2\n\n\n\n# c\ndim c = 3\n\n# end\n")).toBe(
      "dim a = 1\ndim b = 2\n\n# c\ndim c = 3\n\n# end\n",
    );
  });

  test("an empty program prints as nothing", () => {
    expect(formatted("")).toBe("");
    expect(formatted("  \n# only\n\n## this\n")).toBe("# only\n\n## this\n");
  });
});

describe("comments", () => {
  test("stay at the nearest place that keeps them", () => {
    const text = `# top
## Documented.
data train: { # rows
  X: real[n, d], # features
  # the target
  y: real[n]
} = csv("a.csv", y: "target") # source
let x = a # first
  + b # second
  # before the third
  + f( # opening
    c # inside
    , d
    # dangling
  )
minimize f(x) # goal
# what we choose
over a, # one
  b
# the response
where x minimizes g(x) # convex
solve { # how
  steps: 10 # many
  # last
}
# end`;
    const once = formatted(text);
    expect(once).toMatchInlineSnapshot(`
      "# top
      ## Documented.
      data train: {
        # rows
        X: real[n, d],  # features
        # the target
        y: real[n],
      } = csv("a.csv", y: "target")  # source
      let x = a                      # first
        + b                          # second
        # before the third
        + f(
          # opening
          c,  # inside
          d,
          # dangling
        )
      minimize f(x)  # goal
      # what we choose
      over     a, b  # one
      # the response
      where    x minimizes g(x)  # convex
      solve {
        # how
        steps: 10  # many
        # last
      }
      # end
      "
    `);
    expect(formatted(once)).toBe(once);
  });

  test("documentation stays with its declaration", () => {
    const { program } = parse("## a\n## b\nvar x: real\n# plain\nvar y: real ## not this\n## z\n\nvar z: real", "");
    expect(program.declarations.map(({ doc }) => doc)).toEqual(["a\nb", undefined, "z"]);
  });

  test("are never lost, wherever they stand, and printing settles at once", () => {
    const anywhere = fc.record({
      program: fc.constantFrom(...programs),
      places: fc.array(fc.tuple(fc.nat(), fc.boolean()), { minLength: 1, maxLength: 6 }),
    });
    fc.assert(
      fc.property(anywhere, ({ program: { text }, places }) => {
        const ends = pieces(text).map(({ end }) => end);
        const chosen = new Map(places.map(([at, ownLine]) => [ends[at % ends.length] ?? 0, ownLine]));
        let commented = text;
        [...chosen]
          .sort(([a], [b]) => b - a)
          .forEach(([at, ownLine], i) => {
            commented = `${commented.slice(0, at)}${ownLine ? "\n" : " "}# comment ${i}\n${commented.slice(at)}`;
          });
        const once = formatted(commented);
        expect(declarationsOf(once)).toEqual(declarationsOf(text));
        const texts = (source: string) =>
          parse(source, "")
            .program.comments.map((comment) => comment.text)
            .sort();
        expect(texts(once)).toEqual(texts(commented));
        expect(formatted(once)).toBe(once);
      }),
      { numRuns: 100 },
    );
  });
});
