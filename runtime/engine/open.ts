/** The engine that a solve block asks for. */
import { machine } from "#machine";
import type { OptionValue } from "../../compiler/check/model.ts";
import { tfjsBackend } from "../../compiler/plan/engine.ts";
import type { Engine } from "./engine.ts";
import { createWasmEngine } from "./wasm/engine.ts";
import type { WasmEngineOptions } from "./wasm/host.ts";

/** Throws a BilevelError where the engine is not installed or does not start. */
export async function openEngine(solve: ReadonlyMap<string, OptionValue>): Promise<Engine> {
  const [threads, precision] = [solve.get("threads"), solve.get("precision")];
  const backend = tfjsBackend(solve.get("engine"));
  const options: WasmEngineOptions = {
    ...machine.wasm,
    threads: threads?.kind === "number" ? threads.value : machine.threads(),
    precision: backend !== undefined || (precision?.kind === "word" && precision.value === "f32") ? "f32" : "f64",
  };
  const host = await createWasmEngine(options);
  if (backend === undefined) return host;
  const device = await machine.openBackend(backend);
  // Loaded for those who ask for it.
  const { createTfjsEngine } = await import("./tfjs/engine.ts");
  return createTfjsEngine(device, host);
}
