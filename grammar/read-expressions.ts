/** Concrete syntax to tree: expressions and what they are made of. */
import type { CstNode, IToken } from "chevrotain";
import type * as Cst from "./cst.ts";
import type { Diagnostic, Span } from "./diagnostics.ts";
import { argumentOrder, chainedComparison, notCallable, notIndexable, unknownEscape } from "./errors.ts";
import { operatorPrecedence, precedence } from "./precedence.ts";
import type {
  Arguments,
  BinaryOperator,
  Binder,
  Expression,
  ExpressionKind,
  IndexItem,
  Name,
  NamedArgument,
} from "./syntax.ts";

/** What reading a file carries along: the file, for spans, and where diagnostics go. */
export interface Reader {
  readonly file: string;
  readonly report: (diagnostic: Diagnostic) => void;
}

type Of<K extends ExpressionKind> = Extract<Expression, { kind: K }>;

// --------------------------------------------------------------------------------------------------- helpers

export function tokenSpan({ file }: Reader, token: IToken): Span {
  return { file, start: token.startOffset, end: token.startOffset + token.image.length };
}

export function nodeSpan({ file }: Reader, node: CstNode): Span {
  const { startOffset = 0, endOffset = startOffset } = node.location ?? {};
  return { file, start: startOffset, end: endOffset + 1 };
}

function join(first: Span, last: Span): Span {
  return { file: first.file, start: first.start, end: last.end };
}

/** The one child that the grammar guarantees. */
export function only<T>(children: readonly T[] | undefined): T {
  const child = children?.[0];
  if (child === undefined) throw new Error("the parser let an incomplete construct pass");
  return child;
}

