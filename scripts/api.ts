/** Writes docs/api.md: what index.ts exports, each with its comment and its declaration, as the sources have them. */
import { writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import {
  API,
  type Checker,
  type Project,
  SymbolFlags,
  type Symbol as TypeScriptSymbol,
} from "typescript/unstable/sync";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

const head = `# The library

[README](../README.md#from-typescript) has the first steps. This page is written by \`node scripts/api.ts\`.
`;

/** What the package exports, by the name it is imported under. */
const modules = { bilevel: "index.ts", "bilevel/esbuild": "cli/esbuild.ts" } as const;

export function apiReference(): string {
  const api = new API({ cwd: root });
  const snapshot = api.updateSnapshot({ openProject: join(root, "tsconfig.json") });
  try {
    const project = snapshot.getProject(join(root, "tsconfig.json"));
    if (project === undefined) throw new Error("tsconfig.json describes no project");
    const sections = Object.entries(modules).flatMap(([name, file]) => [
      `## From "${name}"\n`,
      ...exportsOf(project, join(root, file)).map((symbol) => entryOf(project, symbol)),
    ]);
    return [head, ...sections].join("\n");
  } finally {
    api.close();
  }
}

/** Functions, then types. */
function exportsOf({ program, checker }: Project, file: string): readonly TypeScriptSymbol[] {
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${file} exports nothing`);
  const sorted = checker.getExportsOfModule(module).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return [/^[a-z]/, /^[A-Z]/].flatMap((initial) => sorted.filter(({ name }) => initial.test(name)));
}

function entryOf(project: Project, exported: TypeScriptSymbol): string {
  const symbol = targetOf(project.checker, exported);
  const declaration = symbol.declarations[0]?.resolve(project);
  if (declaration === undefined) throw new Error(`${exported.name} is declared nowhere`);
  const source = declaration.getSourceFile();
  const body = "body" in declaration ? (declaration.body as { readonly pos: number } | undefined) : undefined;
  const text = source.text.slice(declaration.getStart(), body?.pos ?? declaration.end).trim();
  const file = relative(root, source.fileName);
  const doc = project.checker.getDocumentationCommentOfSymbol(symbol).trim();
  const lines = [
    `### ${exported.name}`,
    "",
    ...(doc === "" ? [] : [doc, ""]),
    "```typescript",
    text,
    "```",
    "",
    `From [${file}](../${file}).`,
    "",
  ];
  return lines.join("\n");
}

const targetOf = (checker: Checker, symbol: TypeScriptSymbol): TypeScriptSymbol =>
  (symbol.flags & SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(join(root, "docs", "api.md"), apiReference());
