/**
 * A plugin of esbuild: `import problem from "./ridge.bilevel"` is the module that `bilevel compile` makes of the file, its data within.
 *
 *     import { bilevel } from "bilevel/esbuild";
 *     await build({ entryPoints: ["app.ts"], bundle: true, format: "esm", plugins: [bilevel()] });
 */
import { existsSync, readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import type { PartialMessage, Plugin } from "esbuild";
import type { ModuleTarget } from "../compiler/emit/module.ts";
import { BilevelError, type Diagnostic } from "../grammar/diagnostics.ts";
import { moduleOf } from "./compile.ts";
import { createOutput } from "./output.ts";
import { locate, type Texts } from "./render.ts";
import { writeWhole } from "./write-file.ts";

export interface PluginOptions {
  /** What the modules compute with: wasm by default. */
  readonly target?: ModuleTarget;
  /** Whether declarations are written beside each program, as `ridge.bilevel.d.ts`: by default they are. */
  readonly types?: boolean;
  /** Folders that programs may read in, beside their own. */
  readonly allowRead?: readonly string[];
}

/** Diagnostics become messages of the build, and whatever a module is made from is watched. */
export function bilevel({ target = "wasm", types = true, allowRead = [] }: PluginOptions = {}): Plugin {
  return {
    name: "bilevel",
    setup: ({ onLoad }) => {
      onLoad({ filter: /\.bilevel$/ }, async ({ path }) => {
        const said: Diagnostic[] = [];
        const output = { ...createOutput(false), diagnose: (own: readonly Diagnostic[]) => void said.push(...own) };
        const { texts } = output.sources;
        try {
          const flags = { set: [], data: [], allowRead, solve: new Map(), target, embedData: true };
          const { text, types: declarations, files } = await moduleOf(path, flags, output);
          if (types) writeChanged(`${path}.d.ts`, declarations);
          const warnings = said.map((each) => messageOf(each, texts));
          return { contents: text, warnings, watchFiles: files.map((each) => resolve(each)) };
        } catch (error) {
          if (!(error instanceof BilevelError)) throw error;
          const errors = error.diagnostics.map((each) => messageOf(each, texts));
          return { errors, watchFiles: [path, ...texts.keys()] };
        }
      });
    },
  };
}

/** A file that stays as it is wakes nobody who watches it. */
function writeChanged(file: string, text: string): void {
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeWhole(file, text);
}

function messageOf({ code, message, span, place, suggestion, notes = [] }: Diagnostic, texts: Texts): PartialMessage {
  return {
    id: code,
    text: `${message} [${code}]`,
    location: place === undefined ? locationOf(span, texts) : { ...place, file: relative(process.cwd(), place.file) },
    notes: [
      ...notes.map((note) => ({ text: note.message, location: locationOf(note.span, texts) })),
      ...(suggestion === undefined ? [] : [{ text: suggestion }]),
    ],
  };
}

/** Columns of esbuild are bytes from 0. */
function locationOf(span: Diagnostic["span"], texts: Texts): PartialMessage["location"] {
  const text = span && texts.get(span.file);
  if (span === undefined || text === undefined) return undefined;
  const { line, column } = locate(text, span.start);
  const lineText = text.split(/\r\n|\r|\n/)[line - 1] ?? "";
  const length = Buffer.byteLength(text.slice(span.start, span.end).split(/[\r\n]/)[0] ?? "");
  const before = [...lineText].slice(0, column - 1).join("");
  return { file: relative(process.cwd(), span.file), line, column: Buffer.byteLength(before), length, lineText };
}
