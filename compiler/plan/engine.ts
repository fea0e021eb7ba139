/** Engines by the words that a solve block has for them. */
import type { OptionValue } from "../check/model.ts";

/** Backends of TensorFlow.js, as results name them. */
const tfjsWords = {
  tfjs: "best",
  tfjs_node_gpu: "tfjs-node-gpu",
  tfjs_webgpu: "tfjs-webgpu",
  webgpu: "tfjs-webgpu",
  tfjs_node: "tfjs-node",
  tfjs_wasm: "tfjs-wasm",
  tfjs_cpu: "tfjs-cpu",
  cpu: "tfjs-cpu",
} as const;

/** `best`: the first that starts. */
export type TfjsBackend = (typeof tfjsWords)[keyof typeof tfjsWords];

/** The backend that an engine's word means; `undefined` for the default engine. */
export function tfjsBackend(engine: OptionValue | undefined): TfjsBackend | undefined {
  return engine?.kind === "word" && Object.hasOwn(tfjsWords, engine.value)
    ? tfjsWords[engine.value as keyof typeof tfjsWords]
    : undefined;
}