export function readName(reader: Reader, token: IToken): Name {
  return { text: token.image.normalize("NFC"), span: tokenSpan(reader, token) };
}

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** The value of a string token, escapes resolved as in JSON. */
export function readString(reader: Reader, token: IToken): string {
  const body = token.image.replace(/^["']/, "").replace(/["']$/, "");
  return body.replace(
    /\\(?:u([0-9a-fA-F]{4})|(.)|$)/gsu,
    (all, code: string | undefined, letter: string | undefined, at: number) => {
      if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
      const value = escapes[letter ?? ""];
      if (value === undefined && letter !== undefined) {
        const start = token.startOffset + 1 + at;
        reader.report(unknownEscape({ file: reader.file, start, end: start + all.length }, all));
      }
      return value ?? letter ?? "";
    },
  );
}

function binary(reader: Reader, left: Expression, operator: IToken, right: Expression): Of<"binary"> {
  return {
    kind: "binary",
    operator: operator.image as BinaryOperator,
    left,
    right,
    operatorSpan: tokenSpan(reader, operator),
    span: join(left.span, right.span),
  };
}

// ----------------------------------------------------------------------------------------------- expressions

export function readExpression(reader: Reader, { children }: Cst.ExpressionCstNode): Expression {
  const operands = children.prefixed.map((node) => readPrefixed(reader, node));
  return groupOperators(reader, operands, children.BinaryOperator ?? []);
}

/** `a + b * c`, by precedence climbing: each operator takes on its right what binds tighter than itself. */
function groupOperators(reader: Reader, operands: readonly Expression[], operators: readonly IToken[]): Expression {
  let next = 0;
  const climb = (least: number): Expression => {
    let left = only(operands.slice(next, next + 1));
    let comparison: IToken | undefined;
    for (let operator = operators[next]; operator !== undefined; operator = operators[next]) {
      const own = operatorPrecedence[operator.image as BinaryOperator];
      if (own < least) return left;
      if (own === precedence.comparison) {
        if (comparison) reader.report(chainedComparison(tokenSpan(reader, operator), tokenSpan(reader, comparison)));
        comparison = operator;
      }
      next += 1;
      const operand = operands[next];
      const right = climb(own + 1);
      left = binary(reader, left, operator, right === operand ? withParentheses(own, right) : right);
    }
    return left;
  };
  return climb(0);
}

/** Marks an operand that is a product: standing as one operand after `*` or `/`, it was in parentheses. */
function withParentheses(operator: number, operand: Expression): Expression {
  const marked = operator === precedence.multiplicative && operand.kind === "binary" && operand.operator === "@";
  return marked ? { ...operand, parenthesized: true } : operand;
}

function readPrefixed(reader: Reader, node: Cst.PrefixedCstNode): Expression {
  const { power, prefixed, Minus } = node.children;
  if (power !== undefined) return readPower(reader, only(power));
  const operand = readPrefixed(reader, only(prefixed));
  return { kind: "unary", operator: Minus ? "-" : "!", operand, span: nodeSpan(reader, node) };
}

function readPower(reader: Reader, { children }: Cst.PowerCstNode): Expression {
  const base = readPostfixed(reader, only(children.postfixed));
  if (children.exponent === undefined) return base;
  return binary(reader, base, only(children.Caret), readExponent(reader, only(children.exponent)));
}

function readExponent(reader: Reader, node: Cst.ExponentCstNode): Expression {
  const { power, exponent } = node.children;
  if (power !== undefined) return readPower(reader, only(power));
  return { kind: "unary", operator: "-", operand: readExponent(reader, only(exponent)), span: nodeSpan(reader, node) };
}

function readPostfixed(reader: Reader, { children }: Cst.PostfixedCstNode): Expression {
  const start = readPrimary(reader, only(children.primary));
  return (children.suffix ?? []).reduce((object, suffix) => readSuffix(reader, object, suffix), start);
}

function readSuffix(reader: Reader, object: Expression, node: Cst.SuffixCstNode): Expression {
  const { Label, indexItems, callArguments } = node.children;
  const span = join(object.span, nodeSpan(reader, node));
  if (Label !== undefined) {
    const what = literalName(object);
    if (what !== undefined) reader.report(notIndexable(object.span, what, "fields"));
    return { kind: "field", object, field: readName(reader, only(Label)), span };
  }
  if (indexItems !== undefined) {
    const what = literalName(object);
    if (what !== undefined) reader.report(notIndexable(object.span, what, "entries"));
    const items = only(indexItems).children.indexItem.map((item) => readIndexItem(reader, item));
    return { kind: "index", object, items, span };
  }
  if (callArguments !== undefined) {
    const callable = object.kind === "name" || isIndexedName(object) || isFrozenCopy(object);
    if (!callable) reader.report(notCallable(object.span, literalName(object) ?? "This expression"));
    return { kind: "call", callee: object, ...readCallArguments(reader, only(callArguments)), span };
  }
  return { kind: "transpose", operand: object, span };
}

const isIndexedName = (object: Expression): boolean => object.kind === "index" && object.object.kind === "name";

/** `stop(h)`, which is called like h. */
const isFrozenCopy = (object: Expression): boolean =>
  object.kind === "call" && object.callee.kind === "name" && object.callee.name === "stop";

const literalNames: Partial<Record<Expression["kind"], string>> = {
  number: "A number",
  string: "A string",
  boolean: "`true` or `false`",
  list: "A list",
};

function literalName(expression: Expression): string | undefined {
  return literalNames[expression.kind];
}

function readPrimary(reader: Reader, node: Cst.PrimaryCstNode): Expression {
  const children = node.children;
  const span = nodeSpan(reader, node);
  if (children.Number !== undefined) {
    const text = only(children.Number).image;
    return { kind: "number", value: Number(text.replaceAll("_", "")), text, span };
  }
  if (children.String !== undefined) return { kind: "string", value: readString(reader, only(children.String)), span };
  if (children.trueKeyword !== undefined) return { kind: "boolean", value: true, span };
  if (children.falseKeyword !== undefined) return { kind: "boolean", value: false, span };
  if (children.Name !== undefined) return { kind: "name", name: readName(reader, only(children.Name)).text, span };
  if (children.list !== undefined) {
    const items = only(children.list).children.expression ?? [];
    return { kind: "list", items: items.map((item) => readExpression(reader, item)), span };
  }
  if (children.reduction !== undefined) return readReduction(reader, only(children.reduction));
  if (children.solveCall !== undefined) {
    const { solveKeyword, callArguments } = only(children.solveCall).children;
    return { ...readWordCall(reader, only(solveKeyword), only(callArguments)), span };
  }
  // Parentheses: the tree's shape says them, the span keeps them.
  return { ...readExpression(reader, only(children.expression)), span };
}

function readReduction(reader: Reader, node: Cst.ReductionCstNode): Expression {
  const { Reducer, binders, expression, callArguments } = node.children;
  const word = only(Reducer);
  const span = nodeSpan(reader, node);
  if (callArguments !== undefined) return { ...readWordCall(reader, word, only(callArguments)), span };
  return {
    kind: "reduce",
    reducer: word.image === "E" ? "E" : "sum",
    binders: only(binders).children.binder.map((binder) => readBinder(reader, binder)),
    body: readExpression(reader, only(expression)),
    span,
  };
}

/** A call of a reserved word: `sum(...)`, `E(...)`, `solve(...)`. */
function readWordCall(reader: Reader, word: IToken, node: Cst.CallArgumentsCstNode): Expression {
  const callee: Expression = { kind: "name", name: word.image, span: tokenSpan(reader, word) };
  return { kind: "call", callee, ...readCallArguments(reader, node), span: join(callee.span, nodeSpan(reader, node)) };
}

// ------------------------------------------------------------------------------- arguments, indices, binders

/** `(a, b, key: c; w)`. */
export function readCallArguments(
  reader: Reader,
  { children }: Cst.CallArgumentsCstNode,
): { arguments: Arguments; weights?: Expression } {
  const positional: Expression[] = [];
  const named: NamedArgument[] = [];
  for (const { children: argument } of children.argument ?? []) {
    const value = readExpression(reader, only(argument.expression));
    if (argument.Label !== undefined) {
      named.push({ name: readName(reader, only(argument.Label)), value });
    } else {
      if (named[0] !== undefined) reader.report(argumentOrder(value.span, named[0].name.span));
      positional.push(value);
    }
  }
  const weights = children.weights && readExpression(reader, only(children.weights));
  return { arguments: { positional, named }, ...(weights && { weights }) };
}

function readIndexItem(reader: Reader, node: Cst.IndexItemCstNode): IndexItem {
  const { expression, sliceEnd } = node.children;
  const span = nodeSpan(reader, node);
  const from = expression && readExpression(reader, only(expression));
  if (sliceEnd === undefined && from !== undefined) return { kind: "at", value: from, span };
  const end = only(sliceEnd).children.expression;
  return { kind: "slice", ...(from && { from }), ...(end && { to: readExpression(reader, only(end)) }), span };
}

export function readBinder(reader: Reader, node: Cst.BinderCstNode): Binder {
  const { Name, expression } = node.children;
  const range = readExpression(reader, only(expression));
  return { ...(Name && { name: readName(reader, only(Name)) }), range, span: nodeSpan(reader, node) };
}
