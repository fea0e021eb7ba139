/** Workers under Node. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Spawn } from "./threads.ts";

export const spawnWorker: Spawn = (program, data) => {
  const worker = new Worker(`(${program})(require("node:worker_threads").workerData)`, {
    eval: true,
    workerData: data,
  });
  worker.unref();
  return () => void worker.terminate();
};

/** More threads than this gain little on rows that stream from memory. */
const enough = 4;

export function defaultThreads(): number {
  return Math.min(enough, availableParallelism());
}
