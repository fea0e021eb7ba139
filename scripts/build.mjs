// Bundles the command line and the library into dist/, one file each. What only some runs need (mathjs, temml, each command) is
// imported where it is used, and so evaluated only then. Declarations come from tsc with tsconfig.build.json.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");

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
    "webgpu-worker": "runtime/engine/tfjs/node/webgpu-worker.ts",
  },
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
  // CommonJS dependencies ask for Node's modules.
  banner: {
    js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
  },
});

// Only a build that succeeded replaces the one before.
rmSync(dist, { recursive: true, force: true });
for (const { path, contents } of [...standalone.outputFiles, ...programs.outputFiles]) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents);
}
chmodSync(join(dist, "bilevel.js"), 0o755);

if (!process.argv.includes("--no-types")) {
  const tsc = join(root, "node_modules", ".bin", "tsc");
  const { status } = spawnSync(tsc, ["-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
