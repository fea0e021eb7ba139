/**
 * The grammar of statements: a declaration, the `minimize` head of the problem, or one `where`/`and` clause. Each is parsed
 * alone: statements.ts cuts the text into statements, so a mistake costs one of them and no more.
 */
import type { IToken } from "chevrotain";
import type { StatementCstNode } from "./cst.ts";
import type { Rule } from "./parser-expressions.ts";
import { ExpressionParser } from "./parser-expressions.ts";
import { Label, markTokens as mark, NameToken, StringToken, keywordTokens as word } from "./tokens.ts";

class StatementParser extends ExpressionParser {
  constructor() {
    super();
    this.performSelfAnalysis();
  }

  // ---------------------------------------------------------------------------------------------- statements

  readonly statement: Rule = this.RULE("statement", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.dimDeclaration) },
      { ALT: () => this.SUBRULE(this.paramDeclaration) },
      { ALT: () => this.SUBRULE(this.dataDeclaration) },
      { ALT: () => this.SUBRULE(this.letDeclaration) },
      { ALT: () => this.SUBRULE(this.varDeclaration) },
      { ALT: () => this.SUBRULE(this.networkDeclaration) },
      { ALT: () => this.SUBRULE(this.functionDeclaration) },
      { ALT: () => this.SUBRULE(this.reportDeclaration) },
      { ALT: () => this.SUBRULE(this.solveDeclaration) },
      { ALT: () => this.SUBRULE(this.importDeclaration) },
      { ALT: () => this.SUBRULE(this.objective) },
      { ALT: () => this.SUBRULE(this.whereClause) },
    ]);
  });

  private readonly dimDeclaration: Rule = this.RULE("dimDeclaration", () => {
    this.CONSUME(word.dim);
    this.CONSUME(NameToken);
    this.CONSUME(mark["="]);
    this.SUBRULE(this.expression);
  });

  private readonly paramDeclaration: Rule = this.RULE("paramDeclaration", () => {
    this.CONSUME(word.param);
    this.CONSUME(NameToken);
    this.CONSUME(mark[":"]);
    this.SUBRULE(this.type);
    this.CONSUME(mark["="]);
    this.SUBRULE(this.expression);
  });

  private readonly dataDeclaration: Rule = this.RULE("dataDeclaration", () => {
    this.CONSUME(word.data);
    this.SUBRULE(this.names);
    this.OPTION(() => {
      this.CONSUME(mark[":"]);
      this.SUBRULE(this.type);
    });
    this.CONSUME(mark["="]);
    this.SUBRULE(this.expression);
  });

  private readonly letDeclaration: Rule = this.RULE("letDeclaration", () => {
    this.CONSUME(word.let);
    this.CONSUME(NameToken);
    this.OPTION(() => this.SUBRULE(this.parameters));
    this.CONSUME(mark["="]);
    this.SUBRULE(this.expression);
  });

  private readonly parameters: Rule = this.RULE("parameters", () => {
    this.CONSUME(mark["("]);
    this.OPTION1(() => {
      this.CONSUME(NameToken);
      this.MANY({
        GATE: () => this.LA(2).tokenType !== mark[")"],
        DEF: () => {
          this.CONSUME(mark[","]);
          this.CONSUME2(NameToken);
        },
      });
      this.OPTION2(() => this.CONSUME2(mark[","]));
    });
    this.CONSUME(mark[")"]);
  });

  private readonly varDeclaration: Rule = this.RULE("varDeclaration", () => {
    this.CONSUME(word.var);
    this.SUBRULE(this.indexedName);
    this.CONSUME(mark[":"]);
    this.SUBRULE(this.type);
    this.MANY(() => this.SUBRULE(this.varModifier));
  });

  private readonly varModifier: Rule = this.RULE("varModifier", () => {
    this.OR([{ ALT: () => this.CONSUME(word.in) }, { ALT: () => this.CONSUME(word.init) }]);
    this.SUBRULE(this.expression);
  });

  private readonly networkDeclaration: Rule = this.RULE("networkDeclaration", () => {
    this.CONSUME(word.network);
    this.CONSUME(NameToken);
    this.CONSUME(mark[":"]);
    this.SUBRULE(this.mapType);
    this.CONSUME(mark["="]);
    this.SUBRULE(this.expression);
  });

  private readonly functionDeclaration: Rule = this.RULE("functionDeclaration", () => {
    this.CONSUME(word.function);
    this.SUBRULE(this.indexedName);
    this.CONSUME(mark[":"]);
    this.SUBRULE(this.mapType);
    this.CONSUME(word.in);
    this.SUBRULE(this.expression);
    this.OPTION(() => {
      this.CONSUME(word.by);
      this.SUBRULE2(this.expression, { LABEL: "family" });
    });
    this.OPTION2({
      GATE: () => this.LA(1).image === "adjoint",
      DEF: () => {
        this.CONSUME(NameToken, { LABEL: "adjointWord" });
        this.CONSUME2(word.by);
        this.SUBRULE3(this.expression, { LABEL: "adjoint" });
      },
    });
  });

  private readonly reportDeclaration: Rule = this.RULE("reportDeclaration", () => {
    this.CONSUME(word.report);
    this.CONSUME(NameToken);
    this.CONSUME(mark["="]);
    this.SUBRULE(this.expression);
  });

  private readonly solveDeclaration: Rule = this.RULE("solveDeclaration", () => {
    this.CONSUME(word.solve);
    this.CONSUME(mark["{"]);
    this.MANY(() => this.SUBRULE(this.solveEntry));
    this.CONSUME(mark["}"]);
  });

  private readonly solveEntry: Rule = this.RULE("solveEntry", () => {
    this.CONSUME(Label);
    this.CONSUME(mark[":"]);
    this.SUBRULE(this.expression);
    this.OPTION(() => this.CONSUME(mark[","]));
  });

  private readonly importDeclaration: Rule = this.RULE("importDeclaration", () => {
    this.CONSUME(word.import);
    this.CONSUME(StringToken);
  });

  // --------------------------------------------------------------------------------------------- the problem

  private readonly objective: Rule = this.RULE("objective", () => {
    this.OR([{ ALT: () => this.CONSUME(word.minimize) }, { ALT: () => this.CONSUME(word.maximize) }]);
    this.SUBRULE(this.expression);
    this.CONSUME(word.over);
    this.SUBRULE(this.names);
    this.OPTION(() => this.SUBRULE(this.subject));
  });

  private readonly whereClause: Rule = this.RULE("whereClause", () => {
    this.OR([{ ALT: () => this.CONSUME(word.where) }, { ALT: () => this.CONSUME(word.and) }]);
    this.SUBRULE(this.unknown);
    this.MANY(() => {
      this.CONSUME(mark[","]);
      this.SUBRULE2(this.unknown);
    });
    this.OR2([{ ALT: () => this.SUBRULE(this.optimizes) }, { ALT: () => this.SUBRULE(this.solves) }]);
  });

  private readonly optimizes: Rule = this.RULE("optimizes", () => {
    this.OR([{ ALT: () => this.CONSUME(word.minimizes) }, { ALT: () => this.CONSUME(word.maximizes) }]);
    this.SUBRULE(this.expression);
    this.OPTION(() => this.SUBRULE(this.subject));
    this.OPTION2(() => this.SUBRULE(this.selection));
  });

  private readonly solves: Rule = this.RULE("solves", () => {
    this.CONSUME(word.solves);
    this.SUBRULE(this.expression, { LABEL: "left" });
    this.CONSUME(mark["="]);
    this.SUBRULE2(this.expression, { LABEL: "right" });
  });

  private readonly subject: Rule = this.RULE("subject", () => {
    this.CONSUME(word.subject);
    this.CONSUME(word.to);
    this.SUBRULE(this.expressions);
  });

  private readonly selection: Rule = this.RULE("selection", () => {
    this.OPTION1(() => {
      this.CONSUME(word.selected);
      this.CONSUME(word.from);
      this.SUBRULE(this.expressions);
    });
    this.CONSUME(word.by);
    this.CONSUME(NameToken);
    this.OPTION2(() => this.SUBRULE(this.callArguments));
  });

  private readonly unknown: Rule = this.RULE("unknown", () => {
    this.CONSUME(NameToken);
    this.OPTION(() => {
      this.CONSUME(mark["["]);
      this.CONSUME2(NameToken, { LABEL: "index" });
      this.CONSUME(mark["]"]);
    });
  });
}

export const parser = new StatementParser();

/** Why a statement could not be read: what was expected (a phrase such as "`over`" or "an expression") and what stood there. */
export interface Mistake {
  readonly expected: string;
  readonly found: IToken;
  /** The grammar rule that was being read. */
  readonly rule: string;
  /** Whether a whole statement was read and `found` is the first token after it. */
  readonly leftover: boolean;
}

/**
 * Parses the tokens of one statement. `node` is there when a whole statement was read, also when tokens are left over;
 * throws TooDeep (parser-expressions.ts).
 */
export function parseStatement(tokens: readonly IToken[]): { node?: StatementCstNode; mistake?: Mistake } {
  parser.input = [...tokens];
  const node = parser.statement() as StatementCstNode | undefined;
  const error = parser.errors[0];
  if (error === undefined) return { node };
  const leftover = error.name === "NotAllInputParsedException";
  const rule = error.context.ruleStack.at(-1) ?? "statement";
  return {
    node: leftover ? node : undefined,
    mistake: { expected: error.message, found: error.token, rule, leftover },
  };
}
