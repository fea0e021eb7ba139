/** Every TypeScript snippet of the documents runs, from the first line to the last. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const documents = ["README.md", ...readdirSync(join(root, "docs")).map((file) => `docs/${file}`)].filter((file) =>
  file.endsWith(".md"),
);

/** What stands for the package's own names. */
const sources: Readonly<Record<string, string>> = { bilevel: "index.ts", "bilevel/esbuild": "cli/esbuild.ts" };
const resolved = (snippet: string): string =>
  snippet.replaceAll(
    /from "(bilevel(?:\/esbuild)?)"/g,
    (_, name) => `from ${JSON.stringify(pathToFileURL(join(root, sources[name] ?? "")).href)}`,
  );

/** A snippet that begins with `// NAME.ts` is a file that the others use. */
const nameOf = (snippet: string): string | undefined => /^\/\/ (\S+\.ts)\n/.exec(snippet)?.[1];

/** The examples that snippets name, the snippets that are files, and the packages. */
function folderFor(snippets: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "bilevel-snippets-"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  mkdirSync(join(folder, "examples"));
  for (const [path] of snippets.join("\n").matchAll(/examples\/[\w-]+/g))
    cpSync(join(root, path), join(folder, path), { recursive: true });
  for (const snippet of snippets) {
    const name = nameOf(snippet);
    if (name !== undefined) writeFileSync(join(folder, name), resolved(snippet));
  }
  return folder;
}

describe.each(documents)("%s", (document) => {
  const text = readFileSync(join(root, document), "utf8");
  const snippets = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, snippet = ""]) => snippet);
  const run = snippets.filter((snippet) => nameOf(snippet) === undefined);
  if (run.length === 0) it("has none", () => expect(snippets).toEqual([]));
  else
    it.each(run)("runs snippet %#", (snippet) => {
      const folder = folderFor(snippets);
      writeFileSync(join(folder, "snippet.ts"), resolved(snippet));
      const { stderr, status } = spawnSync(process.execPath, ["--no-warnings", "snippet.ts"], {
        cwd: folder,
        encoding: "utf8",
      });
      expect([stderr, status]).toEqual(["", 0]);
    });
});
