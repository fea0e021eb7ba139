/** Checkpoints: damaged, and forged with a hash that is right. */
import { createHash } from "node:crypto";
import { serialize } from "node:v8";
import fc from "fast-check";
import { decodeCheckpoint, encodeCheckpoint } from "../../cli/record/checkpoint.ts";
import { damaged } from "./damage.ts";
import { type Target, target } from "./target.ts";

const body = { step: 3, run: { x: Float64Array.of(1, 2), inner: { rate: 0.1 } }, trace: { "trace.csv": 12 } };

function forged(content: Uint8Array): Uint8Array {
  const hash = createHash("sha256").update(content).digest("hex");
  return Buffer.concat([Buffer.from(`bilevel checkpoint 1 ${content.length} ${hash}\n`), content]);
}

const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  damaged(serialize(body)),
  fc.anything().map((value) => serialize(value)),
);

export const checkpoints: readonly Target[] = [
  target(
    "checkpoints, damaged",
    fc.oneof(fc.uint8Array({ maxLength: 300 }), damaged(encodeCheckpoint(body))),
    decodeCheckpoint,
  ),
  target("checkpoints, forged", bodies.map(forged), decodeCheckpoint),
];
