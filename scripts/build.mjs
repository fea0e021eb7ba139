// Bundles the command line and the library into dist/, or the folder that --out names. What only some runs need (mathjs, temml, each
// command, the language server) is imported where it is used, and so read only then. Declarations come from tsc with tsconfig.build.json.
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { values: flags } = parseArgs({ options: { "no-types": { type: "boolean" }, out: { type: "string" } } });
const dist = resolve(flags.out ?? join(root, "dist"));

/** Stands in for the modules of Node.js that TensorFlow.js asks for and a compiled module can do without. */
const withoutNode = {
  name: "without-node",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(util|crypto|node-fetch)$/ }, ({ path }) => ({ path, namespace: "without-node" }));
    onLoad({ filter: /.*/, namespace: "without-node" }, () => ({
      contents: `const isA = (name) => (value) => Object.prototype.toString.call(value) === "[object " + name + "]";
        const arrays = ["Float32Array", "Int32Array", "Uint8Array", "Uint8ClampedArray"];
        module.exports = { TextEncoder, TextDecoder, types: Object.fromEntries(arrays.map((name) => ["is" + name, isA(name)])) };`,
    }));
  },
};

/** What every compiled module brings along, as one statement a target. The neutral platform keeps Node's modules out of it. */
const standalone = await build({
  absWorkingDir: root,
  entryPoints: { "standalone-wasm": "runtime/standalone.ts", "standalone-tfjs": "runtime/standalone-tfjs.ts" },
  outdir: dist,
  bundle: true,
  format: "iife",
  globalName: "bilevel",
  platform: "neutral",
  mainFields: ["module", "main"],
  plugins: [withoutNode],
  target: "es2022",
  minify: true,
  // An uncaught error shows the line it was thrown from.
  lineLimit: 160,
  legalComments: "eof",
  logLevel: "warning",
  write: false,
});

const programs = await build({
  absWorkingDir: root,
  entryPoints: {
    bilevel: "cli/bilevel.ts",
    index: "index.ts",
    esbuild: "cli/esbuild.ts",
    "webgpu-worker": "runtime/engine/tfjs/node/webgpu-worker.ts",
  },
  outdir: dist,
  bundle: true,
  format: "esm",
  // What is imported where it is used becomes a file of its own: reading the whole takes longer than most commands.
  splitting: true,
  chunkNames: "[name]-[hash]",
  platform: "node",
  target: "node22",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "linked",
  logLevel: "warning",
  write: false,
  // CommonJS dependencies ask for Node's modules.
  banner: {
    js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
  },
});

/** The library for pages and workers: `#machine` is the browser there. */
const page = await build({
  absWorkingDir: root,
  entryPoints: { browser: "index.ts" },
  outdir: dist,
  bundle: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  minify: true,
  lineLimit: 160,
  legalComments: "linked",
  logLevel: "warning",
  write: false,
});

// Only a build that succeeded replaces the one before.
rmSync(dist, { recursive: true, force: true });
for (const { path, contents } of [...standalone.outputFiles, ...programs.outputFiles, ...page.outputFiles]) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents);
}
chmodSync(join(dist, "bilevel.js"), 0o755);
writeFileSync(join(dist, "bilevel.1"), execFileSync(process.execPath, [join(dist, "bilevel.js"), "man"]));

if (!flags["no-types"]) {
  const tsc = join(root, "node_modules", ".bin", "tsc");
  const { status } = spawnSync(tsc, ["-p", "tsconfig.build.json", "--outDir", join(dist, "types")], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
}
