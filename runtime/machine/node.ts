/** Node.js: the disk, the system's BLAS, worker threads, installed packages. */
import { realpathSync } from "node:fs";
import { open, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, normalize, relative, resolve, sep } from "node:path";
import { systemBlas } from "../engine/blas/find.ts";
import { defaultThreads, spawnWorker } from "../engine/wasm/worker-threads.ts";
import type { Machine } from "./machine.ts";

const chunkSize = 1 << 18;

export const machine: Machine = {
  read: async function* (path) {
    const handle = await open(path);
    try {
      const chunk = Buffer.allocUnsafe(chunkSize);
      for (;;) {
        const { bytesRead } = await handle.read(chunk, 0, chunkSize);
        if (bytesRead === 0) return;
        yield chunk.subarray(0, bytesRead);
      }
    } finally {
      await handle.close();
    }
  },
  sizeOf: async (path) => (await stat(path).catch(() => undefined))?.size,
  resolve: (path, from) => normalize(isAbsolute(path) ? path : join(dirname(from), path)),
  within: (path, folders) => {
    const target = linksFollowed(resolve(path));
    return folders.some((folder) => {
      const way = relative(linksFollowed(resolve(folder)), target);
      return !isAbsolute(way) && way !== ".." && !way.startsWith(`..${sep}`);
    });
  },
  wasm: { blas: systemBlas, spawn: spawnWorker },
  threads: defaultThreads,
  openBackend: async (name) => {
    const { openBackend, openBest } = await import("../engine/tfjs/node/backends.ts");
    return name === "best" ? openBest() : openBackend(name);
  },
};

/** Of what does not exist, the folders that do. */
function linksFollowed(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return dirname(path) === path ? path : join(linksFollowed(dirname(path)), basename(path));
  }
}
