/** Programs with marks in them: `¦` is the cursor, `⟦...⟧` a range. Files lie in memory. */
import type { Position, Range } from "vscode-languageserver-types";
import type { DataFacts, Host } from "../../language-server/host.ts";
import { createServices, type Services } from "../../language-server/services.ts";
import { createDocument, rangeIn } from "../../language-server/snapshot.ts";

export interface Marked {
  readonly text: string;
  readonly cursors: readonly Position[];
  readonly ranges: readonly Range[];
}

export function marked(source: string): Marked {
  let text = "";
  const cursors: number[] = [];
  const opens: number[] = [];
  const ranges: { start: number; end: number }[] = [];
  for (const character of source) {
    if (character === "¦") cursors.push(text.length);
    else if (character === "⟦") opens.push(text.length);
    else if (character === "⟧") ranges.push({ start: opens.pop() ?? 0, end: text.length });
    else text += character;
  }
  const document = createDocument("memory:", 0, text);
  return {
    text,
    cursors: cursors.map((each) => document.positionAt(each)),
    ranges: ranges.sort((a, b) => a.start - b.start).map((each) => rangeIn(document, each)),
  };
}

export interface Files {
  readonly [name: string]: string;
}

export function memoryHost(files: Files = {}, facts: DataFacts = { sizes: new Map(), diagnostics: [] }): Host {
  return {
    fileOf: (uri) => uri.replace("memory:/", ""),
    uriOf: (file) => `memory:/${file}`,
    resolve: (path) => path.replace(/^\.\//, ""),
    readText: (file) => files[file],
    programs: () => Object.keys(files).filter((name) => name.endsWith(".bilevel")),
    entries: (folder) => (folder === "." ? Object.keys(files).map((name) => ({ name, folder: false })) : []),
    columns: async (file) => (files[file] ?? "").split("\n")[0]?.split(",") ?? [],
    readData: async () => facts,
    pageOf: (code) => `memory:/docs/errors/${code}.md`,
  };
}

export const uri = "memory:/main.bilevel";

/** One open program, its cursor, and the services. */
export function opened(
  source: string,
  host: Host = memoryHost(),
): {
  readonly services: Services;
  readonly cursor: Position;
  readonly ranges: readonly Range[];
  readonly text: string;
} {
  const { text, cursors, ranges } = marked(source);
  const services = createServices(host);
  services.open(uri, 1, text);
  return { services, cursor: cursors[0] ?? { line: 0, character: 0 }, ranges, text };
}

/** A text after edits, which do not overlap. */
export function edited(text: string, edits: readonly { readonly range: Range; readonly newText: string }[]): string {
  const document = createDocument("memory:", 0, text);
  const places = edits
    .map(({ range, newText }) => ({
      start: document.offsetAt(range.start),
      end: document.offsetAt(range.end),
      newText,
    }))
    .sort((a, b) => b.start - a.start);
  return places.reduce((done, { start, end, newText }) => done.slice(0, start) + newText + done.slice(end), text);
}

export const ridge = `data train: { X: real[n, d], y: real[n] } = csv("train.csv", y: "target")

## The penalty, as a logarithm.
var rho: real
var theta: real[d]

let residual = train.X @ theta - train.y

minimize sumsq(theta) over rho
where    theta minimizes mean(residual^2) + exp(rho) * sumsq(theta)
`;
