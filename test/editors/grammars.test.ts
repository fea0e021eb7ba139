import { globSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { beforeAll, describe, expect, it } from "vitest";
import oniguruma from "vscode-oniguruma";
import textmate, { type IGrammar } from "vscode-textmate";
import { textMateGrammar } from "../../editors/textmate.ts";
import { vimSyntax } from "../../editors/vim-syntax.ts";
import { isKeyword, lexer, NameToken, NumberToken, StringToken } from "../../grammar/tokens.ts";

const at = (path: string): string => readFileSync(new URL(`../../editors/${path}`, import.meta.url), "utf8");

let grammar: IGrammar;
beforeAll(async () => {
  const wasm = createRequire(import.meta.url).resolve("vscode-oniguruma/release/onig.wasm");
  await oniguruma.loadWASM({ data: readFileSync(wasm) });
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (sources) => new oniguruma.OnigScanner(sources),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => textmate.parseRawGrammar(at("vscode/bilevel.tmLanguage.json"), "bilevel.json"),
  });
  grammar = (await registry.loadGrammar("source.bilevel")) as IGrammar;
});

interface Coloured {
  readonly start: number;
  readonly text: string;
  readonly scope: string;
}

/** What stands in a text and is no space, with its innermost scope. */
function coloured(source: string): readonly Coloured[] {
  let start = 0;
  return source.split("\n").flatMap((line) => {
    const found = grammar.tokenizeLine(line, null).tokens.map(({ startIndex, endIndex, scopes }) => ({
      start: start + startIndex,
      text: line.slice(startIndex, endIndex),
      scope: (scopes.at(-1) as string).replace(/\.bilevel$/, ""),
    }));
    start += line.length + 1;
    return found.filter(({ text }) => text.trim() !== "");
  });
}

describe("the files that editors read", () => {
  it("are what scripts/grammars.mjs makes of the words of the language", () => {
    expect(JSON.parse(at("vscode/bilevel.tmLanguage.json"))).toEqual(textMateGrammar());
    expect(at("neovim/syntax/bilevel.vim")).toBe(vimSyntax());
  });
});

describe("the TextMate grammar", () => {
  it("colours a program", () => {
    const source = `## A fit.
data train: { X: real[n, d] } = csv("train.csv", y: "target")  # rows
var λ, theta_0: real[d] init -1.5e-3
minimize sum(exp(λ) * theta_0^2) over λ
where theta_0 minimizes mean(train.data' @ theta_0) selected from previous by descent(steps: 10)
solve { to: pi }
report broken = "no end`;
    expect(coloured(source).map(({ text, scope }) => `${text}  ${scope}`)).toMatchInlineSnapshot(`
      [
        "## A fit.  comment.line.documentation",
        "data  storage.type",
        "train  variable.other",
        ":  punctuation.separator",
        "{  punctuation.bracket",
        "X  variable.other",
        ":  punctuation.separator",
        "real  support.type",
        "[  punctuation.bracket",
        "n  variable.other",
        ",  punctuation.separator",
        "d  variable.other",
        "]  punctuation.bracket",
        "}  punctuation.bracket",
        "=  punctuation.separator",
        "csv  entity.name.function",
        "(  punctuation.bracket",
        ""train.csv"  string.quoted.double",
        ",  punctuation.separator",
        "y  variable.other",
        ":  punctuation.separator",
        ""target"  string.quoted.double",
        ")  punctuation.bracket",
        "# rows  comment.line.number-sign",
        "var  storage.type",
        "λ  variable.other",
        ",  punctuation.separator",
        "theta_0  variable.other",
        ":  punctuation.separator",
        "real  support.type",
        "[  punctuation.bracket",
        "d  variable.other",
        "]  punctuation.bracket",
        "init  keyword.other",
        "-  keyword.operator.arithmetic",
        "1.5e-3  constant.numeric",
        "minimize  keyword.control",
        "sum  support.function",
        "(  punctuation.bracket",
        "exp  entity.name.function",
        "(  punctuation.bracket",
        "λ  variable.other",
        ")  punctuation.bracket",
        "*  keyword.operator.arithmetic",
        "theta_0  variable.other",
        "^  keyword.operator.power",
        "2  constant.numeric",
        ")  punctuation.bracket",
        "over  keyword.control",
        "λ  variable.other",
        "where  keyword.control",
        "theta_0  variable.other",
        "minimizes  keyword.control",
        "mean  entity.name.function",
        "(  punctuation.bracket",
        "train  variable.other",
        ".  punctuation.separator",
        "data  variable.other.property",
        "'  keyword.operator.transpose",
        "@  keyword.operator.product",
        "theta_0  variable.other",
        ")  punctuation.bracket",
        "selected  keyword.control",
        "from  keyword.control",
        "previous  support.function",
        "by  keyword.other",
        "descent  support.function",
        "(  punctuation.bracket",
        "steps  variable.other",
        ":  punctuation.separator",
        "10  constant.numeric",
        ")  punctuation.bracket",
        "solve  support.function",
        "{  punctuation.bracket",
        "to  variable.other",
        ":  punctuation.separator",
        "pi  constant.language",
        "}  punctuation.bracket",
        "report  storage.type",
        "broken  variable.other",
        "=  punctuation.separator",
        ""no end  string.quoted.double.unterminated",
      ]
    `);
  });

  it("agrees with the lexer on every example", () => {
    for (const file of globSync("examples/*/*.bilevel")) {
      const source = readFileSync(file, "utf8");
      const scopes = new Map(coloured(source).map(({ start, scope }) => [start, scope]));
      const { tokens, groups } = lexer.tokenize(source);
      for (const comment of groups["comments"] ?? []) expect(scopes.get(comment.startOffset)).toMatch(/^comment/);
      for (const [k, token] of tokens.entries()) {
        const isLabel = tokens[k - 1]?.image === "." || tokens[k + 1]?.image === ":";
        const expected =
          token.tokenType === StringToken
            ? /^string/
            : token.tokenType === NumberToken
              ? /^constant\.numeric/
              : isKeyword(token) && !isLabel
                ? /^(storage|keyword|support|constant)/
                : token.tokenType === NameToken || isKeyword(token)
                  ? /^(variable|entity|support|constant\.language|keyword\.other)/
                  : /^(keyword\.operator|punctuation)/;
        expect(scopes.get(token.startOffset), `${file}: ${token.image} at line ${token.startLine}`).toMatch(expected);
      }
    }
  });
});
