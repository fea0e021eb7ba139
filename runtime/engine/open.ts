/** The engine that a solve block asks for. */
import type { OptionValue } from "../../compiler/check/model.ts";
import { tfjsBackend } from "../../compiler/plan/engine.ts";
import { systemBlas } from "./blas/find.ts";
import type { Engine } from "./engine.ts";
import { createWasmEngine } from "./wasm/engine.ts";
import type { WasmEngineOptions } from "./wasm/host.ts";
import { defaultThreads, spawnWorker } from "./wasm/worker-threads.ts";

/** Throws a BilevelError where the engine is not installed or does not start. */
export async function openEngine(solve: ReadonlyMap<string, OptionValue>): Promise<Engine> {
  const [threads, precision] = [solve.get("threads"), solve.get("precision")];
  const backend = tfjsBackend(solve.get("engine"));
  const options: WasmEngineOptions = {
    blas: systemBlas,
    spawn: spawnWorker,
    threads: threads?.kind === "number" ? threads.value : defaultThreads(),
    precision: backend !== undefined || (precision?.kind === "word" && precision.value === "f32") ? "f32" : "f64",
  };
  const host = await createWasmEngine(options);
  if (backend === undefined) return host;
  // Loaded for those who ask for it.
  const [{ openBackend, openBest }, { createTfjsEngine }] = await Promise.all([
    import("./tfjs/node/backends.ts"),
    import("./tfjs/engine.ts"),
  ]);
  return createTfjsEngine(await (backend === "best" ? openBest() : openBackend(backend)), host);
}
