/** Tree to layout: expressions, with the fewest parentheses that read back as the same tree. */
import type { Comments } from "./comments.ts";
import { commentText, slot, slotLayout } from "./comments.ts";
import type { Span } from "./diagnostics.ts";
import type { Layout } from "./layout.ts";
import { concat, group, hardLine, ifBroken, indent, line, separated, sequence, softLine } from "./layout.ts";
import { operatorPrecedence, precedence } from "./precedence.ts";
import type { Arguments, Binder, Expression, ExpressionKind, IndexItem, NamedArgument } from "./syntax.ts";

function precedenceOf(expression: Expression): number {
  if (expression.kind === "binary") return operatorPrecedence[expression.operator];
  return expression.kind === "unary" ? precedence.prefix : precedence.postfix;
}

type Of<K extends ExpressionKind> = Extract<Expression, { kind: K }>;

const printers: { readonly [K in ExpressionKind]: (comments: Comments, expression: Of<K>) => Layout } = {
  number: (_, { text }) => text,
  string: (_, { value }) => JSON.stringify(value),
  boolean: (_, { value }) => String(value),
  name: (_, { name }) => name,
  list: (comments, { items, span }) =>
    bracketed(
      comments,
      "[",
      items.map((item) => expressionItem(comments, item)),
      "]",
      span.end,
    ),
  unary: (comments, { operator, operand }) => concat(operator, expressionLayout(comments, operand, precedence.prefix)),
  binary: (comments, expression) =>
    expression.operator === "^" ? power(comments, expression) : chain(comments, expression),
  transpose: (comments, { operand }) => concat(expressionLayout(comments, operand, precedence.postfix), "'"),
  field: (comments, { object, field }) =>
    concat(expressionLayout(comments, object, precedence.postfix), ".", field.text),
  index: (comments, { object, items, span }) =>
    concat(
      expressionLayout(comments, object, precedence.postfix),
      bracketed(
        comments,
        "[",
        items.map((item) => ({ span: item.span, print: () => indexItem(comments, item) })),
        "]",
        span.end,
      ),
    ),
  call: (comments, { callee, arguments: given, weights, span }) =>
    concat(expressionLayout(comments, callee, precedence.postfix), argumentsLayout(comments, given, weights, span.end)),
  reduce: (comments, { reducer, binders, body, span }) =>
    concat(
      reducer,
      "[",
      separated(
        binders.map((binder) => binderLayout(comments, binder)),
        ", ",
      ),
      "]",
      bracketed(comments, "(", [{ ...expressionItem(comments, body), single: true }], ")", span.end),
    ),
};

/** @param least How tight the expression has to be to stand without parentheses. */
export function expressionLayout(comments: Comments, expression: Expression, least = 0): Layout {
  const print = printers[expression.kind] as (comments: Comments, expression: Expression) => Layout;
  const layout = print(comments, expression);
  const parenthesized = precedenceOf(expression) < least || (expression.kind === "binary" && expression.parenthesized);
  return parenthesized ? concat("(", indent(1, layout), ")") : layout;
}

// --------------------------------------------------------------------------------------------------- operators

function power(comments: Comments, { left, right }: Of<"binary">): Layout {
  return concat(expressionLayout(comments, left, precedence.postfix), "^", exponent(comments, right));
}

/** An exponent may start with minus signs: `x^-2`. */
function exponent(comments: Comments, expression: Expression): Layout {
  if (expression.kind !== "unary" || expression.operator !== "-")
    return expressionLayout(comments, expression, precedence.power);
  return concat("-", exponent(comments, expression.operand));
}

/** `first op second op third`: operators of one tightness are one chain, broken before every operator or none. */
function chain(comments: Comments, expression: Of<"binary">): Layout {
  const own = operatorPrecedence[expression.operator];
  const links: Of<"binary">[] = [];
  let first: Expression = expression;
  while (
    first.kind === "binary" &&
    operatorPrecedence[first.operator] === own &&
    (links.length === 0 || own !== precedence.comparison)
  ) {
    links.unshift(first);
    first = first.left;
  }
  const start = first;
  comments.hoist(comments.before(start.span.start));
  const head = slot(
    comments,
    start.span,
    () => expressionLayout(comments, start, own === precedence.comparison ? own + 1 : own),
    links[0]?.right.span.start ?? 0,
  );
  comments.hoist(head.leading);
  const rest = links.map(({ operator, right }, i) => {
    const limit = links[i + 1]?.right.span.start;
    const operand = slot(
      comments,
      right.span,
      () => concat(operator, " ", expressionLayout(comments, right, own + 1)),
      limit,
    );
    return concat(line, slotLayout(operand));
  });
  return group(head.body, head.after, indent(2, sequence(rest)));
}

