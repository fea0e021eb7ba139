/**
 * The language server: how long from its start to the first diagnostics, how long from a keystroke in a program of a
 * thousand lines to its diagnostics, and what ten thousand edits leave in memory.
 *
 *     node scripts/build.mjs --no-types && node bench/language-server.ts
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createProtocolConnection, StreamMessageReader, StreamMessageWriter } from "vscode-languageserver/node";
import { diskHost } from "../language-server/node.ts";
import { createServices } from "../language-server/services.ts";

const root = join(import.meta.dirname, "..");
const example = join(root, "examples", "ridge-diabetes", "ridge.bilevel");

const shown = (times: readonly number[]): string => {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part: number): string => (sorted[Math.floor(part * (sorted.length - 1))] ?? 0).toFixed(1);
  return `median ${at(0.5)} ms, smallest ${at(0)} ms, 95 % within ${at(0.95)} ms`;
};

/** From the process's start to the first diagnostics of an opened program. */
async function coldStart(): Promise<number> {
  const started = performance.now();
  const child = spawn(process.execPath, [join(root, "dist", "bilevel.js"), "lsp", "--stdio"]);
  const connection = createProtocolConnection(
    new StreamMessageReader(child.stdout),
    new StreamMessageWriter(child.stdin),
  );
  const first = new Promise<number>((resolve) => {
    connection.onNotification("textDocument/publishDiagnostics", () => resolve(performance.now() - started));
  });
  connection.listen();
  await connection.sendRequest("initialize", { processId: process.pid, rootUri: null, capabilities: {} });
  const textDocument = { uri: pathToFileURL(example).href, languageId: "bilevel", version: 1 };
  await connection.sendNotification("textDocument/didOpen", {
    textDocument: { ...textDocument, text: readFileSync(example, "utf8") },
  });
  const time = await first;
  child.kill();
  return time;
}

/** A thousand lines: the example, and definitions with comments that each use the one before. */
function longProgram(): string {
  const text = readFileSync(example, "utf8");
  const lines = text.split("\n");
  for (let i = 0; lines.length < 1000; i++) {
    const before = i === 0 ? "loss(valid)" : `part${i - 1}`;
    lines.push("", `## Part ${i} of the whole.`, `let part${i} = mean((valid.X @ theta)^2) + ${i} * ${before}`);
  }
  return lines.join("\n");
}

function keystrokes(count: number, collect: () => void): { times: number[]; heap: number[] } {
  const folder = mkdtempSync(join(tmpdir(), "bilevel-"));
  const file = join(folder, "long.bilevel");
  const text = longProgram();
  writeFileSync(file, text);
  const services = createServices(diskHost({ workspaceFolders: [] }));
  const uri = pathToFileURL(file).href;
  services.open(uri, 1, text);
  const lines = text.split("\n");
  const times: number[] = [];
  const heap: number[] = [];
  for (let k = 0; k < count; k++) {
    // A digit typed in a line in the middle, then taken back.
    const line = lines.findIndex((each, i) => i > 500 && each.startsWith("let"));
    const at = { line, character: lines[line]?.lastIndexOf(" * ") ?? 0 };
    const change =
      k % 2 === 0
        ? { range: { start: at, end: at }, text: "0" }
        : { range: { start: at, end: { ...at, character: at.character + 1 } }, text: "" };
    const started = performance.now();
    services.change(uri, k + 2, [change]);
    const found = services.diagnostics(uri);
    times.push(performance.now() - started);
    if (found.length > 0) throw new Error(JSON.stringify(found[0]));
    if ((k + 1) % (count / 5) === 0) {
      collect();
      heap.push(process.memoryUsage().heapUsed / 2 ** 20);
    }
  }
  return { times, heap };
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const starts: number[] = [];
for (let k = 0; k < 10; k++) starts.push(await coldStart());
console.log(`cold start to first diagnostics: ${shown(starts)}`);
const edits = Number(process.argv[2] ?? 10_000);
const { times, heap } = keystrokes(edits, collect);
console.log(`keystroke in ${longProgram().split("\n").length} lines: ${shown(times.slice(100))}`);
console.log(`heap after each fifth of ${edits} edits: ${heap.map((each) => `${each.toFixed(1)} MB`).join(", ")}`);
