/**
 * One WebAssembly memory for vectors and kernels: it grows as needed, up to the 4 GiB that 32-bit addresses reach. Blocks are
 * 16-byte aligned; released ones are joined with free neighbours and reused, first fit.
 */
import { largestPages } from "../../../compiler/emit/wasm/assembler.ts";
import { entryBytes, type Target } from "../../../compiler/emit/wasm/target.ts";
import { BilevelError } from "../../../grammar/diagnostics.ts";
import { outOfMemory } from "../errors.ts";

export type Reals = Float64Array | Float32Array;

export interface Memory {
  readonly handle: WebAssembly.Memory;
  /** Bytes of a real. */
  readonly entry: number;
  /** All of memory as reals; a new view after growth, so it is asked for afresh in every operation. */
  readonly reals: () => Reals;
  readonly words: () => Int32Array;
  /** Byte address of a block; its content is arbitrary. Throws `out-of-memory`. */
  readonly allocate: (bytes: number) => number;
  readonly release: (address: number) => void;
}

/** A block whose content lasts for one run of a kernel: all kernels share it, for only one runs at a time. */
export interface Scratch {
  /** Makes room for so many bytes at least, which may move the block. */
  readonly reserve: (bytes: number) => void;
  readonly address: () => number;
}

export function createScratch(memory: Memory): Scratch {
  let [address, room] = [memory.allocate(0), 0];
  return {
    reserve: (bytes) => {
      if (bytes <= room) return;
      memory.release(address);
      address = memory.allocate(bytes);
      room = bytes;
    },
    address: () => address,
  };
}

const pageBytes = 65_536;
const alignment = 16;

interface Block {
  readonly address: number;
  readonly bytes: number;
}

export function createMemory({ precision, shared }: Pick<Target, "precision" | "shared">): Memory {
  const handle = new WebAssembly.Memory({ initial: 16, maximum: largestPages, shared });
  const viewReals = (): Reals =>
    precision === "f64" ? new Float64Array(handle.buffer) : new Float32Array(handle.buffer);
  let reals = viewReals();
  let words = new Int32Array(handle.buffer);
  const used = new Map<number, number>();
  // Address 0 stays unused, so that a zero pointer is never valid.
  const free: Block[] = [{ address: alignment, bytes: handle.buffer.byteLength - alignment }];

  const insert = (block: Block): void => {
    const at = free.findIndex((other) => other.address > block.address);
    const index = at < 0 ? free.length : at;
    const [before, after] = [free[index - 1], free[index]];
    let { address, bytes } = block;
    const joinsBefore = before !== undefined && before.address + before.bytes === address;
    const joinsAfter = after !== undefined && address + bytes === after.address;
    if (joinsBefore) [address, bytes] = [before.address, bytes + before.bytes];
    if (joinsAfter) bytes += after.bytes;
    free.splice(index - (joinsBefore ? 1 : 0), (joinsBefore ? 1 : 0) + (joinsAfter ? 1 : 0), { address, bytes });
  };

  /** By half of what there is, or by what is asked for where that is more: few growths, each a new view. */
  const grow = (bytes: number): void => {
    const present = handle.buffer.byteLength / pageBytes;
    const wanted = Math.ceil(bytes / pageBytes);
    const generous = Math.min(largestPages - present, Math.max(wanted, Math.ceil(present / 2)));
    for (const pages of [generous, wanted]) {
      if (pages < wanted || present + pages > largestPages) continue;
      try {
        handle.grow(pages);
      } catch {
        continue;
      }
      reals = viewReals();
      words = new Int32Array(handle.buffer);
      insert({ address: present * pageBytes, bytes: pages * pageBytes });
      return;
    }
    throw new BilevelError([outOfMemory(bytes, handle.buffer.byteLength)]);
  };

  const allocate = (bytes: number): number => {
    const size = Math.max(alignment, Math.ceil(bytes / alignment) * alignment);
    const index = free.findIndex((block) => block.bytes >= size);
    if (index < 0) {
      grow(size);
      return allocate(bytes);
    }
    const { address, bytes: available } = free[index] as Block;
    free.splice(index, 1, ...(available > size ? [{ address: address + size, bytes: available - size }] : []));
    used.set(address, size);
    return address;
  };

  return {
    handle,
    entry: entryBytes[precision],
    reals: () => reals,
    words: () => words,
    allocate,
    release: (address) => {
      const bytes = used.get(address);
      if (bytes === undefined) return;
      used.delete(address);
      insert({ address, bytes });
    },
  };
}
