/** Diagnostics as people read them in a terminal, and as programs read them in JSON. */
import { styleText } from "node:util";
import type { Diagnostic, Note, Severity, Span } from "../grammar/diagnostics.ts";
import { widthOf } from "./width.ts";

/** Source texts by file name. */
export type Texts = ReadonlyMap<string, string>;

/** 1-based; columns count characters, not bytes or UTF-16 units. */
export interface Location {
  readonly line: number;
  readonly column: number;
}

interface Line {
  readonly number: number;
  readonly start: number;
  readonly text: string;
}

function lineAt(text: string, offset: number): Line {
  let number = 1;
  let start = 0;
  for (const end of text.matchAll(/\r\n|\r|\n/g)) {
    const next = end.index + end[0].length;
    if (next > offset) return { number, start, text: text.slice(start, end.index) };
    number += 1;
    start = next;
  }
  return { number, start, text: text.slice(start) };
}

export function locate(text: string, offset: number): Location {
  const line = lineAt(text, offset);
  return { line: line.number, column: [...text.slice(line.start, offset)].length + 1 };
}

// ------------------------------------------------------------------------------------------------------ terminal

type Style = (format: Parameters<typeof styleText>[0], text: string) => string;

const coloured: Style = (format, text) => styleText(format, text, { validateStream: false });
const plain: Style = (_, text) => text;

const severities = {
  error: { word: "error", colour: "red" },
  refusal: { word: "refused", colour: "magenta" },
  warning: { word: "warning", colour: "yellow" },
} as const satisfies Record<Severity, { word: string; colour: string }>;

/** `file:line:column: error[code]: message`, the source line underlined, notes with theirs, and the suggestion. */
export function renderDiagnostic(diagnostic: Diagnostic, texts: Texts, colour: boolean): string {
  const style = colour ? coloured : plain;
  const { word, colour: tint } = severities[diagnostic.severity];
  const { span, place, notes = [], suggestion } = diagnostic;
  const where =
    place === undefined
      ? placeOf(span, texts)
      : [place.file, place.line, place.column].filter((part) => part !== undefined).join(":");
  const head = `${style("bold", where)}: ${style(["bold", tint], `${word}[${diagnostic.code}]`)}: ${diagnostic.message}`;
  const reader: readonly Note[] =
    place !== undefined && span !== undefined && texts.has(span.file) ? [{ message: "it is read here", span }] : [];
  const excerpt = place === undefined ? excerptOf(span, texts, style, tint) : [];
  const rest = [...reader, ...notes].flatMap((note) => renderNote(note, texts, style));
  const help = suggestion === undefined ? [] : [`  ${style("cyan", "help:")} ${suggestion}`];
  return [head, ...excerpt, ...rest, ...help].join("\n");
}

export function renderDiagnostics(diagnostics: readonly Diagnostic[], texts: Texts, colour: boolean): string {
  return diagnostics.map((each) => `${renderDiagnostic(each, texts, colour)}\n`).join("\n");
}

function renderNote(note: Note, texts: Texts, style: Style): readonly string[] {
  const at = note.span === undefined ? "" : `${placeOf(note.span, texts)}: `;
  return [`  ${style("blue", "note:")} ${at}${note.message}`, ...excerptOf(note.span, texts, style, "blue")];
}

function placeOf(span: Span | undefined, texts: Texts): string {
  if (span === undefined) return "bilevel";
  const text = texts.get(span.file);
  if (text === undefined) return span.file;
  const { line, column } = locate(text, span.start);
  return `${span.file}:${line}:${column}`;
}

/** How much of a long line is shown, and where its window begins before the mark. */
const widest = 160;
const before = 60;

/** The line with a mark under the span; the part on its first line where it goes over several. */
function excerptOf(
  span: Span | undefined,
  texts: Texts,
  style: Style,
  tint: Parameters<typeof styleText>[0],
): readonly string[] {
  const text = span === undefined ? undefined : texts.get(span.file);
  if (span === undefined || text === undefined || text === "") return [];
  const line = lineAt(text, span.start);
  const from = span.start - line.start;
  const to = Math.max(from, Math.min(span.end - line.start, line.text.length));
  const cut = line.text.length > widest && from > before ? from - before : 0;
  const lead = cut > 0 ? "…" : "";
  const tail = line.text.length > cut + widest ? "…" : "";
  const end = Math.min(to, cut + widest);
  const shown = (part: string) => part.replaceAll("\t", "    ");
  const gutter = String(line.number).padStart(5);
  const margin = " ".repeat(widthOf(lead + shown(line.text.slice(cut, from))));
  const mark = "^".repeat(Math.max(1, widthOf(shown(line.text.slice(from, end)))));
  return [
    `${style("dim", `${gutter} |`)} ${lead}${shown(line.text.slice(cut, cut + widest))}${tail}`,
    `${style("dim", "      |")} ${margin}${style(tint, mark)}`,
  ];
}

// ---------------------------------------------------------------------------------------------------------- JSON

interface JsonRange {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  readonly endLine?: number;
  readonly endColumn?: number;
}

function rangeOf(span: Span | undefined, texts: Texts): Partial<JsonRange> {
  if (span === undefined) return {};
  const text = texts.get(span.file);
  if (text === undefined) return { file: span.file };
  const start = locate(text, span.start);
  const end = locate(text, span.end);
  return { file: span.file, line: start.line, column: start.column, endLine: end.line, endColumn: end.column };
}

/** Lines and columns as in the terminal; `data` is the place in a data file. */
export function diagnosticJson(diagnostic: Diagnostic, texts: Texts) {
  const { code, severity, message, span, place, notes = [], suggestion, fixes = [] } = diagnostic;
  return {
    code,
    severity,
    message,
    ...rangeOf(span, texts),
    ...(place !== undefined && { data: place }),
    notes: notes.map((note) => ({ message: note.message, ...rangeOf(note.span, texts) })),
    ...(suggestion !== undefined && { suggestion }),
    fixes: fixes.map(({ title, span: at, text }) => ({ title, text, ...rangeOf(at, texts) })),
  };
}
