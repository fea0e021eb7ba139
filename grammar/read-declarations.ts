/** Concrete syntax to tree: types and declarations. The clauses of the problem are in read-problem.ts. */

import { closest } from "./closest.ts";
import type * as Cst from "./cst.ts";
import { syntaxError, unknownType } from "./errors.ts";
import type { Reader } from "./read-expressions.ts";
import { nodeSpan, only, readBinder, readExpression, readName, readString, tokenSpan } from "./read-expressions.ts";
import type {
  Binder,
  Declaration,
  Expression,
  FieldSyntax,
  MapTypeSyntax,
  Name,
  SizeSyntax,
  TypeSyntax,
} from "./syntax.ts";
import { contextualWords } from "./tokens.ts";

// ----------------------------------------------------------------------------------------------------- types

const elements = ["real", "int", "bool", "class"] as const;
type Element = (typeof elements)[number];

function isElement(word: string): word is Element {
  return (elements as readonly string[]).includes(word);
}

export function readType(reader: Reader, node: Cst.TypeCstNode): TypeSyntax {
  const { Name, sizes, weightsOf, fields } = node.children;
  const span = nodeSpan(reader, node);
  if (fields !== undefined) {
    return { kind: "table", fields: only(fields).children.field.map((field) => readField(reader, field)), span };
  }
  const word = only(Name);
  if (word.image === "weights" && weightsOf !== undefined) {
    return { kind: "weights", map: readName(reader, only(only(weightsOf).children.Name)), span };
  }
  if (!isElement(word.image) || weightsOf !== undefined) {
    const written = weightsOf ? `${word.image}(...)` : sizes ? `${word.image}[...]` : word.image;
    reader.report(unknownType(tokenSpan(reader, word), written, closest(word.image, contextualWords.type)));
  }
  const readSizes = sizes ? only(sizes).children.size.map((size) => readSize(reader, size)) : [];
  return { kind: "array", element: isElement(word.image) ? word.image : "real", sizes: readSizes, span };
}

function readSize(reader: Reader, node: Cst.SizeCstNode): SizeSyntax {
  const span = nodeSpan(reader, node);
  const { expression } = node.children;
  return expression
    ? { kind: "expression", value: readExpression(reader, only(expression)), span }
    : { kind: "endless", span };
}

function readField(reader: Reader, node: Cst.FieldCstNode): FieldSyntax {
  const { Label, type } = node.children;
  return { name: readName(reader, only(Label)), type: readType(reader, only(type)), span: nodeSpan(reader, node) };
}

function readMapType(reader: Reader, node: Cst.MapTypeCstNode): MapTypeSyntax {
  const { from, to } = node.children;
  return {
    from: from.map((type) => readType(reader, type)),
    to: readType(reader, only(to)),
    span: nodeSpan(reader, node),
  };
}

// ---------------------------------------------------------------------------------------------- declarations

export type PlainDeclaration = Exclude<Declaration, { kind: "problem" }>;

