/**
 * A device in a thread of its own, for WebGPU, which hands numbers over only later: this thread sleeps until the other has them, so
 * that solvers stay plain functions.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { Device, DeviceCore } from "../device.ts";

export interface WorkerData {
  readonly port: MessagePort;
  /** One integer: 1 once an answer is on the port. */
  readonly signal: SharedArrayBuffer;
}

export interface Call {
  readonly method: keyof DeviceCore;
  readonly given: readonly unknown[];
}

export type Answer = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string };

/** Rejects with the reason why there is no device. */
export async function openRemote(name: string): Promise<Device> {
  const { port1: port, port2 } = new MessageChannel();
  const signal = new SharedArrayBuffer(4);
  const workerData: WorkerData = { port: port2, signal };
  const program = new URL(`webgpu-worker${import.meta.url.slice(-3)}`, import.meta.url);
  const worker = new Worker(program, { workerData, transferList: [port2] });
  const started = await new Promise<Answer>((resolve, reject) => worker.once("message", resolve).once("error", reject));
  worker.unref();
  if (!started.ok) {
    await worker.terminate();
    throw new Error(started.message);
  }

  const flag = new Int32Array(signal);
  const call = <R>(method: keyof DeviceCore, ...given: readonly unknown[]): R => {
    port.postMessage({ method, given } satisfies Call);
    Atomics.wait(flag, 0, 0);
    Atomics.store(flag, 0, 0);
    const answer = receiveMessageOnPort(port)?.message as Answer;
    if (!answer.ok) throw new Error(answer.message);
    return answer.value as R;
  };
  return {
    name,
    isEmulated: started.value as boolean,
    upload: (values) => call("upload", values),
    free: (buffer) => call("free", buffer),
    load: (source, bound) => call("load", source, bound),
    run: (program, given) => call("run", program, given),
    unload: (program) => call("unload", program),
    tensors: () => call("tensors"),
  };
}
