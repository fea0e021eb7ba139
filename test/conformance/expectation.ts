/** What a whole program must print, as its expect.json says. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";

export interface Expectation {
  readonly argv: readonly string[];
  readonly exit: number;
  /** A part of standard error. */
  readonly stderr?: string;
  /** Paths into the JSON document, such as `gradient.lambda`: the value, and how far off it may be relative to its largest entry. */
  readonly expect: Readonly<Record<string, readonly [wanted: unknown, tolerance: number]>>;
}

export function expectationOf(folder: string): Expectation {
  return JSON.parse(readFileSync(join(folder, "expect.json"), "utf8")) as Expectation;
}

/** No tolerance is taken to be below `least`, which is what the precision allows. */
export function expectValues(document: unknown, values: Expectation["expect"], least = 0): void {
  for (const [path, [wanted, tolerance]] of Object.entries(values)) {
    const got = valueAt(document, path);
    if (typeof wanted === "string") expect(got, path).toBe(wanted);
    else expect(errorOf(got, wanted), path).toBeLessThanOrEqual(Math.max(tolerance, least));
  }
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
