/** What a stochastic method is: how its step sizes fall, and one step of all levels. */
import { solverUnavailable } from "../../../compiler/errors.ts";
import type { StochasticMethod } from "../../../compiler/plan/stochastic.ts";
import { BilevelError } from "../../../grammar/diagnostics.ts";
import type { Engine, Vector } from "../../engine/engine.ts";
import type { Random } from "../../random.ts";
import type { Oracle } from "./oracle.ts";

/** Step sizes, or how they fall: as 1 / t^exponent. */
export interface Rates {
  readonly inner: number;
  readonly outer: number;
}

/** What a method steps with. */
export interface Setting {
  readonly engine: Engine;
  readonly oracle: Oracle;
  /** At the same point, over another number of rows. */
  readonly withBatch: (rows: number) => Oracle;
  /** Step sizes at step t = 1, 2, ...; `base` are they before they fall with t. */
  readonly ratesAt: (t: number) => Rates;
  readonly base: () => Rates;
  /** 1 where the upper level minimises, −1 where it maximises. */
  readonly direction: 1 | -1;
  /** w ← P(w − rate · direction · d), P into the sets of the upper variables. */
  readonly moveUpper: (rate: number, d: Vector) => void;
  readonly random: Random;
  /** For what changes from step to step beside vectors and random numbers: plain values, changed in place. */
  readonly remember: <T extends object>(own: T) => T;
  /** An argument of the method, by default or as asked for. */
  readonly argument: (name: string) => number;
}

export interface Stepper {
  /** Before the first step. */
  readonly begin?: () => void;
  /** Step t = 1, 2, ... */
  readonly step: (t: number) => void;
  /** Where the point holds no adjoint: writes the one that it stands for. */
  readonly adjoint?: (out: Vector) => void;
}

export interface StochasticRule {
  /** How asked step sizes fall. */
  readonly exponents: Rates;
  /** How automatic ones do, where constant ones, as large as is stable, would leave a floor of noise. */
  readonly automatic?: Rates;
  /** Factors of automatic step sizes, where the rows make so many batches. */
  readonly caution?: (batches: number) => Rates;
  readonly create: (setting: Setting) => Stepper;
}

/** A refusal of a problem that only the method's own way of drawing rows does not fit. */
export const notFor = (method: StochasticMethod, why: string): BilevelError =>
  new BilevelError([solverUnavailable("method", method, why, undefined, "write method: soba")]);
