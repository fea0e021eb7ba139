/** What the studies among the examples share: programs prepared with other seeds, sizes and tables, and statistics over runs. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type CompileOptions, compile, type NestedArray, type Prepared } from "../index.ts";
import { type ComparedRun, compareRun, spreadOf, type Until } from "../runtime/comparison.ts";

/** `edit` changes the text of the program and of what it imports; `tables` are csv files in place of the ones it names. */
interface Changes extends CompileOptions {
  readonly edit?: (text: string) => string;
  readonly tables?: Readonly<Record<string, Uint8Array>>;
}

/** Throws where the program or its data are wrong. */
export async function prepared(file: string, changes: Changes = {}): Promise<Prepared> {
  const { edit = (text) => text, tables = {}, ...options } = changes;
  const textOf = (path: string): string => edit(readFileSync(path, "utf8"));
  const { problem, diagnostics } = await compile(textOf(file), {
    file,
    imports: (path, from) => ({ text: textOf(join(dirname(from), path)), file: join(dirname(from), path) }),
    allowRead: [import.meta.dirname],
    data: new Map(Object.keys(tables).map((name) => [name, name])),
    read: async function* (path) {
      yield tables[path] ?? readFileSync(path);
    },
    ...options,
  });
  if (problem === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return problem;
}

/** The same program with other draws: run 0 is the program as it stands. */
export const reseeded =
  (run: number) =>
  (text: string): string =>
    text.replace(/\bseed: (\d+)/g, (_, seed) => `seed: ${Number(seed) + 1000 * run}`);

interface Methods {
  /** By name, what the solve block says; the first one also tells what the points that others find are worth. */
  readonly exact: Readonly<Record<string, string>>;
  /** Those that draw rows, once for each seed. */
  readonly drawing: readonly string[];
  readonly seeds: number;
}

/** Runs of each method, of a program without a solve block. */
export async function compared(
  file: string,
  { exact, drawing, seeds }: Methods,
  until: Until,
  changes: Changes = {},
): Promise<readonly ComparedRun[]> {
  const { edit = (text) => text } = changes;
  const preparedWith = (entries: string): Promise<Prepared> =>
    prepared(file, { ...changes, edit: (text) => `${edit(text)}\nsolve { ${entries} steps: 1000000 }\n` });
  const reference = await preparedWith(Object.values(exact)[0] ?? "");
  const wanted = [
    ...Object.entries(exact).map(([method, entries]) => ({ method, seed: 0, entries })),
    ...drawing.flatMap((method) =>
      range(seeds).map((seed) => ({ method, seed, entries: `method: ${method} seed: ${seed}` })),
    ),
  ];
  const runs: ComparedRun[] = [];
  for (const { entries, ...named } of wanted)
    runs.push(await compareRun(named, await preparedWith(entries), reference, until, undefined));
  return runs;
}

export const numberOf = (value: unknown): number => (typeof value === "number" ? value : Number.NaN);

export function flat(value: NestedArray): readonly number[] {
  return typeof value === "number" ? [value] : value.flatMap(flat);
}

/** 0, 1, ..., count − 1 */
export const range = (count: number): readonly number[] => Array.from({ length: count }, (_, k) => k);

// ------------------------------------------------------------------------------------------------------- statistics

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Of a sample: over n − 1. */
export function deviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

export const meanAndDeviation = (values: readonly number[], digits: number): string =>
  `${mean(values).toFixed(digits)} ± ${deviation(values).toFixed(digits)}`;

/** The mean of each list, and one deviation to either side, as a chart's band. */
export function meanWithBand(lists: readonly (readonly number[])[]) {
  const [means, deviations] = [lists.map(mean), lists.map(deviation)];
  const moved = (sign: number): readonly number[] => means.map((value, i) => value + sign * (deviations[i] as number));
  return { y: means, band: { low: moved(-1), high: moved(1) } };
}

export function medianAndQuartiles(values: readonly number[], digits: number): string {
  const { low, median, high } = spreadOf(values);
  return `${median.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;
}

/** The median of each list, and the quartiles as a chart's band. */
export function medianWithBand(lists: readonly (readonly number[])[]) {
  const spreads = lists.map(spreadOf);
  return {
    y: spreads.map(({ median }) => median),
    band: { low: spreads.map(({ low }) => low), high: spreads.map(({ high }) => high) },
  };
}

/** The slope of log y against log x by least squares, and its standard error. */
export function logSlope(
  x: readonly number[],
  y: readonly number[],
): { readonly slope: number; readonly error: number } {
  const [u, v] = [x.map(Math.log), y.map(Math.log)];
  const [mu, mv] = [mean(u), mean(v)];
  const spread = u.reduce((sum, at) => sum + (at - mu) ** 2, 0);
  const slope = u.reduce((sum, at, i) => sum + (at - mu) * ((v[i] as number) - mv), 0) / spread;
  const left = u.reduce((sum, at, i) => sum + ((v[i] as number) - mv - slope * (at - mu)) ** 2, 0);
  return { slope, error: Math.sqrt(left / (u.length - 2) / spread) };
}

// ------------------------------------------------------------------------------------------------------------ tables

export function markdownTable(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Columns of numbers as a csv file. */
export function csvTable(names: readonly string[], rows: readonly (readonly (string | number)[])[]): Uint8Array {
  return new TextEncoder().encode(`${[names, ...rows].map((cells) => cells.join(",")).join("\n")}\n`);
}
