/** Explanations as Markdown with LaTeX formulas between dollar signs. */
import type { Explanation, Inline, Item } from "./explanation.ts";
import { equationLatex, latexOf } from "./latex.ts";

const inline = (parts: readonly Inline[]): string =>
  parts.map((part) => (typeof part === "string" ? escapeMarkdown(part) : `$${latexOf(part)}$`)).join("");

function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_$|<>]/g, (c) => `\\${c}`);
}

function itemMarkdown(item: Item): string {
  switch (item.kind) {
    case "sentence":
      return `${inline(item.parts)}\n`;
    case "equation":
      return `$$\n${equationLatex(item.sides)}\n$$\n`;
    case "where":
      return `where $${latexOf(item.name)} = ${latexOf(item.value)}$\n`;
    case "table": {
      const row = (cells: readonly Inline[]): string => `| ${cells.map((cell) => inline([cell])).join(" | ")} |`;
      return `${[row(item.head), `|${" --- |".repeat(item.head.length)}`, ...item.rows.map(row)].join("\n")}\n`;
    }
    default:
      return item satisfies never;
  }
}

export function renderMarkdown(explanation: Explanation): string {
  const sections = explanation.sections.map(
    ({ title, items }) => `## ${title}\n\n${items.map(itemMarkdown).join("\n")}`,
  );
  return `# ${escapeMarkdown(explanation.file)}\n\n${sections.join("\n")}`;
}
