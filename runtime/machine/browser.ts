/** A page or a worker: files come from where the page does, and there is one thread. */
import { BilevelError } from "../../grammar/diagnostics.ts";
import { engineUnavailable } from "../engine/errors.ts";
import type { Machine } from "./machine.ts";

export const machine: Machine = {
  read: async function* (path) {
    const { ok, body } = await fetch(path);
    if (!ok || body === null) throw Object.assign(new Error("there is no such file"), { code: "ENOENT" });
    yield* body;
  },
  sizeOf: async () => undefined,
  resolve: (path, from) => {
    if (/^(\/|[a-z]+:)/i.test(path)) return path;
    const folders = from.split("/").slice(0, -1);
    for (const part of path.split("/")) {
      if (part === "..") folders.pop();
      else if (part !== ".") folders.push(part);
    }
    return folders.join("/");
  },
  within: (path, folders) => folders.some((folder) => addressOf(path).startsWith(addressOf(`${folder || "."}/`))),
  wasm: {},
  threads: () => 1,
  openBackend: async (name) => {
    throw new BilevelError([engineUnavailable(name === "best" ? "tfjs" : name, "runs under Node.js alone")]);
  },
};

/** As the page would ask for it: backslashes and encoded dots are steps of a path there, too. */
const addressOf = (path: string): string => new URL(path, "https://page.invalid/").href;
