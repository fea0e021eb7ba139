/**
 * The grammar of types and expressions, as rules of a concrete-syntax parser; parser.ts adds the statements.
 *
 * One token of lookahead decides everywhere, but for a label (a second token `:`) and a binder (a second token `in`).
 */
import type { CstNode, IToken, ParserMethod, TokenType } from "chevrotain";
import { CstParser } from "chevrotain";
import { expectations } from "./expected.ts";
import {
  BinaryOperatorToken,
  Label,
  markTokens as mark,
  NameToken,
  NumberToken,
  Reducer,
  StringToken,
  vocabulary,
  keywordTokens as word,
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

export type Rule = ParserMethod<[], CstNode>;

export class ExpressionParser extends CstParser {
  private depth = 0;

  constructor() {
    super([...vocabulary], { maxLookahead: 1, nodeLocationTracking: "full", errorMessageProvider: expectations });
  }

  override reset(): void {
    super.reset();
    this.depth = 0;
  }

  // ---------------------------------------------------------------------------------------- names and types

  protected readonly names: Rule = this.RULE("names", () => {
    this.AT_LEAST_ONE_SEP({ SEP: mark[","], DEF: () => this.CONSUME(NameToken) });
  });

  protected readonly expressions: Rule = this.RULE("expressions", () => {
    this.AT_LEAST_ONE_SEP({ SEP: mark[","], DEF: () => this.SUBRULE(this.expression) });
  });

  /** `v` or `v[task in tasks]`. */
  protected readonly indexedName: Rule = this.RULE("indexedName", () => {
    this.CONSUME(NameToken);
    this.OPTION(() => {
      this.CONSUME(mark["["]);
      this.SUBRULE(this.binder);
      this.CONSUME(mark["]"]);
    });
  });

  protected readonly mapType: Rule = this.RULE("mapType", () => {
    this.AT_LEAST_ONE_SEP({ SEP: mark[","], DEF: () => this.SUBRULE(this.type, { LABEL: "from" }) });
    this.CONSUME(mark["->"]);
    this.SUBRULE2(this.type, { LABEL: "to" });
  });

  protected readonly type: Rule = this.RULE("type", () => {
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

  protected readonly weightsOf: Rule = this.RULE("weightsOf", () => {
    this.CONSUME(mark["("]);
    this.CONSUME(NameToken);
    this.CONSUME(mark[")"]);
  });

  protected readonly sizes: Rule = this.RULE("sizes", () => {
    this.CONSUME(mark["["]);
    this.commaList(this.size, mark["]"]);
    this.CONSUME(mark["]"]);
  });

  protected readonly size: Rule = this.RULE("size", () => {
    this.OR([{ ALT: () => this.CONSUME(mark["*"]) }, { ALT: () => this.SUBRULE(this.expression) }]);
  });

  protected readonly fields: Rule = this.RULE("fields", () => {
    this.CONSUME(mark["{"]);
    this.commaList(this.field, mark["}"]);
    this.CONSUME(mark["}"]);
  });

  protected readonly field: Rule = this.RULE("field", () => {
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
  protected readonly prefixed: Rule = this.RULE("prefixed", () => {
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

  protected readonly power: Rule = this.RULE("power", () => {
    this.SUBRULE(this.postfixed);
    this.OPTION(() => {
      this.CONSUME(mark["^"]);
      this.SUBRULE(this.exponent);
    });
  });

  protected readonly exponent: Rule = this.RULE("exponent", () => {
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

  protected readonly postfixed: Rule = this.RULE("postfixed", () => {
    this.SUBRULE(this.primary);
    this.MANY(() => this.SUBRULE(this.suffix));
  });

  protected readonly suffix: Rule = this.RULE("suffix", () => {
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

  protected readonly primary: Rule = this.RULE("primary", () => {
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

  protected readonly list: Rule = this.RULE("list", () => {
    this.CONSUME(mark["["]);
    this.OPTION1(() => this.commaList(this.expression, mark["]"]));
    this.CONSUME(mark["]"]);
  });

  /** `E[train](...)` and `sum[train](...)`, or the plain calls `E(...)` and `sum(...)`. */
  protected readonly reduction: Rule = this.RULE("reduction", () => {
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

  protected readonly solveCall: Rule = this.RULE("solveCall", () => {
    this.CONSUME(word.solve);
    this.SUBRULE(this.callArguments);
  });

  protected readonly binders: Rule = this.RULE("binders", () => {
    this.CONSUME(mark["["]);
    this.commaList(this.binder, mark["]"]);
    this.CONSUME(mark["]"]);
  });

  protected readonly binder: Rule = this.RULE("binder", () => {
    this.OPTION({
      GATE: () => this.LA(2).tokenType === word.in,
      DEF: () => {
        this.CONSUME(NameToken);
        this.CONSUME(word.in);
      },
    });
    this.SUBRULE(this.expression);
  });

  protected readonly indexItems: Rule = this.RULE("indexItems", () => {
    this.CONSUME(mark["["]);
    this.commaList(this.indexItem, mark["]"]);
    this.CONSUME(mark["]"]);
  });

  protected readonly indexItem: Rule = this.RULE("indexItem", () => {
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

  protected readonly sliceEnd: Rule = this.RULE("sliceEnd", () => {
    this.CONSUME(mark[":"]);
    this.OPTION(() => this.SUBRULE(this.expression));
  });

  protected readonly callArguments: Rule = this.RULE("callArguments", () => {
    this.CONSUME(mark["("]);
    this.OPTION1(() => this.commaList(this.argument, mark[")"], mark[";"]));
    this.OPTION2(() => {
      this.CONSUME(mark[";"]);
      this.SUBRULE(this.expression, { LABEL: "weights" });
    });
    this.CONSUME(mark[")"]);
  });

  protected readonly argument: Rule = this.RULE("argument", () => {
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
  protected commaList(item: Rule, ...ends: readonly TokenType[]): void {
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
