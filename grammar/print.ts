/** Tree to source in the one canonical style: comments kept, at most one blank line where the author left some. */
import type { Comments } from "./comments.ts";
import { commentsOf, commentText, slot, slotLayout } from "./comments.ts";
import type { Layout } from "./layout.ts";
import { concat, group, hardLine, indent, line, render, separated, sequence } from "./layout.ts";
import { argumentsLayout, binderLayout, bracketed, commaSeparated, expressionLayout } from "./print-expressions.ts";
import type {
  Binder,
  Clause,
  Declaration,
  DeclarationKind,
  Expression,
  Level,
  MapTypeSyntax,
  Name,
  Program,
  Selection,
  SizeSyntax,
  TypeSyntax,
  UnknownSyntax,
  UpperProblem,
} from "./syntax.ts";

const width = 100;

/** The width of `minimize `, under which the problem's lines align. */
const column = 9;

/** Formatted source, with a final line break. Printing what was printed gives the same text. */
export function print(program: Program): string {
  const comments = commentsOf(program.comments);
  const lineAt = lineFinder(program.lineStarts);
  const blocks: Block[] = [];
  const addComments = (end: number) => {
    for (const comment of comments.before(end)) {
      const at = lineAt(comment.span.start);
      blocks.push({ firstLine: at, lastLine: at, layout: commentText(comment), doc: comment.doc });
    }
  };
  program.declarations.forEach((declaration, i) => {
    const { span, doc } = declaration;
    const from = blocks.length;
    addComments(span.start);
    const isDocumented = blocks.slice(from).some((block) => block.doc);
    const written =
      doc === undefined || isDocumented ? [] : doc.split("\n").map((text) => commentText({ doc: true, text }));
    const limit = program.declarations[i + 1]?.span.start ?? program.span.end;
    const body = slot(comments, span, () => declarationLayout(comments, declaration), limit);
    const layout = concat(sequence(written.flatMap((text) => [text, hardLine])), slotLayout(body));
    blocks.push({ firstLine: lineAt(span.start), lastLine: lineAt(span.end), layout });
  });
  addComments(Number.POSITIVE_INFINITY);
  const layouts = blocks.flatMap(({ firstLine, layout }, i) => {
    const before = blocks[i - 1];
    if (before === undefined) return [layout];
    return firstLine - before.lastLine > 1 ? [hardLine, hardLine, layout] : [hardLine, layout];
  });
  return blocks.length === 0 ? "" : `${render(sequence(layouts), width)}\n`;
}

/** An expression on one line, for messages. */
export function printExpression(expression: Expression): string {
  return render(expressionLayout(commentsOf([]), expression), Number.POSITIVE_INFINITY);
}

interface Block {
  readonly firstLine: number;
  readonly lastLine: number;
  readonly layout: Layout;
  readonly doc?: boolean;
}

