import { describe, expect, it } from "vitest";
import { reader } from "./data-files.ts";
import { targets } from "./targets.ts";

/** Enough to notice what breaks; `node scripts/fuzz.ts --inputs N` tries more. */
const inputs = 300;

describe("whatever is read", () => {
  it.each(targets)("$name are answered or refused", ({ fuzz }) => fuzz(inputs));

  it("is refused where it is nested deeper than any stack", async () => {
    await expect(reader("t.json")([`{"x": ${"[".repeat(1e6)}`, 1 << 16])).resolves.toBeUndefined();
  });
});
