/** What is fuzzed: a reader of untrusted input, and inputs for it. It answers or refuses; it never throws, and never takes long. */
import fc from "fast-check";

export interface Target {
  readonly name: string;
  /** Tries so many inputs. Throws with the smallest input that fails. */
  readonly fuzz: (inputs: number) => Promise<void>;
}

/** Milliseconds: far more than any of the inputs, which are small, may need. */
const longest = 5000;

export function target<Input>(name: string, inputs: fc.Arbitrary<Input>, read: (input: Input) => unknown): Target {
  const property = fc.asyncProperty(inputs, async (input) => {
    const began = performance.now();
    await read(input);
    const took = performance.now() - began;
    if (took > longest) throw new Error(`it took ${Math.round(took)} ms`);
  });
  return { name, fuzz: (numRuns) => fc.assert(property, { numRuns }) };
}
