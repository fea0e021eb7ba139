/** The documents of the repository as a site: npm run site writes it to site/dist. Every page is a file that is read in the repository, too. */
import { globSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { defineConfig } from "vitepress";
import grammar from "../../editors/vscode/bilevel.tmLanguage.json" with { type: "json" };

const root = join(import.meta.dirname, "../..");
const examples = globSync("examples/*/README.md", { cwd: root }).toSorted();
const messages = readdirSync(join(root, "docs/errors")).filter((file) => file.endsWith(".md"));

const page = (text: string, path: string) => ({ text, link: `/${path.replace(/(README)?\.md$/, "")}` });
const titleOf = (path: string): string =>
  /^# (.*)$/m.exec(readFileSync(join(root, path), "utf8"))?.[1]?.replaceAll("`", "") ?? basename(path);

export default defineConfig({
  title: "Bilevel",
  description: "A modelling language and compiler for bilevel optimisation",
  srcDir: "..",
  outDir: "dist",
  cacheDir: "../node_modules/.cache/vitepress",
  srcExclude: [
    "node_modules/**",
    "test/**",
    "templates/**",
    "editors/**",
    "playground/**",
    "site/**",
    "dist/**",
    "CHANGELOG.md",
  ],
  rewrites: {
    "README.md": "index.md",
    "examples/:name/README.md": "examples/:name/index.md",
    "bench/README.md": "bench/index.md",
  },
  // Links to programs, data and folders are meant for the repository.
  ignoreDeadLinks: [/^(?!.*\.md$)/],
  markdown: {
    languages: [{ ...(grammar as object), name: "bilevel" } as never],
    config: (md) => {
      // A link to the folder of an example is one to its page.
      md.core.ruler.push("examples", ({ tokens }) => {
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          const link = token.attrGet("href");
          if (link !== null && /(^|\/)(examples\/[\w-]+|bench)$/.test(link)) token.attrSet("href", `${link}/`);
        }
      });
    },
  },
  themeConfig: {
    search: { provider: "local" },
    outline: "deep",
    sidebar: [
      {
        text: "Bilevel",
        items: [
          page("The first programs", "README.md"),
          page("The language", "docs/language.md"),
          page("The mathematics and the methods", "docs/methods.md"),
          page("Engines", "docs/engines.md"),
          page("Runs that are kept", "docs/runs.md"),
          page("The library", "docs/api.md"),
          page("In the editor", "docs/editors.md"),
          page("In the browser", "docs/playground.md"),
          page("What a program may do", "docs/trust.md"),
          page("Benchmarks", "bench/README.md"),
          page("Contributing", "CONTRIBUTING.md"),
          page("Dependencies", "docs/dependencies.md"),
        ],
      },
      { text: "Examples", collapsed: true, items: examples.map((path) => page(titleOf(path), path)) },
      {
        text: "Messages",
        collapsed: true,
        items: messages.toSorted().map((file) => page(basename(file, ".md"), `docs/errors/${file}`)),
      },
    ],
  },
});
