/** The other side of remote.ts: TensorFlow.js on WebGPU, through Dawn, answering one call after the other. */
import { parentPort, workerData } from "node:worker_threads";
import { createWasmEngine } from "../../wasm/engine.ts";
import { type DeviceCore, deviceCore, type TensorFlow } from "../device.ts";
import { hostAlgebra } from "../host.ts";
import { loadPackage } from "./packages.ts";
import type { Answer, Call, WorkerData } from "./remote.ts";

interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
}

/** The part of the package `webgpu` that is used. */
interface Dawn {
  readonly create: (flags: readonly string[]) => {
    readonly requestAdapter: () => Promise<{ readonly info: AdapterInfo } | null>;
  };
  readonly globals: object;
}

const software = /swiftshader|llvmpipe|lavapipe|warp|basic render/i;

async function open(): Promise<{ readonly tf: TensorFlow; readonly isEmulated: boolean }> {
  const { create, globals } = loadPackage("webgpu") as Dawn;
  Object.assign(globalThis, globals);
  const gpu = create([]);
  Object.defineProperty(globalThis.navigator, "gpu", { value: gpu, configurable: true });
  const adapter = await gpu.requestAdapter();
  if (adapter === null) throw new Error("no GPU that WebGPU can use was found");
  const tf = loadPackage("@tensorflow/tfjs-core") as TensorFlow;
  loadPackage("@tensorflow/tfjs-backend-webgpu");
  tf.enableProdMode();
  if (!(await tf.setBackend("webgpu"))) throw new Error("the WebGPU backend did not start");
  const { vendor, architecture, device, description } = adapter.info;
  const name = [vendor, architecture, device, description].filter(Boolean).join(" ");
  return { tf, isEmulated: software.test(name) };
}

const { port, signal } = workerData as WorkerData;
const flag = new Int32Array(signal);
const failure = (error: unknown): Answer => ({
  ok: false,
  message: error instanceof Error ? error.message : String(error),
});

async function answer(core: DeviceCore, { method, given }: Call): Promise<unknown> {
  if (method !== "run") return (core[method] as (...given: readonly unknown[]) => unknown)(...given);
  const steps = core.run(...(given as Parameters<DeviceCore["run"]>));
  let step = steps.next();
  while (!step.done) step = steps.next((await step.value.data<"float32">()) as Float32Array);
  return step.value;
}

try {
  const { tf, isEmulated } = await open();
  const core = deviceCore(tf, hostAlgebra(await createWasmEngine()));
  port.on("message", async (call: Call) => {
    port.postMessage(await answer(core, call).then((value): Answer => ({ ok: true, value }), failure));
    Atomics.store(flag, 0, 1);
    Atomics.notify(flag, 0);
  });
  parentPort?.postMessage({ ok: true, value: isEmulated } satisfies Answer);
} catch (error) {
  parentPort?.postMessage(failure(error));
}
