/** Hover: a name's type, level and comment; a word's meaning; of an objective, what was derived from it. */
import type { IToken } from "chevrotain";
import { type Hover, MarkupKind, type Position } from "vscode-languageserver-types";
import { explain, type Section } from "../compiler/emit/explanation.ts";
import { renderText } from "../compiler/emit/text.ts";
import { optionRule } from "../compiler/plan/options.ts";
import { isKeyword } from "../grammar/tokens.ts";
import { callableNamed, callableText } from "./callables.ts";
import { type Cursor, cursorAt, enclosures, endOf } from "./cursor.ts";
import { headline, levelText, sizesText } from "./describe.ts";
import { visibleAt } from "./scope.ts";
import { occurrenceAt, rangeIn, type Snapshot } from "./snapshot.ts";

export function hover(snapshot: Snapshot, position: Position): Hover | null {
  const { document } = snapshot;
  const offset = document.offsetAt(position);
  const occurrence = occurrenceAt(snapshot, offset);
  if (occurrence !== undefined) {
    const { name, span } = occurrence;
    const facts = [levelText(snapshot, name.name), sizesText(snapshot, name)].filter((text) => text);
    return shown([code(headline(name)), facts.join("; "), name.doc ?? ""], rangeIn(document, span));
  }
  const token = snapshot.tokens().find((each) => each.startOffset <= offset && offset <= endOf(each));
  const cursor = token && cursorAt(snapshot, endOf(token));
  if (token === undefined || cursor?.word === undefined) return null;
  const range = rangeIn(document, { start: token.startOffset, end: endOf(token) });
  const text = (isKeyword(token) ? derived(snapshot, token.image) : undefined) ?? wordText(snapshot, cursor, token);
  return text === undefined ? null : shown(text, range);
}

const code = (text: string): string => `\`\`\`bilevel\n${text}\n\`\`\``;

function shown(parts: readonly string[], range: Hover["range"]): Hover {
  const value = parts.filter((part) => part !== "").join("\n\n");
  return { contents: { kind: MarkupKind.Markdown, value }, ...(range !== undefined && { range }) };
}

/** A word of the language: a function, a source, a family, an option. */
function wordText(snapshot: Snapshot, cursor: Cursor, word: IToken): readonly string[] | undefined {
  const { before, statement } = cursor;
  const name = word.image.normalize("NFC");
  const tokens = snapshot.tokens();
  const isKey = tokens[tokens.indexOf(word) + 1]?.image === ":";
  const option = statement === "solve" && isKey && enclosures(before).length === 1 ? optionRule(name) : undefined;
  if (option !== undefined) {
    const words = option.kind === "choice" ? `one of ${Object.keys(option.words).join(", ")}` : "";
    return [code(name), option.doc, words, option.default === undefined ? "" : `default: ${option.default}`];
  }
  const callable = callableNamed(name, cursor, before.length, visibleAt(snapshot, before));
  return callable && [code(callableText(callable)), callable.doc ?? ""];
}

/** What is shown of the derivation, by the keyword in front of the objective or the equation. */
const sections: Readonly<Record<string, readonly Section["title"][]>> = {
  minimize: ["Adjoint", "Hypergradient"],
  maximize: ["Adjoint", "Hypergradient"],
  minimizes: ["Stationarity"],
  maximizes: ["Stationarity"],
  solves: ["Stationarity"],
};

/** The width that a hover shows without breaking lines. */
const width = 80;

function derived(snapshot: Snapshot, keyword: string): readonly string[] | undefined {
  const titles = sections[keyword];
  const { compiled, plan } = snapshot.derived();
  if (titles === undefined || plan === undefined) return undefined;
  const explanation = explain(compiled, plan, snapshot.facts?.sizes ?? new Map());
  const kept = explanation.sections.filter(({ title }) => titles.includes(title));
  if (kept.length === 0) return undefined;
  const text = renderText({ ...explanation, sections: kept }, { width, colour: false });
  return [`\`\`\`text\n${text.trim()}\n\`\`\``];
}
