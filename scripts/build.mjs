// Bundles the command line and the library into dist/, one file each. What only some runs need (mathjs, temml, each command) is
// imported where it is used, and so evaluated only then. Declarations come from tsc with tsconfig.build.json.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");

/** What every compiled module brings along, as one statement. The neutral platform keeps Node's modules out of it. */
const standalone = await build({
  absWorkingDir: root,
  entryPoints: ["runtime/standalone.ts"],
  bundle: true,
  format: "iife",
  globalName: "bilevel",
  platform: "neutral",
  target: "es2022",
  minify: true,
  // An uncaught error shows the line it was thrown from.
  lineLimit: 160,
  logLevel: "warning",
  write: false,
});

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: { bilevel: "cli/bilevel.ts", index: "index.ts" },
  outdir: dist,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node22",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "linked",
  logLevel: "warning",
  write: false,
  define: { STANDALONE_RUNTIME: JSON.stringify(standalone.outputFiles[0].text.trim()) },
  // CommonJS dependencies ask for Node's modules.
  banner: {
    js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
  },
});

// Only a build that succeeded replaces the one before.
rmSync(dist, { recursive: true, force: true });
for (const { path, contents } of outputFiles) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents);
}
chmodSync(join(dist, "bilevel.js"), 0o755);

if (!process.argv.includes("--no-types")) {
  const tsc = join(root, "node_modules", ".bin", "tsc");
  const { status } = spawnSync(tsc, ["-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
