/** Completion where words of the language stand in the place of names: sources, families, sets, methods and their options. */
import { type CompletionItem, CompletionItemKind, InsertTextFormat } from "vscode-languageserver-types";
import { sources } from "../compiler/check/data.ts";
import { families } from "../compiler/check/families.ts";
import { sets } from "../compiler/check/unknowns.ts";
import { optionRule } from "../compiler/plan/options.ts";
import { type Cursor, enclosures } from "./cursor.ts";

/** The words that stand outside of brackets in a statement that takes no expression there. */
export function wordsOutside({ before, statement }: Cursor): readonly CompletionItem[] | undefined {
  const previous = before.at(-1)?.image;
  const documented = (table: Readonly<Record<string, { readonly doc: string }>>): readonly CompletionItem[] =>
    Object.entries(table).map(([name, { doc }]) => called(name, doc));
  switch (statement) {
    case "data":
      return documented(sources);
    case "network":
      return documented(families);
    case "function":
      return previous === "in"
        ? [called("L2", "functions measured on the rows of a table"), called("RKHS", "functions of a kernel")]
        : documented(families);
    case "var":
      return previous === "in" ? documented(sets) : undefined;
    case "solve": {
      const [inner, ...outer] = enclosures(before);
      const key = inner?.opener.image === "{" ? inner.label : undefined;
      const rule = key === undefined ? undefined : optionRule(key);
      if (rule?.kind !== "choice") return outer.length > 0 || rule !== undefined ? [] : undefined;
      return Object.entries(rule.words).map(([name, { doc, arguments: own }]) => ({
        ...(own === undefined ? plain(name, CompletionItemKind.EnumMember) : called(name, doc)),
        detail: doc,
        ...(name === rule.default && { preselect: true, detail: `${doc} (the default)` }),
      }));
    }
    default:
      return undefined;
  }
}

/** The values of the option of a family that is being written. */
export function optionWords({ before }: Cursor): readonly CompletionItem[] {
  const [inner] = enclosures(before);
  const name = inner?.callee?.image ?? "";
  const options: Readonly<Record<string, { readonly kind: string }>> = Object.hasOwn(families, name)
    ? families[name as keyof typeof families].options
    : {};
  const option = options[inner?.label ?? ""];
  const words = option !== undefined && "words" in option ? (option.words as readonly string[]) : [];
  return words.map((word) => plain(word, CompletionItemKind.EnumMember));
}

export const snippet = (insertText: string) => ({ insertText, insertTextFormat: InsertTextFormat.Snippet });

export const plain = (label: string, kind: CompletionItemKind, detail?: string): CompletionItem => ({
  label,
  kind,
  ...(detail !== undefined && { detail }),
});

export const called = (name: string, doc: string): CompletionItem => ({
  label: name,
  kind: CompletionItemKind.Function,
  documentation: doc,
  ...snippet(`${name}($0)`),
});
