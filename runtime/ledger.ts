/**
 * What a run has to remember to go on after it was stopped. Every part of it keeps its own under a name: how to read it, and how to put
 * back what was read. A ledger that is opened from what another one wrote down puts each entry back when its keeper comes for it, so a
 * run is taken up by the code that began it, and goes on bit for bit.
 */
import type { Engine, Vector } from "./engine/engine.ts";

/** Plain values and arrays of numbers, by name. */
export interface Written {
  readonly [name: string]: unknown;
}

export interface Ledger {
  /** Whether it was opened from what an earlier run wrote down. */
  readonly resumes: boolean;
  /** `read` gives plain values; `restore` gets what it gave, at once, where that was written down. */
  readonly keep: <T>(name: string, read: () => T, restore: (written: T) => void) => void;
  /** Keeps the vector's numbers; gives the vector. */
  readonly vector: (name: string, vector: Vector) => Vector;
  /** A ledger within this one. Asked for again it is a new, empty one: what is done in turns keeps the present turn. */
  readonly part: (name: string) => Ledger;
  /** Everything that is kept, as it is now; what nobody has come for yet, as it was. */
  readonly written: () => Written;
}

export function openLedger(engine: Pick<Engine, "read" | "write">, saved?: Written): Ledger {
  const waiting = new Map(Object.entries(saved ?? {}));
  const readers = new Map<string, () => unknown>();
  const keep: Ledger["keep"] = (name, read, restore) => {
    readers.set(name, read);
    if (!waiting.has(name)) return;
    const written = waiting.get(name) as ReturnType<typeof read>;
    waiting.delete(name);
    restore(written);
  };
  return {
    resumes: saved !== undefined,
    keep,
    vector: (name, vector) => {
      keep(
        name,
        () => engine.read(vector),
        (numbers) => engine.write(vector, numbers),
      );
      return vector;
    },
    part: (name) => {
      const part = openLedger(engine, waiting.get(name) as Written | undefined);
      waiting.delete(name);
      readers.set(name, part.written);
      return part;
    },
    written: () => Object.fromEntries([...waiting, ...[...readers].map(([name, read]) => [name, read()] as const)]),
  };
}

/** Where nothing is written down. */
export const unwritten: Ledger = {
  resumes: false,
  keep: () => {},
  vector: (_, vector) => vector,
  part: () => unwritten,
  written: () => ({}),
};
