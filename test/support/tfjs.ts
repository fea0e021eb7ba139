/** TensorFlow.js engines for tests; WebGPU plays on the processor where Chromium brings what it takes. */
import { existsSync } from "node:fs";
import type { Engine } from "../../runtime/engine/engine.ts";
import { createTfjsEngine } from "../../runtime/engine/tfjs/engine.ts";
import { type BackendName, openBackend } from "../../runtime/engine/tfjs/node/backends.ts";
import { createWasmEngine } from "../../runtime/engine/wasm/engine.ts";

const chromium = "/usr/lib/chromium/vk_swiftshader_icd.json";
const loaders = ["/usr/lib/x86_64-linux-gnu/libvulkan.so.1", "/usr/lib/aarch64-linux-gnu/libvulkan.so.1"];

/** The adapter that WebGPU finds, said by a variable of Vulkan's loader; tests that want one skip without it. */
export const webgpu = {
  isThere: existsSync(chromium) && loaders.some((path) => existsSync(path)),
  environment: { VK_ICD_FILENAMES: chromium },
};

if (webgpu.isThere) Object.assign(process.env, webgpu.environment);
else process.stderr.write("WebGPU is not tested: it takes the Debian packages chromium and libvulkan1\n");

export async function tfjs(name: BackendName): Promise<Engine> {
  return createTfjsEngine(await openBackend(name), await createWasmEngine({ precision: "f32" }));
}