/** The line of an offset, by bisection. */
function lineFinder(starts: readonly number[]): (offset: number) => number {
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

// ------------------------------------------------------------------------------------------------ declarations

type Of<K extends DeclarationKind> = Extract<Declaration, { kind: K }>;

const printers: { readonly [K in DeclarationKind]: (comments: Comments, declaration: Of<K>) => Layout } = {
  dim: (comments, { name, value }) => concat("dim ", name.text, " = ", expressionLayout(comments, value)),
  param: (comments, { name, type, value }) =>
    concat("param ", name.text, ": ", typeLayout(comments, type), " = ", expressionLayout(comments, value)),
  data: (comments, { names, type, source }) =>
    concat(
      "data ",
      nameList(names),
      type ? concat(": ", typeLayout(comments, type)) : "",
      " = ",
      expressionLayout(comments, source),
    ),
  let: (comments, { name, parameters, value }) =>
    concat("let ", name.text, parameters ? `(${nameList(parameters)})` : "", " = ", expressionLayout(comments, value)),
  var: (comments, { name, index, type, set, init }) =>
    concat(
      "var ",
      indexedName(comments, name, index),
      ": ",
      typeLayout(comments, type),
      set ? concat(" in ", expressionLayout(comments, set)) : "",
      init ? concat(" init ", expressionLayout(comments, init)) : "",
    ),
  network: (comments, { name, type, family }) =>
    concat("network ", name.text, ": ", mapTypeLayout(comments, type), " = ", expressionLayout(comments, family)),
  function: (comments, { name, index, type, space, family, adjoint }) =>
    group(
      concat("function ", indexedName(comments, name, index), ": ", mapTypeLayout(comments, type)),
      concat(" in ", expressionLayout(comments, space)),
      indent(2, family ? concat(line, "by ", expressionLayout(comments, family)) : ""),
      indent(2, adjoint ? concat(line, "adjoint by ", expressionLayout(comments, adjoint)) : ""),
    ),
  problem: (comments, { objective, level, span }) => {
    const limit = level?.clauses[0]?.span.start ?? span.end;
    const parts = [
      ...(objective ? objectiveLines(comments, objective, limit) : []),
      ...levelLines(comments, level, span.end),
    ];
    return separated(parts, hardLine);
  },
  report: (comments, { name, value }) => concat("report ", name.text, " = ", expressionLayout(comments, value)),
  solve: (comments, { entries, span }) => solveBlock(comments, entries, span.end),
  import: (_, { path }) => `import ${JSON.stringify(path)}`,
};

function declarationLayout(comments: Comments, declaration: Declaration): Layout {
  const printer = printers[declaration.kind] as (comments: Comments, declaration: Declaration) => Layout;
  return printer(comments, declaration);
}

function nameList(names: readonly Name[]): string {
  return names.map(({ text }) => text).join(", ");
}

function indexedName(comments: Comments, name: Name, index: Binder | undefined): Layout {
  return index ? concat(name.text, "[", binderLayout(comments, index), "]") : name.text;
}

/** An entry a line, values aligned, no commas; one entry alone stays on the line. */
function solveBlock(comments: Comments, entries: Of<"solve">["entries"], end: number): Layout {
  const widest = entries.reduce((most, { name }) => Math.max(most, name.text.length), 0);
  const between = entries.length === 1 ? line : hardLine;
  const lines = entries.map(({ name, value }, i) => {
    const span = { ...name.span, end: value.span.end };
    const key = `${name.text}: `.padEnd(widest + 2);
    const entry = () => concat(key, expressionLayout(comments, value));
    return concat(between, slotLayout(slot(comments, span, entry, entries[i + 1]?.name.span.start ?? end)));
  });
  const dangling = comments.before(end).flatMap((comment) => [hardLine, commentText(comment)]);
  if (lines.length + dangling.length === 0) return "solve {}";
  return group("solve {", indent(2, sequence(lines), sequence(dangling)), between, "}");
}

// ----------------------------------------------------------------------------------------------------- types

function typeLayout(comments: Comments, type: TypeSyntax): Layout {
  if (type.kind === "weights") return `weights(${type.map.text})`;
  if (type.kind === "array") {
    const sizes = type.sizes.map((size) => sizeLayout(comments, size));
    return sizes.length === 0 ? type.element : concat(type.element, "[", separated(sizes, ", "), "]");
  }
  const fields = type.fields.map(({ name, type: each, span }) => ({
    span,
    print: () => concat(name.text, ": ", typeLayout(comments, each)),
  }));
  return bracketed(comments, "{", fields, "}", type.span.end, line);
}

function sizeLayout(comments: Comments, size: SizeSyntax): Layout {
  return size.kind === "endless" ? "*" : expressionLayout(comments, size.value);
}

function mapTypeLayout(comments: Comments, { from, to }: MapTypeSyntax): Layout {
  return concat(
    separated(
      from.map((type) => typeLayout(comments, type)),
      ", ",
    ),
    " -> ",
    typeLayout(comments, to),
  );
}

// ------------------------------------------------------------------------------------------------ the problem

function objectiveLines(
  comments: Comments,
  { direction, objective, over, subject, span }: UpperProblem,
  limit: number,
): Layout[] {
  const overSpan = { ...span, start: over[0]?.span.start ?? span.start, end: over.at(-1)?.span.end ?? span.end };
  const goal = slot(
    comments,
    { ...span, end: objective.span.end },
    () => concat(`${direction} `, indent(column, expressionLayout(comments, objective))),
    overSpan.start,
  );
  const names = slot(comments, overSpan, () => word("over", nameList(over)), subject[0]?.span.start ?? limit);
  const lines = [slotLayout(goal), slotLayout(names)];
  if (subject[0] === undefined) return lines;
  const subjectSpan = { ...subject[0].span, end: span.end };
  return [...lines, slotLayout(slot(comments, subjectSpan, () => subjectLayout(comments, subject), limit))];
}

function levelLines(comments: Comments, level: Level | undefined, end: number): Layout[] {
  const clauses: { readonly first: string; readonly clause: Clause }[] = [];
  for (let next = level; next !== undefined; next = next.deeper) {
    for (const [i, clause] of next.clauses.entries()) clauses.push({ first: i === 0 ? "where" : "and", clause });
  }
  return clauses.map(({ first, clause }, i) => {
    const limit = clauses[i + 1]?.clause.span.start ?? end;
    return slotLayout(slot(comments, clause.span, () => word(first, clauseLayout(comments, clause)), limit));
  });
}

function word(text: string, body: Layout): Layout {
  return concat(text.padEnd(column), indent(column, body));
}

function clauseLayout(comments: Comments, clause: Clause): Layout {
  if (clause.kind === "solves") {
    const right = () => expressionLayout(comments, clause.right);
    const left = expressionLayout(comments, clause.left);
    return concat(unknownText(clause.unknown), " solves ", left, " = ", right());
  }
  const { unknowns, direction, objective, subject, selection } = clause;
  const head = concat(unknowns.map(unknownText).join(", "), ` ${direction} `, expressionLayout(comments, objective));
  const constraints = subject.length === 0 ? "" : concat(line, subjectLayout(comments, subject));
  return group(head, constraints, selection ? concat(line, selectionLayout(comments, selection)) : "");
}

function unknownText({ name, index }: UnknownSyntax): string {
  return index ? `${name.text}[${index.text}]` : name.text;
}

function subjectLayout(comments: Comments, subject: readonly Expression[]): Layout {
  return concat("subject to ", indent(11, group(commaSeparated(comments, subject))));
}

function selectionLayout(comments: Comments, { from, by, arguments: given, span }: Selection): Layout {
  const start =
    from === undefined
      ? ""
      : from.kind === "previous"
        ? "previous"
        : indent(14, group(commaSeparated(comments, from.values)));
  const isCall = given.positional.length + given.named.length > 0;
  const method = isCall ? concat(by.text, argumentsLayout(comments, given, undefined, span.end)) : by.text;
  return concat(start ? concat("selected from ", start, " ") : "", "by ", method);
}
