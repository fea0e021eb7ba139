/** The editor: Monaco as a client of the language server in its worker, coloured like the charts. */
import { editor, languages, lsp, Uri } from "monaco-editor";
import type { Examples } from "./examples.ts";

const language = "bilevel";

export type Editor = editor.IStandaloneCodeEditor;

export function createEditor(place: HTMLElement, examples: Examples): Editor {
  self.MonacoEnvironment = { getWorker: () => new Worker("editor-worker.js", { type: "module" }) };
  languages.register({ id: language, extensions: [".bilevel"] });
  languages.setLanguageConfiguration(language, {
    comments: { lineComment: "#" },
    brackets: ["()", "[]", "{}"].map((pair) => [pair.charAt(0), pair.charAt(1)]),
    autoClosingPairs: ["()", "[]", "{}", '""'].map((pair) => ({ open: pair.charAt(0), close: pair.charAt(1) })),
  });
  defineThemes();
  const isDark = matchMedia("(prefers-color-scheme: dark)");
  isDark.addEventListener("change", () => editor.setTheme(themeOf(isDark)));
  const created = editor.create(place, {
    theme: themeOf(isDark),
    automaticLayout: true,
    "semanticHighlighting.enabled": true,
    minimap: { enabled: false },
    fontSize: 14,
    lineHeight: 22,
    padding: { top: 12 },
    scrollBeyondLastLine: false,
    wordBasedSuggestions: "off",
    formatOnType: true,
    fixedOverflowWidgets: true,
    renderLineHighlight: "none",
    bracketPairColorization: { enabled: false },
    inlayHints: { fontSize: 11 },
    unicodeHighlight: { ambiguousCharacters: false },
  });
  const worker = new Worker("language-worker.js", { type: "module" });
  worker.postMessage(examples);
  new lsp.MonacoLspClient(lsp.createTransportToWorker(worker));
  return created;
}

/** The document of a program, made where there is none yet. */
export function documentOf(file: string, text: string): editor.ITextModel {
  const uri = Uri.file(`/${file}`);
  return editor.getModel(uri) ?? editor.createModel(text, language, uri);
}

/** A program's path, relative to the page. */
export const fileOf = (document: editor.ITextModel): string => document.uri.path.slice(1);

/** What the code lenses above the problem ask for. */
export function onCommand(id: string, handler: () => void): void {
  editor.registerCommand(id, handler);
}

const themeOf = ({ matches }: MediaQueryList): string => (matches ? "bilevel-dark" : "bilevel-light");

/** Colours of tokens, the light one and the dark one. */
const colours = {
  keyword: ["0a5a94", "6cb8ec"],
  enumMember: ["8a4b00", "f0b45c"],
  number: ["8a4b00", "f0b45c"],
  string: ["007355", "4fd1a8"],
  comment: ["6a737d", "8b949e"],
  operator: ["57606a", "a8b0b9"],
  type: ["0a5a94", "6cb8ec"],
  variable: ["1f2328", "e2e5e9"],
  parameter: ["1f2328", "e2e5e9"],
  property: ["57606a", "c2c9d1"],
  function: ["98417a", "e39ac6"],
  class: ["98417a", "e39ac6"],
  struct: ["b04a00", "ff9a5c"],
} as const satisfies Record<string, readonly [string, string]>;

function defineThemes(): void {
  for (const [name, base, shade, ground] of [
    ["bilevel-light", "vs", 0, "#ffffff"],
    ["bilevel-dark", "vs-dark", 1, "#14171a"],
  ] as const)
    editor.defineTheme(name, {
      base,
      inherit: true,
      rules: Object.entries(colours).map(([token, pair]) => ({ token, foreground: pair[shade] })),
      colors: { "editor.background": ground, "editorCodeLens.foreground": shade === 0 ? "#57606a" : "#8b949e" },
    });
}
