/**
 * Whole programs through the built command line, against numbers that were computed independently (by automatic differentiation
 * of the same formulae, or in closed form). A case is a folder in cases/: problem.bilevel, its data, and expect.json.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Ended, executable } from "../cli/process.ts";

interface Expectation {
  readonly argv: readonly string[];
  readonly exit: number;
  /** A part of standard error. */
  readonly stderr?: string;
  /** Paths into the JSON document, such as `gradient.lambda`: the value, and how far off it may be relative to its largest entry. */
  readonly expect: Readonly<Record<string, readonly [wanted: unknown, tolerance: number]>>;
}

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

function valueAt(document: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);
}

const entries = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value.flatMap(entries) : [value]);

/** The largest difference between two arrays of numbers over the largest wanted entry. */
function errorOf(got: unknown, wanted: unknown): number {
  const [a, b] = [entries(got), entries(wanted) as readonly number[]];
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  const scale = Math.max(1e-12, ...b.map(Math.abs));
  return Math.max(...b.map((each, i) => (typeof a[i] === "number" ? Math.abs(a[i] - each) / scale : Infinity)));
}

describe.concurrent("whole programs", () => {
  it.each(readdirSync(cases))("%s", async (name) => {
    const folder = join(cases, name);
    const {
      argv,
      exit,
      stderr,
      expect: values,
    } = JSON.parse(readFileSync(join(folder, "expect.json"), "utf8")) as Expectation;
    const ended = await bilevel(folder, argv);
    expect({ status: ended.status, err: ended.err }).toEqual({
      status: exit,
      err: stderr === undefined ? "" : expect.stringContaining(stderr),
    });
    if (Object.keys(values).length === 0) return;
    const document: unknown = JSON.parse(ended.out);
    for (const [path, [wanted, tolerance]] of Object.entries(values)) {
      const got = valueAt(document, path);
      if (typeof wanted === "string") expect(got, path).toBe(wanted);
      else expect(errorOf(got, wanted), path).toBeLessThanOrEqual(tolerance);
    }
  });
});
