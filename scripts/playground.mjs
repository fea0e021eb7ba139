// Builds the playground into dist/playground, or into the folder that is given: a static page that any web server serves from a
// folder, `npx serve dist/playground` for one.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const out = resolve(process.argv[2] ?? join(root, "dist", "playground"));

/** In the order of the list: what a browser solves within seconds. */
const offered = [
  "ridge-diabetes/ridge",
  "lasso-diabetes/lasso",
  "elastic-net/elastic-net",
  "kfold-ridge/kfold",
  "logistic-breast-cancer/logistic",
  "sparse-logistic/sparse-logistic",
  "class-penalties/wine",
  "group-lasso/group-lasso",
  "kernel-diabetes/kernel",
  "sure/lasso",
  "worst-case/robust",
  "nested/nested",
  "tasks/tasks",
  "bilevel-linear/bard-1998",
  "minimum-norm/minimum-norm",
  "warm-starts/warm-starts",
  "instrumental-variables/two-stage",
  "double-descent/ridge",
  "search/search",
].map((name) => `examples/${name}.bilevel`);

/** The programs and the data that programs name, themselves included. */
function withNamed(files) {
  const named = files
    .filter((file) => file.endsWith(".bilevel"))
    .flatMap((file) =>
      [...readFileSync(join(root, file), "utf8").matchAll(/"([^"\n]+\.\w+)"/g)]
        .map(([, path]) => relative(root, resolve(root, dirname(file), path)))
        .filter((path) => existsSync(join(root, path))),
    );
  const all = [...new Set([...files, ...named])];
  return all.length === files.length ? all : withNamed(all);
}

/** What stands in a program's first comment, up to its first full stop or colon. */
function titleOf(file) {
  const [line = ""] = readFileSync(join(root, file), "utf8").split("\n");
  const [sentence = ""] = line.replace(/^#+\s*/, "").split(/[.:?](?:\s|$)/);
  return line.startsWith("#") ? sentence : basename(file);
}

/** Monaco's own languages stay out: only its editor and its client are wanted. */
const editorAlone = {
  name: "editor-alone",
  setup({ onLoad }) {
    onLoad({ filter: /monaco-editor\/esm\/vs\/(languages\/definitions|language)\// }, () => ({
      contents: "module.exports = {};",
    }));
  },
};

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const shared = {
  absWorkingDir: root,
  outdir: out,
  bundle: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  minify: true,
  legalComments: "linked",
  logLevel: "warning",
};
await build({
  ...shared,
  entryPoints: {
    main: "playground/main.ts",
    "editor-worker": "node_modules/monaco-editor/esm/vs/editor/editor.worker.js",
    "language-worker": "playground/language-worker.ts",
    "compute-worker": "playground/compute-worker.ts",
  },
  loader: { ".ttf": "file" },
  plugins: [editorAlone],
});

const files = withNamed(offered);
for (const file of files) cpSync(join(root, file), join(out, file));
const programs = files.filter((file) => file.endsWith(".bilevel"));
writeFileSync(
  join(out, "examples.json"),
  JSON.stringify({
    offered: offered.map((file) => ({ file, title: titleOf(file) })),
    programs: Object.fromEntries(programs.map((file) => [file, readFileSync(join(root, file), "utf8")])),
    files,
  }),
);
for (const name of ["index.html", "style.css", "icon.svg"]) cpSync(join(root, "playground", name), join(out, name));

const made = readdirSync(out, { recursive: true, withFileTypes: true })
  .filter((each) => each.isFile())
  .map((each) => relative(out, join(each.parentPath, each.name)).replaceAll("\\", "/"))
  .sort();
const version = createHash("sha256");
for (const file of made) version.update(file).update(readFileSync(join(out, file)));
await build({
  ...shared,
  entryPoints: { "service-worker": "playground/service-worker.ts" },
  define: { files: JSON.stringify(["./", ...made]), version: JSON.stringify(version.digest("hex")) },
});
