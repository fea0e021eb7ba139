/** The language server of Node.js: standard input and output, files on the disk. */
import { existsSync, globSync, readdirSync, readFileSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { InitializeParams } from "vscode-languageserver";
import { createConnection, LSPErrorCodes } from "vscode-languageserver/node";
import { machine } from "#machine";
import type { DataDeclaration, Model } from "../compiler/check/model.ts";
import { pathOf } from "../runtime/data/sources.ts";
import { readColumns, readFacts } from "./data.ts";
import type { DataFacts, Host } from "./host.ts";
import { serve } from "./server.ts";

/** Serves until the editor says that it is done. */
export function serveStdio(): void {
  const connection = createConnection(process.stdin, process.stdout, {
    connectionStrategy: {
      // A request that waits for its turn is given up without being computed.
      cancelUndispatched: (message, next) => {
        const { id } = message as { readonly id?: number | string };
        if (id === undefined) return next(message);
        return { jsonrpc: "2.0", id, error: { code: LSPErrorCodes.RequestCancelled, message: "cancelled" } };
      },
    },
  });
  serve(connection, diskHost);
}

/** Larger data is not read while a program is being written. */
const largestData = 2 ** 25;

export function diskHost({ workspaceFolders }: Pick<InitializeParams, "workspaceFolders">): Host {
  const folders = (workspaceFolders ?? []).map(({ uri }) => fileOf(uri));
  /** What was read without a mistake, as long as the program asks for the same and the files stay as they are. */
  let last: { readonly key: string; readonly facts: DataFacts } | undefined;
  return {
    fileOf,
    uriOf: (file) => (isAbsolute(file) ? pathToFileURL(file).href : file),
    resolve: machine.resolve,
    readText: (file) => {
      try {
        return readFileSync(file, "utf8");
      } catch {
        return undefined;
      }
    },
    programs: () =>
      folders.flatMap((cwd) =>
        globSync("**/*.bilevel", { cwd, exclude: (name) => name === "node_modules" }).map((file) => join(cwd, file)),
      ),
    entries: (folder) => {
      try {
        return readdirSync(folder, { withFileTypes: true }).map((each) => ({
          name: each.name,
          folder: each.isDirectory(),
        }));
      } catch {
        return [];
      }
    },
    columns: readColumns,
    readData: async (model) => {
      const key = keyOf(model);
      if (last?.key === key) return last.facts;
      const bytes = model.data.map((each) => statOf(each)?.size ?? 0).reduce((a, b) => a + b, 0);
      if (bytes > largestData) return { sizes: new Map(), diagnostics: [] };
      const facts = await readFacts(model, folders);
      if (facts.diagnostics.length === 0) last = { key, facts };
      return facts;
    },
    pageOf: (code) => {
      const page = join(import.meta.dirname, "..", "docs", "errors", `${code}.md`);
      return existsSync(page) ? pathToFileURL(page).href : undefined;
    },
  };
}

/** A document that is no file, such as one that was never saved, goes by its URI. */
function fileOf(uri: string): string {
  try {
    return uri.startsWith("file:") ? fileURLToPath(uri) : uri;
  } catch {
    return uri;
  }
}

function statOf(declaration: DataDeclaration) {
  const path = pathOf(declaration, undefined);
  return path === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
}

/** What a program asks of its data, without the places where it says so. */
function keyOf({ file, data, dims, requirements }: Model): string {
  const files = data.map((each) => {
    const { size, mtimeMs } = statOf(each) ?? {};
    return [size, mtimeMs];
  });
  return JSON.stringify([file, files, data, dims, requirements], (key, value: unknown) => {
    if (/span$/i.test(key) || key === "declared") return undefined;
    return value instanceof Map ? [...value] : value;
  });
}
