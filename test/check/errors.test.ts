import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkCodes } from "../../compiler/check/errors.ts";
import { optionCodes } from "../../compiler/plan/options.ts";
import { checked } from "./helpers.ts";

const root = new URL("../../", import.meta.url);

describe("every diagnostic of the checker", () => {
  it.each([...checkCodes, ...optionCodes])("%s is provoked by its program, alone, and has a page", (code) => {
    const folder = new URL(`test/errors/${code}/`, root);
    const source = readFileSync(new URL("problem.bilevel", folder), "utf8");
    const imports = (path: string) => {
      if (path.startsWith("..")) return "outside";
      const file = new URL(path, folder);
      return existsSync(file) ? { text: readFileSync(file, "utf8"), file: path } : undefined;
    };
    const { diagnostics } = checked(source, { imports });
    expect(diagnostics.map((d) => d.code)).toEqual([code]);
    expect(diagnostics[0]?.span?.end).toBeGreaterThan(diagnostics[0]?.span?.start ?? 0);
    expect(readFileSync(new URL(`docs/errors/${code}.md`, root), "utf8")).toContain(`# ${code}\n`);
  });
});
