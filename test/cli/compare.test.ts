/** Comparisons as a user runs them: a table, a folder that goes on where it was, and refusals as rows. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bilevel, folderWith, follow, ridge } from "./process.ts";

const folder = folderWith({ "follow.bilevel": follow, ...ridge });
const read = (...path: readonly string[]): string => readFileSync(join(folder, ...path), "utf8");

describe("compare", () => {
  it("ends with a row a method, the refused ones with their reason", () => {
    const { status, out } = bilevel(folder, ["compare", "ridge.bilevel", "--methods", "aid,kkt"]);
    expect(status).toBe(0);
    expect(out).toMatch(/^method +objective/);
    expect(out).toMatch(/aid .*converged/);
    expect(out).toMatch(/kkt +refused/);
    expect(out).toMatch(/kkt: method: kkt/);
  });

  it("keeps its runs, and goes on with those that are missing", () => {
    const argv = ["compare", "ridge.bilevel", "--methods", "aid,soba(batch: 2)", "--seeds", "2", "--steps", "20"];
    expect(bilevel(folder, [...argv, "--out", "kept"]).err).toMatch(/aid, seed 0.*soba\(batch: 2\), seed 1/s);
    const kept = JSON.parse(read("kept", "results.json"));
    expect(kept.runs.map((run: { method: string; seed: number }) => `${run.method} ${run.seed}`)).toEqual([
      "aid 0",
      "soba(batch: 2) 0",
      "soba(batch: 2) 1",
    ]);
    const interrupted = { ...kept, runs: kept.runs.slice(0, 2) };
    writeFileSync(join(folder, "kept", "results.json"), JSON.stringify(interrupted));
    const { err, out } = bilevel(folder, [...argv, "--out", "kept", "--json"]);
    expect(err.match(/seed/g)).toHaveLength(1);
    const again = JSON.parse(out);
    expect(again.runs).toHaveLength(3);
    expect(again.runs[2].value).toBe(kept.runs[2].value);
    expect(again.methods.map(({ runs }: { runs: number }) => runs)).toEqual([1, 2]);
    expect(read("kept", "table.md")).toMatch(/^\| method \|/);
    const page = read("kept", "compare.html");
    expect(page.match(/<svg/g)?.length).toBeGreaterThanOrEqual(4);
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
    expect(existsSync(join(folder, "kept", "results.json.part"))).toBe(false);
  });

  it("does not mix the runs of two problems", () => {
    bilevel(folder, ["compare", "follow.bilevel", "--methods", "aid", "--out", "own"]);
    const { status, err } = bilevel(folder, ["compare", "ridge.bilevel", "--methods", "aid", "--out", "own"]);
    expect(status).toBe(2);
    expect(err).toContain("results-folder");
  });

  it("ends runs where it was told to", () => {
    const { out } = bilevel(folder, [
      "compare",
      "follow.bilevel",
      "--methods",
      "aid",
      "--until",
      "value=100",
      "--json",
    ]);
    expect(JSON.parse(out).runs[0]).toMatchObject({ status: "reached", looks: [{ step: 0 }] });
    expect(bilevel(folder, ["compare", "follow.bilevel", "--methods", "aid", "--until", "passes=0"]).status).toBe(2);
    expect(bilevel(folder, ["compare", "follow.bilevel", "--methods", "nothing"]).status).toBe(2);
  });
});