/** The declaration of a statement; nothing for the parts of the problem. */
export function readDeclaration(reader: Reader, statement: Cst.StatementCstNode): PlainDeclaration | undefined {
  const span = nodeSpan(reader, statement);
  const children = statement.children;
  if (children.dimDeclaration) {
    const { Name, expression } = only(children.dimDeclaration).children;
    return { kind: "dim", name: readName(reader, only(Name)), value: readExpression(reader, only(expression)), span };
  }
  if (children.paramDeclaration) {
    const { Name, type, expression } = only(children.paramDeclaration).children;
    const name = readName(reader, only(Name));
    return {
      kind: "param",
      name,
      type: readType(reader, only(type)),
      value: readExpression(reader, only(expression)),
      span,
    };
  }
  if (children.dataDeclaration) return { ...readData(reader, only(children.dataDeclaration)), span };
  if (children.letDeclaration) return { ...readLet(reader, only(children.letDeclaration)), span };
  if (children.varDeclaration) return { ...readVar(reader, only(children.varDeclaration)), span };
  if (children.networkDeclaration) {
    const { Name, mapType, expression } = only(children.networkDeclaration).children;
    const name = readName(reader, only(Name));
    return {
      kind: "network",
      name,
      type: readMapType(reader, only(mapType)),
      family: readExpression(reader, only(expression)),
      span,
    };
  }
  if (children.functionDeclaration) {
    const { indexedName, mapType, expression, family, adjoint } = only(children.functionDeclaration).children;
    return {
      kind: "function",
      ...readIndexedName(reader, only(indexedName)),
      type: readMapType(reader, only(mapType)),
      space: readExpression(reader, only(expression)),
      ...(family && { family: readExpression(reader, only(family)) }),
      ...(adjoint && { adjoint: readExpression(reader, only(adjoint)) }),
      span,
    };
  }
  if (children.reportDeclaration) {
    const { Name, expression } = only(children.reportDeclaration).children;
    return {
      kind: "report",
      name: readName(reader, only(Name)),
      value: readExpression(reader, only(expression)),
      span,
    };
  }
  if (children.solveDeclaration) {
    const entries = (only(children.solveDeclaration).children.solveEntry ?? []).map(({ children: entry }) => ({
      name: readName(reader, only(entry.Label)),
      value: readExpression(reader, only(entry.expression)),
    }));
    return { kind: "solve", entries, span };
  }
  if (children.importDeclaration) {
    const path = only(only(children.importDeclaration).children.String);
    return { kind: "import", path: readString(reader, path), pathSpan: tokenSpan(reader, path), span };
  }
  return undefined;
}

type WithoutSpan<K extends PlainDeclaration["kind"]> = Omit<Extract<PlainDeclaration, { kind: K }>, "span">;

function readData(reader: Reader, { children }: Cst.DataDeclarationCstNode): WithoutSpan<"data"> {
  const names = only(children.names).children.Name.map((name) => readName(reader, name));
  const type = children.type && readType(reader, only(children.type));
  if (type !== undefined && names[1] !== undefined) {
    reader.report(
      syntaxError(
        type.span,
        "A type can be given to one table at a time.",
        "Leave the type out: a split has the fields of what is split.",
      ),
    );
  }
  return { kind: "data", names, ...(type && { type }), source: readExpression(reader, only(children.expression)) };
}

function readLet(reader: Reader, { children }: Cst.LetDeclarationCstNode): WithoutSpan<"let"> {
  const parameters = children.parameters && (only(children.parameters).children.Name ?? []);
  return {
    kind: "let",
    name: readName(reader, only(children.Name)),
    ...(parameters && { parameters: parameters.map((name) => readName(reader, name)) }),
    value: readExpression(reader, only(children.expression)),
  };
}

function readVar(reader: Reader, { children }: Cst.VarDeclarationCstNode): WithoutSpan<"var"> {
  const modifiers: { set?: Expression; init?: Expression } = {};
  for (const modifier of children.varModifier ?? []) {
    const word = only(modifier.children.inKeyword ?? modifier.children.initKeyword);
    const key = word.image === "in" ? "set" : "init";
    if (modifiers[key] !== undefined) {
      reader.report(syntaxError(tokenSpan(reader, word), `\`${word.image}\` is given twice.`, "Keep one of them."));
    }
    modifiers[key] ??= readExpression(reader, only(modifier.children.expression));
  }
  const type = readType(reader, only(children.type));
  return { kind: "var", ...readIndexedName(reader, only(children.indexedName)), type, ...modifiers };
}

function readIndexedName(reader: Reader, { children }: Cst.IndexedNameCstNode): { name: Name; index?: Binder } {
  const index = children.binder && readBinder(reader, only(children.binder));
  return { name: readName(reader, only(children.Name)), ...(index && { index }) };
}
