/**
 * What a module compiled for TensorFlow.js brings along: the runtime of every module, on an engine over TensorFlow.js. Its library is
 * within, with the backend that runs anywhere; `load` takes another one as its third argument.
 */
import * as own from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { createDevice, type TensorFlow } from "./engine/tfjs/device.ts";
import { createTfjsEngine } from "./engine/tfjs/engine.ts";
import { hostAlgebra } from "./engine/tfjs/host.ts";
import { createWasmEngine } from "./engine/wasm/engine.ts";
import { loaderOn } from "./standalone.ts";

export { unpack } from "./standalone.ts";

own.enableProdMode();

/** The backend must be ready, and one that can be read at once: WebGPU cannot. */
export const loader = loaderOn<TensorFlow>(async (_, tf = own) => {
  await tf.ready();
  const device = createDevice(`tfjs-${tf.getBackend()}`, tf, hostAlgebra(await createWasmEngine()));
  return createTfjsEngine(device, await createWasmEngine({ precision: "f32" }));
});
