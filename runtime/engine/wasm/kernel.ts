/** A compiled program: its module, its memory, and the host's part of each run. */
import { type Emitted, emitProgram, functionName, type Step } from "../../../compiler/emit/wasm/emit.ts";
import type { Place } from "../../../compiler/emit/wasm/emit-scalar.ts";
import { hostFunctions } from "../../../compiler/emit/wasm/functions.ts";
import type { Axis } from "../../../compiler/emit/wasm/matrix-product.ts";
import type { Buffer } from "../../../compiler/emit/wasm/scalar.ts";
import { granule } from "../../../compiler/emit/wasm/split.ts";
import type { Target } from "../../../compiler/emit/wasm/target.ts";
import type { Input } from "../../../compiler/ir/node.ts";
import { scalarFunctions } from "../../../compiler/ir/scalar.ts";
import type { SizeBindings } from "../../../compiler/ir/size.ts";
import type { Program } from "../engine.ts";
import { logDeterminant } from "./factorise.ts";
import type { Host } from "./host.ts";
import type { Reals } from "./memory.ts";
import { partLength, type Threads } from "./threads.ts";
import type { Part } from "./work-loop.ts";

/** A vector's byte address and its number of entries. */
export interface Block {
  readonly address: number;
  readonly length: number;
}

export interface CompiledKernel {
  readonly run: (arguments_: readonly Block[], outputs: readonly Block[]) => void;
  /** Gives the kernel's memory back. */
  readonly release: () => void;
}

/** JavaScript's functions are accurate to about a unit in the last place. */
const scalarImports = Object.fromEntries(hostFunctions.map((name) => [name, scalarFunctions[name]]));

/** A run allocates nothing. */
export function createKernel(
  host: Host,
  program: Program,
  bound: ReadonlyMap<Input, Block>,
  sizes: SizeBindings,
): CompiledKernel {
  const { memory, scratch, target, threads } = host;
  const emitted = emitProgram(program, new Set(bound.keys()), sizes, target);
  const byName = new Map([...bound].map(([input, block]) => [input.name, block.address]));
  const owned: number[] = [];
  const allocate = (bytes: number): number => {
    const address = memory.allocate(bytes);
    owned.push(address);
    return address;
  };
  const persistent = allocate(emitted.persistentBytes);
  scratch.reserve(emitted.workBytes);
  for (const { offset, values } of emitted.literals) memory.reals().set(values, (persistent + offset) / memory.entry);

  const fixed = [...emitted.bound.map((input) => byName.get(input.name) as number), persistent];
  const variable = program.arguments.length + program.outputs.length;
  const table = allocate(4 * (variable + fixed.length + 1));
  memory.words().set(fixed, table / 4 + variable);

  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(emitted.bytes), {
    host: { memory: memory.handle, ...scalarImports },
  });
  const module = threads.share(emitted.bytes, exports);
  const lengths = partLengths(emitted, target, threads);
  const partial = allocate(Math.max(0, ...[...lengths].map(([step, length]) => sumsBytes(step, length))));
  const addressOf = (buffer: Buffer): number => {
    const { slot, offset } = emitted.places[buffer] as Place;
    return ((memory.words()[table / 4 + slot] as number) >>> 0) + offset;
  };
  const hostStep = hostSteps(host, addressOf);
  const toCall = (step: Step): (() => void) => {
    if (step.kind !== "call") return hostStep(step);
    const { index, split } = step;
    const call = exports[functionName(index)] as Part;
    const length = lengths.get(step);
    const end = split === undefined ? 0 : split.rows * memory.entry;
    if (split === undefined || length === undefined) return () => call(table, 0, end, 0);
    const { partials, partialBytes, work } = split;
    const parts = Math.ceil(split.rows / length);
    const job = {
      module,
      index,
      pointer: table,
      end,
      step: length * memory.entry,
      partial,
      partialBytes,
      byThread: false,
      work,
    };
    return () => {
      threads.run(job);
      for (const { buffer, offset, entries } of partials) {
        host.algebra.gather(addressOf(buffer), partial + offset, partialBytes, parts, entries);
      }
    };
  };
  const once = emitted.once.map(toCall);
  const each = emitted.each.map(toCall);
  let isFirst = true;

  return {
    run: (arguments_, outputs) => {
      const words = memory.words();
      const at = table / 4;
      words[at + variable + fixed.length] = scratch.address();
      for (let i = 0; i < arguments_.length; i += 1) words[at + i] = (arguments_[i] as Block).address;
      for (let i = 0; i < outputs.length; i += 1) words[at + arguments_.length + i] = (outputs[i] as Block).address;
      if (isFirst) for (const step of once) step();
      isFirst = false;
      for (const step of each) step();
    },
    release: () => {
      for (const address of owned.splice(0)) memory.release(address);
      threads.unshare(module);
    },
  };
}

