/** Checkpoints as bytes: they come back whole, and what is not whole is a sentence. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../../cli/record/checkpoint.ts";

const checkpoint: Checkpoint = {
  step: 3,
  run: { x: Float64Array.of(0.1, -0, Number.NaN), watch: { before: 1.5, trace: [{ step: 0, value: Infinity }] } },
  trace: { "trace.csv": 120 },
};
const bytes = encodeCheckpoint(checkpoint);

it("come back as they were, every bit of their numbers", () => {
  const back = decodeCheckpoint(bytes) as Checkpoint;
  expect(back).toEqual(checkpoint);
  expect(Object.is((back.run["x"] as Float64Array)[1], -0)).toBe(true);
});

it("are refused in words where they are cut, changed, longer, or something else", () => {
  const position = fc.integer({ min: 0, max: bytes.length - 1 });
  const damaged = fc.oneof(
    position.map((length) => bytes.subarray(0, length)),
    fc.tuple(position, fc.integer({ min: 1, max: 255 })).map(([at, by]) => {
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] as number) ^ by;
      return changed;
    }),
    fc.uint8Array({ minLength: 1 }).map((more) => Buffer.concat([bytes, more])),
    fc.uint8Array(),
    fc.string().map((line) => Buffer.from(`bilevel checkpoint ${line}\n`)),
  );
  fc.assert(
    fc.property(damaged, (given) => typeof decodeCheckpoint(given) === "string"),
    { numRuns: 5000 },
  );
});

it("say which version they are of", () => {
  const text = Buffer.from(bytes).toString("latin1").replace("checkpoint 1 ", "checkpoint 2 ");
  expect(decodeCheckpoint(Buffer.from(text, "latin1"))).toContain("of version 2");
});
