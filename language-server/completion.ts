/** Completion: what the grammar lets stand at the cursor, filled with what the program and the language have of it. */
import type { TokenType } from "chevrotain";
import { type CompletionItem, CompletionItemKind, type Position, type TextEdit } from "vscode-languageserver-types";
import { sources } from "../compiler/check/data.ts";
import { families } from "../compiler/check/families.ts";
import { kernelSignatures } from "../compiler/check/kernels.ts";
import { builtins } from "../compiler/check/signatures.ts";
import { optionTable } from "../compiler/plan/options.ts";
import { type Expected, follow } from "../grammar/follow.ts";
import {
  contextualWords,
  type Keyword,
  keywords,
  keywordTokens,
  Label,
  NameToken,
  Reducer,
} from "../grammar/tokens.ts";
import { callableOf } from "./callables.ts";
import { completeString } from "./completion-strings.ts";
import { called, optionWords, plain, snippet, wordsOutside } from "./completion-words.ts";
import { type Cursor, cursorAt, enclosures, isString } from "./cursor.ts";
import { greekItems } from "./greek.ts";
import { fieldsOf, tableAt, type Visible, visibleAt } from "./scope.ts";
import { rangeIn, type Snapshot } from "./snapshot.ts";
import type { Workspace } from "./workspace.ts";

export async function completion(
  workspace: Workspace,
  snapshot: Snapshot,
  position: Position,
): Promise<readonly CompletionItem[]> {
  const offset = snapshot.document.offsetAt(position);
  const cursor = cursorAt(snapshot, offset);
  if (cursor === undefined) return [];
  if (cursor.word !== undefined && isString(cursor.word)) return completeString(workspace, snapshot, cursor);
  const { expected, complete } = follow(cursor.before);
  const visible = visibleAt(snapshot, cursor.before);
  const starts = cursor.startsLine && (complete || cursor.before.length === 0) ? follow([]).expected : [];
  const items = new Map<string, CompletionItem>();
  for (const each of [...expected, ...starts]) {
    for (const found of itemsFor(snapshot, cursor, each, visible))
      if (!items.has(found.label)) items.set(found.label, found);
  }
  const takesName = [...expected, ...starts].some(({ token }) => token === NameToken);
  const text = snapshot.document.getText();
  const greek = takesName ? greekItems(snapshot, text, offset) : [];
  const start = cursor.word?.startOffset ?? offset;
  const range = rangeIn(snapshot.document, { start, end: offset });
  return [
    ...[...items.values()].map((found) => withEdit(found, { range, newText: found.insertText ?? found.label })),
    ...greek,
  ];
}

function withEdit({ insertText: _, ...item }: CompletionItem, textEdit: TextEdit): CompletionItem {
  return { ...item, textEdit };
}

function itemsFor(
  snapshot: Snapshot,
  cursor: Cursor,
  { token, rules }: Expected,
  visible: ReadonlyMap<string, Visible>,
): readonly CompletionItem[] {
  const rule = rules.at(-1) ?? "";
  if (token === NameToken) return namesFor(snapshot, cursor, rules, visible);
  if (token === Label) return labelsFor(cursor, rule, visible);
  const wantsValue = rules.includes("expression") && insteadOfValues(cursor, rules, visible) === undefined;
  if (token === Reducer) return wantsValue ? [reducerItem("E"), reducerItem("sum")] : [];
  const word = keywordOf(token);
  const isOperand = rules.includes("expression");
  if (word === undefined || (isOperand && !wantsValue)) return [];
  const body = isOperand ? undefined : snippets[word];
  return [{ label: word, kind: CompletionItemKind.Keyword, ...(body !== undefined && snippet(body)) }];
}

const keywordOf = (token: TokenType): Keyword | undefined =>
  (Object.keys(keywords) as Keyword[]).find((word) => keywordTokens[word] === token);

const snippets: Partial<Record<Keyword, string>> = {
  solve: "solve {\n  $0\n}",
  minimize: "minimize $1\nover     $0",
};

const reducerItem = (name: "E" | "sum"): CompletionItem => ({
  label: name,
  kind: CompletionItemKind.Function,
  detail: name === "E" ? "the mean over the rows of a table" : "the sum over the rows of a table, or of all entries",
  ...snippet(`${name}[$1]($0)`),
});

// ------------------------------------------------------------------------------------------------ names

/** What a name may be at the cursor: declared names by their sort, words that have a meaning here alone. */
function namesFor(
  { levels }: Snapshot,
  cursor: Cursor,
  rules: readonly string[],
  visible: ReadonlyMap<string, Visible>,
): readonly CompletionItem[] {
  const of = (...sorts: readonly Visible["sort"][]): readonly CompletionItem[] =>
    [...visible.values()].filter(({ sort }) => sorts.includes(sort)).map(item);
  switch (rules.at(-1)) {
    case "type":
      return contextualWords.type.map((word) => plain(word, CompletionItemKind.TypeParameter, typeDocs[word]));
    case "weightsOf":
      return of("network", "function");
    case "names":
      return rules.includes("objective")
        ? of("var", "network", "function").filter(({ label }) => !levels.get(label))
        : [];
    case "unknown":
      return of("var", "network", "function").filter(({ label }) => levels.get(label) !== 0);
    case "selection":
      return ["gradient_flow", "descent"].map((word) => plain(word, CompletionItemKind.Method));
    case "functionDeclaration":
      return [plain("adjoint", CompletionItemKind.Keyword)];
    case "binder":
    case "primary":
      return operands(cursor, rules, visible);
    default:
      return [];
  }
}

