/**
 * Whole programs through the built command line, against numbers that were computed independently (by automatic differentiation
 * of the same formulae, or in closed form). A case is a folder in cases/: problem.bilevel, its data, and expect.json.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Ended, executable } from "../cli/process.ts";
import { expectationOf, expectValues } from "./expectation.ts";

const cases = mkdtempSync(join(tmpdir(), "bilevel-conformance-"));
cpSync(join(import.meta.dirname, "cases"), cases, { recursive: true });

function bilevel(cwd: string, argv: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [executable, ...argv], { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let [out, err] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text;
    });
    child.on("error", reject).on("close", (status) => resolve({ status, out, err }));
  });
}

describe.concurrent("whole programs", () => {
  it.each(readdirSync(cases))("%s", async (name) => {
    const folder = join(cases, name);
    const { argv, exit, stderr, expect: values } = expectationOf(folder);
    const ended = await bilevel(folder, argv);
    expect({ status: ended.status, err: ended.err }).toEqual({
      status: exit,
      err: stderr === undefined ? "" : expect.stringContaining(stderr),
    });
    if (Object.keys(values).length === 0) return;
    expectValues(JSON.parse(ended.out), values);
  });
});
