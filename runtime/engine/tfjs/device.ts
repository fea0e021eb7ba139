/**
 * Where emitted programs run: TensorFlow.js with one of its backends. What a device is asked for is plain data, so that it may live in
 * another thread (node/remote.ts). Tensors made during a run are disposed of at its end, but for what a program computes once.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { HostAlgebra } from "./host.ts";

export type TensorFlow = typeof import("@tensorflow/tfjs-core");

export interface Device {
  /** The engine's name: `tfjs-cpu`. */
  readonly name: string;
  /** A processor plays a GPU: right, but slower than the backends for processors. */
  readonly isEmulated?: boolean;
  /** Puts numbers on the device, and gives their number. */
  upload(values: Float32Array): number;
  free(buffer: number): void;
  /** A program (compiler/emit/tfjs/emit.ts) on the buffers that it takes. */
  load(source: string, bound: readonly number[]): number;
  run(program: number, given: readonly Float32Array[]): readonly Float32Array[];
  unload(program: number): void;
  /** Tensors alive; constant from run to run. */
  tensors(): number;
}

/** Work in steps: a tensor that is yielded is to be read back, and its numbers handed in. */
export type Steps<R> = Generator<Tensor, R, Float32Array>;

/** A device but for how tensors are read back, at once or later. */
export interface DeviceCore extends Omit<Device, "name" | "run"> {
  run(program: number, given: readonly Float32Array[]): Steps<readonly Float32Array[]>;
}

interface Emitted {
  readonly once: (bound: readonly Tensor[]) => Steps<readonly Tensor[]>;
  readonly each: (kept: readonly Tensor[], given: readonly Tensor[]) => Steps<readonly Tensor[]>;
}

interface Program {
  readonly emitted: Emitted;
  readonly bound: readonly Tensor[];
  /** What depends on bound inputs alone, from the first run on. */
  kept: readonly Tensor[] | undefined;
}

export function deviceCore(tf: TensorFlow, host: HostAlgebra): DeviceCore {
  const buffers = numbered<Tensor>();
  const programs = numbered<Program>();

  /** Disposes of every tensor made within, but for what it returns. */
  function* tidily(work: () => Steps<readonly Tensor[]>): Steps<readonly Tensor[]> {
    const engine = tf.engine();
    engine.startScope();
    let results: readonly Tensor[] = [];
    try {
      results = yield* work();
      return results;
    } finally {
      engine.endScope([...results]);
    }
  }

  return {
    upload: (values) => buffers.add(tf.keep(tf.tensor1d(values))),
    free: (buffer) => buffers.take(buffer).dispose(),
    load: (source, bound) => {
      const emitted = new Function("tf", "host", `return (${source})`)(tf, host) as Emitted;
      return programs.add({ emitted, bound: bound.map(buffers.get), kept: undefined });
    },
    *run(number, given) {
      const program = programs.get(number);
      const { emitted, bound } = program;
      program.kept ??= (yield* tidily(() => emitted.once(bound))).map((tensor) => tf.keep(tensor));
      const kept = program.kept;
      const outputs: Float32Array[] = [];
      yield* tidily(function* () {
        const arguments_ = given.map((values) => tf.tensor1d(values));
        for (const result of yield* emitted.each(kept, arguments_)) outputs.push(yield result);
        return [];
      });
      return outputs;
    },
    unload: (number) => {
      const { kept = [], bound } = programs.take(number);
      for (const tensor of kept) if (!bound.includes(tensor)) tensor.dispose();
    },
    tensors: () => tf.memory().numTensors,
  };
}

/** Things under numbers. */
function numbered<T>() {
  const held = new Map<number, T>();
  let next = 0;
  const get = (number: number): T => held.get(number) as T;
  return {
    get,
    add: (thing: T): number => {
      held.set(next, thing);
      next += 1;
      return next - 1;
    },
    take: (number: number): T => {
      const thing = get(number);
      held.delete(number);
      return thing;
    },
  };
}

/** In this thread, on a backend that can be read at once. */
export function createDevice(name: string, tf: TensorFlow, host: HostAlgebra): Device {
  const core = deviceCore(tf, host);
  return {
    ...core,
    name,
    run: (program, given) => {
      const steps = core.run(program, given);
      let step = steps.next();
      while (!step.done) step = steps.next(step.value.dataSync<"float32">());
      return step.value;
    },
  };
}
