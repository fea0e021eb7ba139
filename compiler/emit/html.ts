/** Explanations as one self-contained page: MathML, no script, no font, no network. */
import type { Explanation, Inline, Item } from "./explanation.ts";
import { equationLatex, latexOf } from "./latex.ts";
import type { Formula } from "./math.ts";

const style = `
:root { color-scheme: light dark; --line: #d0d0d0; --quiet: #666; }
@media (prefers-color-scheme: dark) { :root { --line: #444; --quiet: #aaa; } body { background: #16181c; color: #e6e6e6; } }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1rem; color: var(--quiet); border-top: 1px solid var(--line); padding-top: .6rem; margin-top: 1.4rem; }
.equation { overflow-x: auto; padding: .4rem 0; }
math { font-family: "Latin Modern Math", "STIX Two Math", "Cambria Math", math; }
table { border-collapse: collapse; } th { text-align: left; color: var(--quiet); font-weight: normal; }
th, td { padding: .15rem 1.5rem .15rem 0; border-bottom: 1px solid var(--line); }
@media print { body { max-width: none; margin: 0; background: #fff; color: #000; } section { break-inside: avoid; } .equation { overflow: visible; } }
`;

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (c) => entities[c] as string);

/** The typesetter is loaded only when a page is made. */
export async function renderHtml(explanation: Explanation): Promise<string> {
  const { default: temml } = await import("temml");
  const math = (latex: string, displayMode: boolean): string =>
    temml.renderToString(latex, { displayMode, throwOnError: true });
  const formula = (part: Formula): string => math(latexOf(part), false);
  const inline = (parts: readonly Inline[]): string =>
    parts.map((part) => (typeof part === "string" ? escapeHtml(part) : formula(part))).join("");

  const item = (own: Item): string => {
    switch (own.kind) {
      case "sentence":
        return `<p>${inline(own.parts)}</p>`;
      case "equation":
        return `<div class="equation">${math(equationLatex(own.sides), true)}</div>`;
      case "where":
        return `<p>where ${math(`${latexOf(own.name)} = ${latexOf(own.value)}`, false)}</p>`;
      case "table": {
        const row = (cells: readonly Inline[], tag: "th" | "td"): string =>
          `<tr>${cells.map((cell) => `<${tag}>${inline([cell])}</${tag}>`).join("")}</tr>`;
        return `<table>${[row(own.head, "th"), ...own.rows.map((cells) => row(cells, "td"))].join("")}</table>`;
      }
      default:
        return own satisfies never;
    }
  };

  const title = escapeHtml(explanation.file);
  const sections = explanation.sections.map(
    (section) => `<section><h2>${section.title}</h2>\n${section.items.map(item).join("\n")}</section>`,
  );
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title><style>${style}</style></head>
<body>
<h1>${title}</h1>
${sections.join("\n")}
</body>
</html>
`;
}
