/** What the runtime asks of the machine it is on. `#machine` in package.json stands for node.ts, or for browser.ts in a build for browsers. */
import type { TfjsBackend } from "../../compiler/plan/engine.ts";
import type { ReadChunks } from "../data/files.ts";
import type { Device } from "../engine/tfjs/device.ts";
import type { WasmEngineOptions } from "../engine/wasm/host.ts";

export interface Machine {
  readonly read: ReadChunks;
  /** In bytes, where it is known before the file is read. */
  readonly sizeOf: (path: string) => Promise<number | undefined>;
  /** The file that `path`, as written in the file `from`, names. */
  readonly resolve: (path: string, from: string) => string;
  /** Whether a path leads into one of the folders, wherever links on the way to it point. */
  readonly within: (path: string, folders: readonly string[]) => boolean;
  /** What the WebAssembly engine may use beside itself. */
  readonly wasm: Pick<WasmEngineOptions, "blas" | "spawn">;
  readonly threads: () => number;
  /** Of TensorFlow.js. Throws a BilevelError where the backend is not there or does not start. */
  readonly openBackend: (name: TfjsBackend) => Promise<Device>;
}