type Call = Extract<Step, { readonly kind: "call" }>;

/** Rows that a part of each call has that is worth sharing. */
function partLengths(emitted: Emitted, target: Target, threads: Threads): ReadonlyMap<Call, number> {
  const lengths = new Map<Call, number>();
  for (const step of [...emitted.once, ...emitted.each]) {
    if (step.kind !== "call" || step.split === undefined) continue;
    const { rows, work, partialBytes } = step.split;
    const length = partLength(threads, rows, granule(target), work, partialBytes);
    if (length < rows) lengths.set(step, length);
  }
  return lengths;
}

function sumsBytes({ split }: Call, length: number): number {
  return split === undefined ? 0 : Math.ceil(split.rows / length) * split.partialBytes;
}

/** The steps that no loop nest expresses. Addresses are looked up at every run, since arguments and outputs change. */
function hostSteps(
  { memory, dense, algebra }: Host,
  addressOf: (buffer: Buffer) => number,
): (step: Exclude<Step, Call>) => () => void {
  /** In entries. */
  const locate = (buffer: Buffer): number => addressOf(buffer) / memory.entry;
  return (step) => {
    switch (step.kind) {
      case "product": {
        const { rows, columns, inner, outer } = step.product;
        const { symmetric } = step.product;
        return () => {
          const [a, b, c] = [locate(step.a), locate(step.b), locate(step.c)];
          algebra.clear(memory.entry * c, step.length);
          const weights = step.weights === undefined ? undefined : locate(step.weights);
          forEachOffset(outer, (da, db, dc, dw) => {
            const left = { at: a + da, row: rows.a, column: inner.a };
            const right = { at: b + db, row: inner.b, column: columns.b };
            const target = { at: c + dc, row: rows.c, column: 1 };
            if (weights !== undefined) {
              const along = { at: weights + dw, step: inner.w };
              return dense.weightedGram(left, along, target, rows.size, inner.size);
            }
            if (symmetric && step.a === step.b) return dense.gram(left, target, rows.size, inner.size);
            if (symmetric) return dense.multiplySymmetric(left, right, target, rows.size, inner.size);
            dense.multiply(1, left, right, target, rows.size, columns.size, inner.size);
          });
        };
      }
      case "lu":
        return () => {
          const [matrix, pivots] = [locate(step.matrix), locate(step.pivots)];
          for (let i = 0; i < step.count; i += 1) {
            const at = matrix + i * step.size ** 2;
            const outcome = dense.lu(at, step.size, pivots + i * step.size);
            // A singular matrix has no answer: let every number that is made from it say so.
            if (!outcome.ok) markFailed(memory.reals(), at, step.size, pivots + i * step.size);
          }
        };
      case "solve":
        return () => {
          const [factors, pivots, rhs] = [locate(step.factors), locate(step.pivots), locate(step.rhs)];
          const { size, columns, count } = step;
          for (let r = 0; r < step.repeats * count; r += 1) {
            const i = r % count;
            const x = rhs + r * size * columns;
            dense.solveLu(factors + i * size ** 2, pivots + i * size, size, x, columns, false);
          }
        };
      case "logdet":
        return () => {
          const [factors, pivots, out] = [locate(step.factors), locate(step.pivots), locate(step.out)];
          const reals = memory.reals();
          for (let i = 0; i < step.count; i += 1) {
            reals[out + i] = logDeterminant(reals, factors + i * step.size ** 2, pivots + i * step.size, step.size);
          }
        };
      case "cholesky":
        return () => {
          const reals = memory.reals();
          for (let i = 0; i < step.count; i += 1) {
            const at = locate(step.matrix) + i * step.size ** 2;
            const outcome = dense.cholesky(at, step.size);
            for (let row = 0; row < step.size; row += 1) {
              const diagonal = at + row * (step.size + 1);
              reals.fill(0, diagonal + 1, at + (row + 1) * step.size);
              if (!outcome.ok) reals.fill(NaN, at + row * step.size, diagonal + 1);
            }
          }
        };
      default:
        return step satisfies never;
    }
  };
}

function markFailed(reals: Reals, at: number, size: number, pivots: number): void {
  reals.fill(NaN, at, at + size ** 2);
  for (let k = 0; k < size; k += 1) reals[pivots + k] = k;
}

/** Visits the index space of the axes with the offsets that it means in each array. */
function forEachOffset(
  axes: readonly Axis[],
  visit: (a: number, b: number, c: number, w: number) => void,
  a = 0,
  b = 0,
  c = 0,
  w = 0,
): void {
  const [axis, ...rest] = axes;
  if (axis === undefined) return visit(a, b, c, w);
  for (let i = 0; i < axis.size; i += 1) {
    forEachOffset(rest, visit, a + i * axis.a, b + i * axis.b, c + i * axis.c, w + i * axis.w);
  }
}
