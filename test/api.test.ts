/** docs/api.md is what scripts/api.ts makes of the sources. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { apiReference } from "../scripts/api.ts";

it("docs/api.md is up to date: node scripts/api.ts writes it", () => {
  expect(readFileSync(join(import.meta.dirname, "../docs/api.md"), "utf8")).toBe(apiReference());
});
