/**
 * The global minimum of a convex quadratic program with complementarity c_i(x) ≤ 0 ≤ x_k, one of them 0, by branching on which
 * (Bard and Moore 1990): a relaxation without complementarity bounds what its branches can reach.
 */
import type { Engine } from "../engine/engine.ts";
import type { Ledger } from "../ledger.ts";
import { largestMagnitude } from "./arrays.ts";
import {
  type LinearRows,
  type QuadraticOutcome,
  type QuadraticProgram,
  quadraticProgram,
} from "./quadratic-program.ts";

/** rows[i] x <= right[i], x[variables[i]] >= 0, one of them an equation. */
export interface Complementarity extends LinearRows {
  readonly variables: readonly number[];
}

export interface Visit {
  /** Relaxations solved so far. */
  readonly nodes: number;
  /** The best that was found, if any was. */
  readonly best?: Solved;
}

type Solved = Extract<QuadraticOutcome, { status: "solved" }>;

export type BranchOutcome = Visit & { readonly status: QuadraticOutcome["status"] };

/** A pair counts as complementary where the smaller of the two is at most this, relative to the point. */
const slack = 1e-9;
/** What must be gained for another branch to be worth it, relative to the best value. */
const gain = 1e-10;

/** A machine that yields after every node: whoever drives it may stop, and keeps the best so far. */
export function* branchAndBound(
  engine: Engine,
  program: QuadraticProgram,
  pairs: Complementarity,
  ledger: Ledger,
): Generator<Visit, BranchOutcome, void> {
  type Choice = "free" | "tight" | "idle";
  let open: (readonly Choice[])[] = [pairs.rows.map(() => "free")];
  let choices: readonly Choice[] | undefined;
  let best: Solved | undefined;
  let nodes = 1;
  ledger.keep(
    "branches",
    () => ({ open: choices === undefined ? open : [...open, choices], best, nodes }),
    (written) => {
      ({ open, best, nodes } = written);
    },
  );
  for (; ; nodes += 1) {
    choices = open.pop();
    if (choices === undefined)
      return { status: best === undefined ? "infeasible" : "solved", nodes, ...(best && { best }) };
    const relaxed = quadraticProgram(engine, relaxation(program, pairs, choices));
    yield { nodes, ...(best && { best }) };
    if (relaxed.status === "failed") return { status: "failed", nodes, ...(best && { best }) };
    if (relaxed.status === "infeasible") continue;
    let branch = choices.indexOf("free");
    if (relaxed.status === "solved") {
      if (best !== undefined && relaxed.value >= best.value - gain * Math.max(1, Math.abs(best.value))) continue;
      const { x } = relaxed;
      const scale = 1 + largestMagnitude(x);
      const gaps = pairs.rows.map((row, i) =>
        Math.min(x[pairs.variables[i] as number] as number, (pairs.right[i] as number) - dot(row, x)),
      );
      branch = gaps.reduce((worst, gap, i) => (gap > (gaps[worst] ?? -1) ? i : worst), -1);
      if ((gaps[branch] ?? 0) <= slack * scale) {
        best = relaxed;
        continue;
      }
      // Without a bound, any decision may bring one.
    } else if (branch < 0) return { status: "unbounded", nodes };
    const parent = choices;
    const decided = (choice: Choice): readonly Choice[] => parent.with(branch, choice);
    open.push(decided("idle"), decided("tight"));
  }
}

/** The program where some pairs are decided: `tight`: c = 0; `idle`: x = 0. */
function relaxation(
  program: QuadraticProgram,
  { rows, right, variables }: Complementarity,
  choices: readonly ("free" | "tight" | "idle")[],
): QuadraticProgram {
  const unit = (k: number, sign: number): Float64Array =>
    Float64Array.from({ length: program.size }, (_, i) => (i === k ? sign : 0));
  const at = <T>(list: readonly T[], wanted: (choice: string) => boolean): readonly T[] =>
    list.filter((_, i) => wanted(choices[i] as string));
  const [isTight, isIdle] = [(choice: string) => choice === "tight", (choice: string) => choice === "idle"];
  const [notTight, notIdle] = [(choice: string) => !isTight(choice), (choice: string) => !isIdle(choice)];
  const idle = at(variables, isIdle).map((k) => unit(k, 1));
  const positive = at(variables, notIdle).map((k) => unit(k, -1));
  return {
    ...program,
    equations: {
      rows: [...program.equations.rows, ...at(rows, isTight), ...idle],
      right: [...program.equations.right, ...at(right, isTight), ...idle.map(() => 0)],
    },
    inequalities: {
      rows: [...program.inequalities.rows, ...at(rows, notTight), ...positive],
      right: [...program.inequalities.right, ...at(right, notTight), ...positive.map(() => 0)],
    },
  };
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