const typeDocs = {
  real: "numbers",
  int: "whole numbers",
  bool: "true or false",
  class: "labels 0, 1, ...",
  weights: "the weights of a network or function",
} as const satisfies Record<(typeof contextualWords.type)[number], string>;

/** What an operand may be: a value, or what is wanted in its place. */
function operands(
  cursor: Cursor,
  rules: readonly string[],
  visible: ReadonlyMap<string, Visible>,
): readonly CompletionItem[] {
  const instead = insteadOfValues(cursor, rules, visible);
  if (instead !== undefined) return instead;
  const values = [...visible.values()].filter(({ sort }) => sort !== "report").map(item);
  const functions = [...builtins].map(([name, { doc, text }]) => ({ ...called(name, doc), detail: text }));
  const constants = contextualWords.constant.map((word) => plain(word, CompletionItemKind.Constant));
  return [...values, ...functions, ...constants];
}

/** By the statement and the brackets; `undefined` where values stand. */
function insteadOfValues(
  cursor: Cursor,
  rules: readonly string[],
  visible: ReadonlyMap<string, Visible>,
): readonly CompletionItem[] | undefined {
  const only = (keep: (each: Visible) => boolean): readonly CompletionItem[] =>
    [...visible.values()].filter(keep).map(item);
  const isTable = ({ table, sort }: Visible): boolean => table !== undefined && sort !== "binder";
  const isSize = ({ sort }: Visible): boolean => sort === "dim" || sort === "size";
  const { statement } = cursor;
  const [inner] = enclosures(cursor.before);
  const callee = inner?.callee?.image;
  const words = inner === undefined || statement === "solve" ? wordsOutside(cursor) : undefined;
  if (words !== undefined) return words;
  if (rules.includes("size")) return only(isSize);
  if (rules.includes("binder") && !rules.slice(rules.lastIndexOf("binder")).includes("callArguments"))
    return only((each) => isTable(each) || isSize(each));
  if (callee === "RKHS") return [...kernelSignatures].map(([name, { doc }]) => called(name, doc));
  if (callee === "L2" || (statement === "data" && inner?.argument === 0)) return only(isTable);
  if (statement === "data" && callee !== undefined && Object.hasOwn(sources, callee)) return [];
  const isFamily = callee !== undefined && Object.hasOwn(families, callee);
  return isFamily && (statement === "network" || statement === "function") ? optionWords(cursor) : undefined;
}

// ------------------------------------------------------------------------------------------------ labels

/** Fields behind a dot, keys of the solve block, named arguments. */
function labelsFor(cursor: Cursor, rule: string, visible: ReadonlyMap<string, Visible>): readonly CompletionItem[] {
  if (rule === "suffix") {
    const path: Cursor["before"][number][] = [];
    for (let at = cursor.before.length - 2; at >= 0; at -= 2) {
      const token = cursor.before[at];
      if (token === undefined || token.tokenType.name !== "Name") break;
      path.unshift(token);
      if (cursor.before[at - 1]?.image !== ".") break;
    }
    const table = tableAt(visible, path);
    return table === undefined ? [] : fieldsOf(table).map(item);
  }
  if (rule === "solveEntry") {
    return Object.entries(optionTable).map(([key, { doc, ...own }]) => ({
      label: key,
      kind: CompletionItemKind.Property,
      detail: "default" in own ? `${doc} (default: ${own.default})` : doc,
      insertText: `${key}: `,
    }));
  }
  const [inner] = enclosures(cursor.before);
  const callable = rule === "argument" && inner !== undefined ? callableOf(cursor, inner, visible) : undefined;
  return (callable?.parameters ?? [])
    .filter(({ named }) => named)
    .map(({ name, doc, default: value }) => ({
      label: `${name}:`,
      kind: CompletionItemKind.Property,
      detail: [doc, value === undefined ? undefined : `default: ${value}`]
        .filter((part) => part !== undefined)
        .join("; "),
      insertText: `${name}: `,
    }));
}

// ------------------------------------------------------------------------------------------------ items

const kinds = {
  dim: CompletionItemKind.Constant,
  size: CompletionItemKind.Constant,
  param: CompletionItemKind.Constant,
  data: CompletionItemKind.Struct,
  let: CompletionItemKind.Value,
  var: CompletionItemKind.Variable,
  network: CompletionItemKind.Class,
  function: CompletionItemKind.Class,
  report: CompletionItemKind.Event,
  field: CompletionItemKind.Field,
  binder: CompletionItemKind.Variable,
  argument: CompletionItemKind.Variable,
} as const satisfies Record<Visible["sort"], CompletionItemKind>;

/** A declared name; those of the program come before those of the language. */
function item({ name, sort, type, doc, denotation }: Visible): CompletionItem {
  const isFunction = denotation?.kind === "definition";
  return {
    label: name,
    kind: isFunction ? CompletionItemKind.Function : kinds[sort],
    detail: type,
    sortText: `0${name}`,
    ...(doc !== undefined && { documentation: doc }),
  };
}
