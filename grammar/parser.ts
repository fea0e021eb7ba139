/**
 * The grammar, as a concrete-syntax parser for one statement at a time: a declaration, the `minimize` head of the problem,
 * or one `where`/`and` clause. statements.ts cuts the text into statements, so a mistake costs one of them and no more.
 *
 * One token of lookahead decides everywhere, but for a label (a second token `:`), a binder (a second token `in`) and
 * `adjoint by`.
 */
import type { CstNode, IToken, ParserMethod, TokenType } from "chevrotain";
import { CstParser } from "chevrotain";
import type { StatementCstNode } from "./cst.ts";
import { expectations } from "./expected.ts";
import {
  BinaryOperatorToken,
  keywordTokens as word,
  Label,
  markTokens as mark,
  NameToken,
  NumberToken,
  Reducer,
  StringToken,
  vocabulary,
} from "./tokens.ts";

/** How deeply brackets, prefix operators and powers may nest before a statement is refused. */
export const maximumNesting = 256;

/** Thrown by the parser at the token that exceeds {@link maximumNesting}. */
export class TooDeep extends Error {
  readonly token: IToken;
  constructor(token: IToken) {
    super("nested too deeply");
    this.token = token;
  }
}

type Rule = ParserMethod<[], CstNode>;

class StatementParser extends CstParser {
  private depth = 0;

  constructor() {
    super([...vocabulary], { maxLookahead: 1, nodeLocationTracking: "full", errorMessageProvider: expectations });
    this.performSelfAnalysis();
  }

