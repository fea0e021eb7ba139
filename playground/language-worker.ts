/** The language server in a worker: the editor's client speaks the protocol with it. The first message brings the examples. */
import { BrowserMessageReader, BrowserMessageWriter, createConnection } from "vscode-languageserver/browser";
import { machine } from "#machine";
import { readColumns, readFacts } from "../language-server/data.ts";
import type { Host } from "../language-server/host.ts";
import { serve } from "../language-server/server.ts";
import { type Examples, folder } from "./examples.ts";

self.addEventListener(
  "message",
  ({ data: examples }: MessageEvent<Examples>) => {
    const connection = createConnection(new BrowserMessageReader(self), new BrowserMessageWriter(self));
    serve(connection, () => hostOf(examples));
  },
  { once: true },
);

const root = "file:///";

function hostOf({ programs, files }: Examples): Host {
  return {
    fileOf: (uri) => (uri.startsWith(root) ? uri.slice(root.length) : uri),
    uriOf: (file) => root + file,
    resolve: machine.resolve,
    readText: (file) => programs[file],
    programs: () => [],
    entries: (path) => {
      const below = files.filter((file) => file.startsWith(`${path}/`)).map((file) => file.slice(path.length + 1));
      const names = new Map(below.map((rest) => [rest.split("/")[0] ?? "", rest.includes("/")]));
      return [...names].map(([name, isFolder]) => ({ name, folder: isFolder }));
    },
    columns: async (path, format) => (files.includes(path) ? readColumns(path, format) : []),
    readData: (model) => readFacts(model, [folder]),
    pageOf: () => undefined,
  };
}
