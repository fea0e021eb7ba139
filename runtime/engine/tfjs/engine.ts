/**
 * TensorFlow.js as an engine, in single precision. Vectors have the size of the unknowns and stay with the default engine, which also
 * factorises; programs, which read the data, run on the device. A run uploads its arguments and reads its outputs back.
 */
import { emitProgram } from "../../../compiler/emit/tfjs/emit.ts";
import type { Engine, Vector } from "../engine.ts";
import type { Device } from "./device.ts";

/** `host` computes in single precision. */
export function createTfjsEngine(device: Device, host: Engine): Engine {
  /** Data that is on the device already: many programs read the same. */
  const uploaded = new WeakMap<Vector, number>();
  const numbers = (vector: Vector): Float32Array => Float32Array.from(host.read(vector));
  const upload = (vector: Vector): number => {
    const buffer = uploaded.get(vector) ?? device.upload(numbers(vector));
    uploaded.set(vector, buffer);
    return buffer;
  };
  return {
    ...host,
    name: device.name,

    release: (vector) => {
      const buffer = uploaded.get(vector);
      if (buffer !== undefined) device.free(buffer);
      uploaded.delete(vector);
      host.release(vector);
    },

    compile: (program, bound, sizes) => {
      const emitted = emitProgram(program, new Set(bound.keys()), sizes);
      const byName = new Map([...bound].map(([input, vector]) => [input.name, vector]));
      const load = (): number =>
        device.load(
          emitted.source,
          emitted.bound.map((name) => upload(byName.get(name) as Vector)),
        );
      let loaded: number | undefined;
      return {
        run: (given, outputs) => {
          loaded ??= load();
          device.run(loaded, given.map(numbers)).forEach((values, k) => host.write(outputs[k] as Vector, values));
        },
        release: () => {
          if (loaded !== undefined) device.unload(loaded);
          loaded = undefined;
        },
      };
    },
  };
}