  override reset(): void {
    super.reset();
    this.depth = 0;
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

  // ---------------------------------------------------------------------------------------- names and types

  private readonly names: Rule = this.RULE("names", () => {
    this.AT_LEAST_ONE_SEP({ SEP: mark[","], DEF: () => this.CONSUME(NameToken) });
  });

  private readonly expressions: Rule = this.RULE("expressions", () => {
    this.AT_LEAST_ONE_SEP({ SEP: mark[","], DEF: () => this.SUBRULE(this.expression) });
  });

  /** `v` or `v[task in tasks]`. */
  private readonly indexedName: Rule = this.RULE("indexedName", () => {
    this.CONSUME(NameToken);
    this.OPTION(() => {
      this.CONSUME(mark["["]);
      this.SUBRULE(this.binder);
      this.CONSUME(mark["]"]);
    });
  });

  private readonly mapType: Rule = this.RULE("mapType", () => {
    this.AT_LEAST_ONE_SEP({ SEP: mark[","], DEF: () => this.SUBRULE(this.type, { LABEL: "from" }) });
    this.CONSUME(mark["->"]);
    this.SUBRULE2(this.type, { LABEL: "to" });
  });

  private readonly type: Rule = this.RULE("type", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(NameToken);
          this.OPTION1(() => {
            this.OR2([{ ALT: () => this.SUBRULE(this.sizes) }, { ALT: () => this.SUBRULE(this.weightsOf) }]);
          });
        },
      },
      { ALT: () => this.SUBRULE(this.fields) },
    ]);
  });

  private readonly weightsOf: Rule = this.RULE("weightsOf", () => {
    this.CONSUME(mark["("]);
    this.CONSUME(NameToken);
    this.CONSUME(mark[")"]);
  });

  private readonly sizes: Rule = this.RULE("sizes", () => {
    this.CONSUME(mark["["]);
    this.commaList(this.size, mark["]"]);
    this.CONSUME(mark["]"]);
  });

  private readonly size: Rule = this.RULE("size", () => {
    this.OR([{ ALT: () => this.CONSUME(mark["*"]) }, { ALT: () => this.SUBRULE(this.expression) }]);
  });

  private readonly fields: Rule = this.RULE("fields", () => {
    this.CONSUME(mark["{"]);
    this.commaList(this.field, mark["}"]);
    this.CONSUME(mark["}"]);
  });

  private readonly field: Rule = this.RULE("field", () => {
    this.CONSUME(Label);
    this.CONSUME(mark[":"]);
    this.SUBRULE(this.type);
  });

  // --------------------------------------------------------------------------------------------- expressions

  /** Operands and operators in a row; read-expressions.ts groups them by precedence. */
  readonly expression: Rule = this.RULE("expression", () => {
    this.SUBRULE(this.prefixed);
    this.MANY(() => {
      this.CONSUME(BinaryOperatorToken);
      this.SUBRULE2(this.prefixed);
    });
  });

  /** Every recursion of an expression passes here, so this is where nesting is counted. */
  private readonly prefixed: Rule = this.RULE("prefixed", () => {
    this.enter();
    this.OR([
      {
        ALT: () => {
          this.OR2([{ ALT: () => this.CONSUME(mark["-"]) }, { ALT: () => this.CONSUME(mark["!"]) }]);
          this.SUBRULE(this.prefixed);
        },
      },
      { ALT: () => this.SUBRULE(this.power) },
    ]);
    this.leave();
  });

  private readonly power: Rule = this.RULE("power", () => {
    this.SUBRULE(this.postfixed);
    this.OPTION(() => {
      this.CONSUME(mark["^"]);
      this.SUBRULE(this.exponent);
    });
  });

  private readonly exponent: Rule = this.RULE("exponent", () => {
    this.enter();
    this.OR([
      {
        ALT: () => {
          this.CONSUME(mark["-"]);
          this.SUBRULE(this.exponent);
        },
      },
      { ALT: () => this.SUBRULE(this.power) },
    ]);
    this.leave();
  });

  private readonly postfixed: Rule = this.RULE("postfixed", () => {
    this.SUBRULE(this.primary);
    this.MANY(() => this.SUBRULE(this.suffix));
  });

  private readonly suffix: Rule = this.RULE("suffix", () => {
    this.OR([
      { ALT: () => this.CONSUME(mark["'"]) },
      {
        ALT: () => {
          this.CONSUME(mark["."]);
          this.CONSUME(Label);
        },
      },
      { ALT: () => this.SUBRULE(this.indexItems) },
      { ALT: () => this.SUBRULE(this.callArguments) },
    ]);
  });

  private readonly primary: Rule = this.RULE("primary", () => {
    this.OR([
      { ALT: () => this.CONSUME(NumberToken) },
      { ALT: () => this.CONSUME(StringToken) },
      { ALT: () => this.CONSUME(word.true) },
      { ALT: () => this.CONSUME(word.false) },
      { ALT: () => this.CONSUME(NameToken) },
      { ALT: () => this.SUBRULE(this.list) },
      { ALT: () => this.SUBRULE(this.reduction) },
      { ALT: () => this.SUBRULE(this.solveCall) },
      {
        ALT: () => {
          this.CONSUME(mark["("]);
          this.SUBRULE(this.expression);
          this.CONSUME(mark[")"]);
        },
      },
    ]);
  });

  private readonly list: Rule = this.RULE("list", () => {
    this.CONSUME(mark["["]);
    this.OPTION1(() => this.commaList(this.expression, mark["]"]));
    this.CONSUME(mark["]"]);
  });

  /** `E[train](...)` and `sum[train](...)`, or the plain calls `E(...)` and `sum(...)`. */
  private readonly reduction: Rule = this.RULE("reduction", () => {
    this.CONSUME(Reducer);
    this.OR([
      {
        ALT: () => {
          this.SUBRULE(this.binders);
          this.CONSUME(mark["("]);
          this.SUBRULE(this.expression);
          this.CONSUME(mark[")"]);
        },
      },
      { ALT: () => this.SUBRULE(this.callArguments) },
    ]);
  });

  private readonly solveCall: Rule = this.RULE("solveCall", () => {
    this.CONSUME(word.solve);
    this.SUBRULE(this.callArguments);
  });

  private readonly binders: Rule = this.RULE("binders", () => {
    this.CONSUME(mark["["]);
    this.commaList(this.binder, mark["]"]);
    this.CONSUME(mark["]"]);
  });

  private readonly binder: Rule = this.RULE("binder", () => {
    this.OPTION({
      GATE: () => this.LA(2).tokenType === word.in,
      DEF: () => {
        this.CONSUME(NameToken);
        this.CONSUME(word.in);
      },
    });
    this.SUBRULE(this.expression);
  });

  private readonly indexItems: Rule = this.RULE("indexItems", () => {
    this.CONSUME(mark["["]);
    this.commaList(this.indexItem, mark["]"]);
    this.CONSUME(mark["]"]);
  });

  private readonly indexItem: Rule = this.RULE("indexItem", () => {
    this.OR([
      { ALT: () => this.SUBRULE1(this.sliceEnd) },
      {
        ALT: () => {
          this.SUBRULE(this.expression);
          this.OPTION(() => this.SUBRULE2(this.sliceEnd));
        },
      },
    ]);
  });

  private readonly sliceEnd: Rule = this.RULE("sliceEnd", () => {
    this.CONSUME(mark[":"]);
    this.OPTION(() => this.SUBRULE(this.expression));
  });

  private readonly callArguments: Rule = this.RULE("callArguments", () => {
    this.CONSUME(mark["("]);
    this.OPTION1(() => this.commaList(this.argument, mark[")"], mark[";"]));
    this.OPTION2(() => {
      this.CONSUME(mark[";"]);
      this.SUBRULE(this.expression, { LABEL: "weights" });
    });
    this.CONSUME(mark[")"]);
  });

  private readonly argument: Rule = this.RULE("argument", () => {
    this.OPTION({
      GATE: () => this.LA(2).tokenType === mark[":"],
      DEF: () => {
        this.CONSUME(Label);
        this.CONSUME(mark[":"]);
      },
    });
    this.SUBRULE(this.expression);
  });

  // ------------------------------------------------------------------------------------------------- helpers

  /** `item ("," item)* [","]`, where a comma before one of `ends` is the trailing one. Once per rule. */
  private commaList(item: Rule, ...ends: readonly TokenType[]): void {
    this.SUBRULE8(item);
    this.MANY8({
      GATE: () => !ends.includes(this.LA(2).tokenType),
      DEF: () => {
        this.CONSUME8(mark[","]);
        this.SUBRULE9(item);
      },
    });
    this.OPTION8(() => this.CONSUME9(mark[","]));
  }

  private enter(): void {
    this.ACTION(() => {
      this.depth += 1;
      if (this.depth > maximumNesting) throw new TooDeep(this.LA(1));
    });
  }

  private leave(): void {
    this.ACTION(() => {
      this.depth -= 1;
    });
  }
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
 * throws {@link TooDeep}.
 */
export function parseStatement(tokens: readonly IToken[]): { node?: StatementCstNode; mistake?: Mistake } {
  parser.input = [...tokens];
  const node = parser.statement() as StatementCstNode | undefined;
  const error = parser.errors[0];
  if (error === undefined) return { node };
  const leftover = error.name === "NotAllInputParsedException";
  const rule = error.context.ruleStack.at(-1) ?? "statement";
  return { node: leftover ? node : undefined, mistake: { expected: error.message, found: error.token, rule, leftover } };
}
