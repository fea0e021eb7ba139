/** The backends of TensorFlow.js: what each needs, and how a device is opened on it. */
import util from "node:util";
import { BilevelError } from "../../../../grammar/diagnostics.ts";
import { engineUnavailable } from "../../errors.ts";
import { createWasmEngine } from "../../wasm/engine.ts";
import { createDevice, type Device, type TensorFlow } from "../device.ts";
import { hostAlgebra } from "../host.ts";
import { isInstalled, loadPackage } from "./packages.ts";
import { openRemote } from "./remote.ts";

export interface Backend {
  /** What it computes on. */
  readonly what: string;
  readonly packages: readonly string[];
  /** Rejects with the reason why it does not start. */
  readonly open: (name: string) => Promise<Device>;
}

const core = "@tensorflow/tfjs-core";

/** The best first. */
export const backends = {
  "tfjs-node-gpu": {
    what: "NVIDIA GPUs through CUDA",
    packages: ["@tensorflow/tfjs-node-gpu"],
    open: async (name) => {
      const tf = loadNode("@tensorflow/tfjs-node-gpu");
      const { isUsingGpuDevice } = tf.backend() as { readonly isUsingGpuDevice?: boolean };
      if (isUsingGpuDevice === false) throw new Error("TensorFlow found no GPU that it can use");
      return local(name, tf);
    },
  },
  "tfjs-webgpu": {
    what: "GPUs through WebGPU",
    packages: [core, "@tensorflow/tfjs-backend-webgpu", "webgpu"],
    open: openRemote,
  },
  "tfjs-node": {
    what: "TensorFlow on the processor",
    packages: ["@tensorflow/tfjs-node"],
    open: async (name) => local(name, loadNode("@tensorflow/tfjs-node")),
  },
  "tfjs-wasm": {
    what: "the processor through WebAssembly",
    packages: [core, "@tensorflow/tfjs-backend-wasm"],
    open: (name) => openPlain(name, "wasm"),
  },
  "tfjs-cpu": {
    what: "the processor through JavaScript",
    packages: [core, "@tensorflow/tfjs-backend-cpu"],
    open: (name) => openPlain(name, "cpu"),
  },
} as const satisfies Record<string, Backend>;

export type BackendName = keyof typeof backends;
export const backendNames = Object.keys(backends) as readonly BackendName[];

/** The one command that adds what a backend needs. */
export const installCommand = (name: BackendName): string => `npm install ${backends[name].packages.join(" ")}`;

const missingFor = (name: BackendName): readonly string[] =>
  backends[name].packages.filter((each) => !isInstalled(each));

export const isComplete = (name: BackendName): boolean => missingFor(name).length === 0;

/** Throws a BilevelError where the backend is not installed or does not start. */
export async function openBackend(name: BackendName): Promise<Device> {
  const missing = missingFor(name);
  if (missing.length > 0)
    throw new BilevelError([
      engineUnavailable(
        name,
        `needs ${missing.join(" and ")}, which ${missing.length === 1 ? "is" : "are"} not installed`,
        installCommand(name),
      ),
    ]);
  try {
    return await backends[name].open(name);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BilevelError([engineUnavailable(name, `does not start: ${reason}`)]);
  }
}

/** The best backend that is installed and starts. Throws a BilevelError where there is none. */
export async function openBest(): Promise<Device> {
  for (const name of backendNames.filter(isComplete)) {
    try {
      const device = await backends[name].open(name);
      if (!device.isEmulated) return device;
    } catch {
      // The next one may start.
    }
  }
  throw new BilevelError([
    engineUnavailable("tfjs", "needs TensorFlow.js, which is not installed", installCommand("tfjs-wasm")),
  ]);
}

async function openPlain(name: string, backend: "cpu" | "wasm"): Promise<Device> {
  const tf = loadPackage(core) as TensorFlow;
  loadPackage(`@tensorflow/tfjs-backend-${backend}`);
  tf.enableProdMode();
  if (!(await tf.setBackend(backend))) throw new Error(`the backend ${backend} is not there`);
  return local(name, tf);
}

async function local(name: string, tf: TensorFlow): Promise<Device> {
  return createDevice(name, tf, hostAlgebra(await createWasmEngine()));
}

/** These packages bring TensorFlow's own library. */
function loadNode(name: string): TensorFlow {
  // They call a function that Node.js warns of and later dropped; and the library would report every feature of the processor.
  Object.assign(util, { isNullOrUndefined: (value: unknown) => value === null || value === undefined });
  process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "2";
  const tf = loadPackage(name) as TensorFlow;
  tf.enableProdMode();
  return tf;
}
