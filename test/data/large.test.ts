/** Data that are too large are refused before they are read, and data move without a second copy. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { growingArray, growTo, largestArray, moveOut, shrinkTo } from "../../runtime/growing.ts";
import { prepared } from "../support/problems.ts";

const problem = (source: string): string => `
  data train: { X: real[n, d] } = ${source}
  var s: real
  var theta: real[d]
  minimize sumsq(theta) over s
  where theta minimizes mean((train.X @ theta - 1)^2) + exp(s) * sumsq(theta)`;

describe("data larger than memory", () => {
  it("is refused by the header of an npy file", async () => {
    const header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 10), }".padEnd(117).concat("\n");
    const bytes = Buffer.concat([Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]), Buffer.from(header)]);
    let pieces = 0;
    const read = async function* () {
      for (; ; pieces += 1) yield pieces === 0 ? bytes : new Uint8Array(2 ** 20);
    };
    await expect(prepared(problem('npy("large.npy")'), { read })).rejects.toMatchObject({
      diagnostics: [{ code: "data-too-large", message: expect.stringContaining("10000000000 numbers") }],
    });
    expect(pieces).toBe(0);
  });

  it("is refused by the first rows of a csv file and its length", async () => {
    const folder = mkdtempSync(join(tmpdir(), "bilevel-large-"));
    try {
      const path = join(folder, "large.csv");
      writeFileSync(path, `a,b,c\n${"1,2,3\n".repeat(2000)}`);
      truncateSync(path, 2 ** 33);
      await expect(prepared(problem(`csv("${path}")`), { allowRead: [folder] })).rejects.toMatchObject({
        diagnostics: [{ code: "data-too-large", message: expect.stringContaining("million rows of 3") }],
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("an array that grows", () => {
  it("keeps its numbers where it grows, is cut off, and is given away in pieces", () => {
    const values = growingArray(0);
    for (let i = 0; i < 300_000; i += 1) {
      growTo(values, i + 1);
      values[i] = i;
    }
    shrinkTo(values, 299_999);
    expect(values).toHaveLength(299_999);
    const taken = new Float64Array(299_999);
    const pieces: number[] = [];
    moveOut(values, (part, at) => {
      taken.set(part, at);
      pieces.push(part.length);
    });
    expect(taken.every((value, i) => value === i)).toBe(true);
    expect(values).toHaveLength(0);
    expect(pieces.length).toBeGreaterThan(2);
    expect(() => growTo(values, largestArray + 1)).toThrow(RangeError);
  });

  it("is the only kind that is given up", () => {
    const values = Float64Array.of(1, 2, 3);
    moveOut(values, (part, at) => expect([part, at]).toEqual([values, 0]));
    expect(values).toEqual(Float64Array.of(1, 2, 3));
  });
});
