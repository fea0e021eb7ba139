import { globSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { print } from "../../grammar/print.ts";
import { createDocument, takeSnapshot } from "../../language-server/snapshot.ts";
import { edited, memoryHost, opened, uri } from "./marked.ts";

const examples = globSync("examples/*/*.bilevel").map((file) => readFileSync(file, "utf8"));

/** Pieces of programs, and what no program holds. */
const typed = fc.oneof(
  fc.constantFrom(
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "'",
    '"',
    ",",
    ":",
    ".",
    "@",
    "=",
    "\n",
    "#",
    "\\",
    "λ",
    "\u0000",
    "😀",
  ),
  fc.constantFrom("where ", "minimizes ", "var ", "let f(x) = ", "E[r in ", "solve {", "by descent(", 'csv("', "theta"),
  fc.constantFrom("\r", "\r\n", "\n\n", "  ", "\t"),
  fc.string({ maxLength: 5 }),
);
const edit = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.nat(30), text: typed });

describe("any text", () => {
  it("is answered, whatever is asked, and as if it had been opened so", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...examples),
        fc.array(edit, { minLength: 1, maxLength: 6 }),
        async (source, edits) => {
          const { services } = opened(source);
          let text = source;
          let version = 1;
          for (const { at, cut, text: newText } of edits) {
            const document = createDocument(uri, version, text);
            const start = Math.floor(at * text.length);
            const end = Math.min(text.length, start + cut);
            version += 1;
            const range = { start: document.positionAt(start), end: document.positionAt(end) };
            services.change(uri, version, [{ range, text: newText }]);
            text = text.slice(0, document.offsetAt(range.start)) + newText + text.slice(document.offsetAt(range.end));
            await askEverything(services, createDocument(uri, version, text).positionAt(start + newText.length));
          }
          const fresh = takeSnapshot(createDocument(uri, version, text), "main.bilevel", () => undefined);
          expect(services.diagnostics(uri).map(({ code }) => code)).toEqual(
            fresh.compiled.diagnostics.map(({ code }) => code),
          );
          const formatted = edited(text, services.formatting(uri));
          expect([text, print(fresh.compiled.program)]).toContain(formatted);
          expect(services.semanticTokens(uri)).toEqual(opened(text, memoryHost()).services.semanticTokens(uri));
        },
      ),
      { numRuns: 100 },
    );
  });
});

async function askEverything(
  services: ReturnType<typeof opened>["services"],
  position: { line: number; character: number },
) {
  const range = { start: position, end: position };
  services.hover(uri, position);
  await services.completion(uri, position);
  services.signatureHelp(uri, position);
  services.definition(uri, position);
  services.references(uri, position, true);
  services.highlights(uri, position);
  services.prepareRename(uri, position);
  services.rename(uri, position, "other");
  services.documentSymbols(uri);
  services.workspaceSymbols("t");
  services.semanticTokens(uri);
  services.formatting(uri);
  services.formatOnType(uri, position);
  services.codeActions(uri, range);
  services.inlayHints(uri, range);
  services.foldingRanges(uri);
  services.selectionRanges(uri, [position]);
  services.codeLenses(uri);
  await services.thoroughDiagnostics(uri);
}
