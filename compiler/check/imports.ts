/** Imports: the declarations of every file reached, each file once, and no problem but the main file's. */
import type { Diagnostic } from "../../grammar/diagnostics.ts";
import { tooDeep } from "../../grammar/errors.ts";
import { parse } from "../../grammar/read.ts";
import type { Declaration, Program } from "../../grammar/syntax.ts";
import { importCycle, importHolds, importNotFound, pathOutside } from "./errors.ts";

/**
 * Gives the text of the file that `path`, as written in the file `from`, names; `undefined` if it cannot be read, and "outside" if it may
 * not be, where the program is.
 */
export type Importer = (
  path: string,
  from: string,
) => { readonly text: string; readonly file: string } | "outside" | undefined;

/** Files that import one another, in a row. */
const maximalDepth = 256;

/** All declarations, imported ones before those that import them. */
export function withImports(
  program: Program,
  importer: Importer | undefined,
  report: (d: Diagnostic) => void,
): readonly Declaration[] {
  const merged: Declaration[] = [];
  const done = new Set<string>();
  const visit = ({ declarations, span }: Program, path: readonly string[]): void => {
    for (const declaration of declarations) {
      if (declaration.kind !== "import") {
        if (path.length > 1 && (declaration.kind === "problem" || declaration.kind === "solve")) {
          report(importHolds(declaration.span, declaration.kind === "problem" ? "problem" : "solve block", span.file));
        } else {
          merged.push(declaration);
        }
        continue;
      }
      const found = importer?.(declaration.path, span.file);
      if (found === "outside") report(pathOutside(declaration.pathSpan, declaration.path));
      else if (found === undefined) report(importNotFound(declaration.pathSpan, declaration.path));
      else if (path.includes(found.file))
        report(importCycle(declaration.pathSpan, [...path.slice(path.indexOf(found.file)), found.file]));
      else if (path.length >= maximalDepth)
        report(tooDeep(declaration.pathSpan, "The imports nest too deeply", maximalDepth, "Import files directly."));
      else if (!done.has(found.file)) {
        done.add(found.file);
        const parsed = parse(found.text, found.file);
        parsed.diagnostics.forEach(report);
        visit(parsed.program, [...path, found.file]);
      }
    }
  };
  visit(program, [program.span.file]);
  return merged;
}
