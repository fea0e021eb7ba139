/** Explanations as MathML, and self-contained pages: no script, no font, no network. */
import type { Explanation, Inline, Item, Section } from "./explanation.ts";
import { equationLatex, latexOf } from "./latex.ts";
import type { Formula } from "./math.ts";

const style = `
:root { color-scheme: light dark; --line: #d0d0d0; --quiet: #666; }
@media (prefers-color-scheme: dark) { :root { --line: #444; --quiet: #aaa; } body { background: #16181c; color: #e6e6e6; } }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1rem; color: var(--quiet); border-top: 1px solid var(--line); padding-top: .6rem; margin-top: 1.4rem; }
.equation { overflow-x: auto; padding: .4rem 0; }
math { font-family: "Latin Modern Math", "STIX Two Math", "Cambria Math", math; } .tml-right { text-align: right; } .tml-left { text-align: left; }
table { border-collapse: collapse; display: block; overflow-x: auto; } th { color: var(--quiet); font-weight: normal; }
th, td { padding: .15rem 1.5rem .15rem 0; border-bottom: 1px solid var(--line); text-align: left; }
figure { margin: 1rem 0; } svg { max-width: 100%; height: auto; }
pre { overflow-x: auto; font-size: .85rem; } code { overflow-wrap: anywhere; }
@media print { body { max-width: none; margin: 0; background: #fff; color: #000; } section, figure { break-inside: avoid; } .equation { overflow: visible; } }
`;

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (c) => entities[c] as string);

/** A whole page; `body` is markup. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(title)}</title><style>${style}</style></head>
<body>
<h1>${escapeHtml(title)}</h1>
${body}
</body>
</html>
`;
}

export async function renderHtml(explanation: Explanation): Promise<string> {
  return page(explanation.file, [...(await htmlSections(explanation)).values()].join("\n"));
}

/** The sections' markup by their titles. The typesetter is loaded only when a page is made. */
export async function htmlSections(explanation: Explanation): Promise<ReadonlyMap<Section["title"], string>> {
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

  return new Map(
    explanation.sections.map(({ title, items }) => [
      title,
      `<section><h2>${title}</h2>\n${items.map(item).join("\n")}</section>`,
    ]),
  );
}