// ----------------------------------------------------------------------------------------------------- brackets

/** One item of a list in brackets. */
export interface Item {
  readonly span: Span;
  readonly print: () => Layout;
  /** What separates it from the item before; a comma unless said. */
  readonly mark?: ";";
  /** Whether no comma may follow it. */
  readonly single?: boolean;
}

/** `[a, b]`, or an item a line with a comma each. `end` is the offset after the closing bracket. */
export function bracketed(
  comments: Comments,
  open: string,
  items: readonly Item[],
  close: string,
  end: number,
  padding: Layout = softLine,
): Layout {
  const slots = items.map(({ span, print }, i) =>
    slotLayout(slot(comments, span, print, items[i + 1]?.span.start ?? end)),
  );
  const dangling = comments.before(end).flatMap((comment) => [hardLine, commentText(comment)]);
  const last = items.at(-1);
  if (last === undefined) {
    return dangling.length === 0 ? open + close : concat(open, indent(2, sequence(dangling)), hardLine, close);
  }
  const body = slots.flatMap((each, i) => (i === 0 ? [each] : [items[i]?.mark ?? ",", line, each]));
  const lead = last === items[0] && last.mark ? `${last.mark} ` : "";
  const comma = last.mark || last.single ? "" : ifBroken(",");
  return group(open, indent(2, padding, lead, sequence(body), comma, sequence(dangling)), padding, close);
}

function expressionItem(comments: Comments, expression: Expression): Item {
  return { span: expression.span, print: () => expressionLayout(comments, expression) };
}

/** A call with one of these as its only argument is not broken. */
const atoms: ReadonlySet<ExpressionKind> = new Set(["number", "string", "boolean", "name"]);

/** `(a, b, key: c; w)`. */
export function argumentsLayout(
  comments: Comments,
  given: Arguments,
  weights: Expression | undefined,
  end: number,
): Layout {
  const [only] = given.positional;
  const count = given.positional.length + given.named.length + (weights ? 1 : 0);
  if (only !== undefined && count === 1 && atoms.has(only.kind))
    return concat("(", expressionLayout(comments, only), ")");
  const items: Item[] = [
    ...given.positional.map((value) => expressionItem(comments, value)),
    ...given.named.map((argument) => namedItem(comments, argument)),
    ...(weights ? [{ ...expressionItem(comments, weights), mark: ";" as const }] : []),
  ];
  return bracketed(comments, "(", items, ")", end);
}

function namedItem(comments: Comments, { name, value }: NamedArgument): Item {
  const span = { ...name.span, end: value.span.end };
  return { span, print: () => concat(name.text, ": ", expressionLayout(comments, value)) };
}

function indexItem(comments: Comments, item: IndexItem): Layout {
  if (item.kind === "at") return expressionLayout(comments, item.value);
  const from = item.from ? expressionLayout(comments, item.from) : "";
  return concat(from, ":", item.to ? expressionLayout(comments, item.to) : "");
}

export function binderLayout(comments: Comments, { name, range }: Binder): Layout {
  return concat(name ? `${name.text} in ` : "", expressionLayout(comments, range));
}

/** Expressions with commas between them and no brackets around. The first does not start a line, so it hoists. */
export function commaSeparated(comments: Comments, expressions: readonly Expression[]): Layout {
  const layouts = expressions.map((each, i) => {
    const item = slot(comments, each.span, () => expressionLayout(comments, each), expressions[i + 1]?.span.start);
    if (i > 0) return slotLayout(item);
    comments.hoist(item.leading);
    return slotLayout({ ...item, leading: [] });
  });
  return separated(layouts, concat(",", line));
}
