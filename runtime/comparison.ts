/**
 * Methods side by side on one problem: runs by method and seed, where each of them stops, and what they come to over the seeds. Nothing
 * here touches files; whoever compares keeps the runs.
 */
import type { Prepared } from "./api.ts";
import type { SolveOptions } from "./run.ts";
import type { Status, TraceEntry } from "./types.ts";
import { flatten } from "./values.ts";

/** The first of these that is met ends a run. */
export interface Until {
  /** The objective is at least as good as this. */
  readonly value?: number;
  readonly seconds?: number;
  /** All rows of all tables are one pass. */
  readonly passes?: number;
}

/** One look at a run under way. */
export interface ComparedLook {
  readonly step: number;
  readonly seconds: number;
  /** Over the data; absent where there are none. */
  readonly passes?: number;
  /** Oracle calls: evaluations of values or derivatives that read rows, all or drawn ones. */
  readonly calls?: number;
  readonly value: number;
  readonly gradient_norm: number;
}

export interface ComparedRun {
  /** As written: `soba(batch: 64)`. */
  readonly method: string;
  readonly seed: number;
  readonly status: Status | "refused";
  readonly message?: string;
  /** At the end, with the lower level solved there: the same for every method. */
  readonly value?: number;
  readonly gradient_norm?: number;
  readonly steps?: number;
  readonly seconds?: number;
  readonly passes?: number;
  readonly calls?: number;
  readonly looks: readonly ComparedLook[];
}

/**
 * Runs one method. `reference` is the same problem by implicit differentiation: it says what the point that was found is worth. Throws
 * what the method refuses.
 */
export async function compareRun(
  named: Pick<ComparedRun, "method" | "seed">,
  problem: Prepared,
  reference: Prepared,
  until: Until,
  signal: AbortSignal | undefined,
): Promise<ComparedRun> {
  const spent = spendingOf(problem);
  const looks: ComparedLook[] = [];
  const ending = new AbortController();
  let isSpent = false;
  const onStep = (entry: TraceEntry): void => {
    const { step, seconds, value, gradient_norm } = entry;
    const look = { step, seconds, value, gradient_norm, ...spent(entry) };
    looks.push(look);
    isSpent ||= until.passes !== undefined && (look.passes ?? 0) >= until.passes;
    if (isSpent) ending.abort();
  };
  const options: SolveOptions = {
    onStep,
    signal: signal === undefined ? ending.signal : AbortSignal.any([signal, ending.signal]),
    ...(until.value !== undefined && { target: until.value }),
    ...(until.seconds !== undefined && { timeLimit: until.seconds }),
  };
  const result = await problem.solve(options);
  const point = reference.gradient(result.upper);
  const norm = Math.hypot(...flatten(Object.values(point.gradient)));
  return {
    ...named,
    status: result.status === "interrupted" && isSpent ? "max_steps" : result.status,
    ...(result.message !== undefined && { message: result.message }),
    value: point.value,
    gradient_norm: norm,
    steps: result.steps,
    seconds: result.seconds,
    ...countsOf(looks.at(-1)),
    looks,
  };
}

type Counts = Pick<ComparedLook, "passes" | "calls">;

const countsOf = ({ passes, calls }: Counts = {}): Counts => (passes === undefined ? {} : { passes, calls });

/** From now on. Methods that look at all rows for the trace alone say what they drew beside that. */
function spendingOf(problem: Prepared): (entry: TraceEntry) => Counts {
  const rows = rowsOf(problem);
  const before = { ...problem.work };
  return ({ samples = problem.work.rows - before.rows }) =>
    rows === 0 ? {} : { passes: samples / rows, calls: problem.work.calls - before.calls };
}

/** Of all tables that the program reads. */
function rowsOf({ model, sizes }: Prepared): number {
  const counts = new Map(
    model.data.flatMap(({ tables }) =>
      tables.map(({ type }) => [type.rows.key, sizes.get(type.rows.key) ?? 0] as const),
    ),
  );
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

export interface Spread {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

/** What the runs of one method come to. */
export interface MethodSummary {
  readonly method: string;
  readonly runs: number;
  /** The commonest one. */
  readonly status: ComparedRun["status"];
  readonly message?: string;
  readonly value?: Spread;
  readonly gradient_norm?: Spread;
  readonly seconds?: Spread;
  readonly passes?: Spread;
  readonly calls?: Spread;
}

/** In the order in which the methods first appear. */
export function summarise(runs: readonly ComparedRun[]): readonly MethodSummary[] {
  return [...new Set(runs.map(({ method }) => method))].map((method) => {
    const own = runs.filter((run) => run.method === method);
    const measured = (
      key: "value" | "gradient_norm" | "seconds" | "passes" | "calls",
    ): { readonly [K in typeof key]?: Spread } => {
      const values = own.flatMap((run) => run[key] ?? []);
      return values.length === 0 ? {} : { [key]: spreadOf(values) };
    };
    const message = own.find((run) => run.message !== undefined)?.message;
    return {
      method,
      runs: own.length,
      status: commonest(own.map(({ status }) => status)),
      ...(message !== undefined && { message }),
      ...measured("value"),
      ...measured("gradient_norm"),
      ...measured("seconds"),
      ...measured("passes"),
      ...measured("calls"),
    };
  });
}

function commonest<T>(values: readonly T[]): T {
  const count = (value: T): number => values.filter((other) => other === value).length;
  return values.reduce((best, value) => (count(value) > count(best) ? value : best));
}

/** Median and quartiles, by linear interpolation between order statistics. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]] as [number, number];
    return below === above ? below : below + (place - Math.floor(place)) * (above - below);
  };
  return { low: at(0.25), median: at(0.5), high: at(0.75) };
}

export interface Curve {
  readonly method: string;
  readonly x: readonly number[];
  readonly spread: readonly Spread[];
}

const curvePoints = 80;

/** What the runs of each method stood at, over the seeds, against what they had spent. A run holds its last look until the next one. */
export function curves(
  runs: readonly ComparedRun[],
  spent: "seconds" | "passes" | "calls" | "step",
  shown: "value" | "gradient_norm",
): readonly Curve[] {
  return [...new Set(runs.map(({ method }) => method))].flatMap((method): readonly Curve[] => {
    const traces = runs
      .filter((run) => run.method === method)
      .map(({ looks }) =>
        looks.flatMap((look) => (look[spent] === undefined ? [] : [{ x: look[spent], y: look[shown] }])),
      )
      .filter((trace) => trace.length > 0);
    if (traces.length === 0) return [];
    const begin = Math.max(...traces.map((trace) => trace[0]?.x ?? 0));
    const end = Math.max(begin, Math.min(...traces.map((trace) => trace.at(-1)?.x ?? 0)));
    const grid = [
      ...new Set(Array.from({ length: curvePoints }, (_, k) => begin + ((end - begin) * k) / (curvePoints - 1))),
    ];
    const held = (trace: (typeof traces)[number], x: number): number =>
      (trace.findLast((look) => look.x <= x) ?? trace[0])?.y ?? Number.NaN;
    return [{ method, x: grid, spread: grid.map((x) => spreadOf(traces.map((trace) => held(trace, x)))) }];
  });
}
