/**
 * The spectral projected gradient method (Birgin, Martínez and Raydan 2000): d = P(x − α ∇f) − x with Barzilai and Borwein's α, and a
 * non-monotone Armijo search along d. The gradient counts as zero when P(x − ∇f) = x; that projected norm is what iterates report.
 */
import type { Engine, Vector } from "../../engine/engine.ts";
import { unwritten } from "../../ledger.ts";
import { minimiserDefaults } from "../defaults.ts";
import { createMonitor, type Standing } from "../stopping.ts";
import type { Minimisation, MinimiserOutcome, MinimiserStatus, Objective } from "../types.ts";
import { createWorkspace, machineEpsilon, toleranceFor } from "../workspace.ts";
import { evaluateStart, type MinimiserOptions, notEvaluable } from "./descent.ts";
import { evaluateFinite } from "./line-search.ts";

export interface ProjectedOptions extends MinimiserOptions {
  /** Overwrites a point by the nearest one of the set, which is convex. */
  readonly project: (x: Vector) => void;
  /** A fixed α in place of the spectral one. */
  readonly rate?: number;
}

const armijo = 1e-4;
const [shortest, longest] = [1e-10, 1e10];

/** x must be in the set, and stays there. */
export function* projectedGradient(engine: Engine, f: Objective, x: Vector, options: ProjectedOptions): Minimisation {
  const workspace = createWorkspace(engine, f.size);
  try {
    const [gradient, direction, trial, trialGradient] = [0, 1, 2, 3].map(() => workspace.vector()) as [
      Vector,
      Vector,
      Vector,
      Vector,
    ];
    const { ledger = unwritten } = options;
    const start = evaluateStart(engine, f, ledger.vector("x", x), ledger.vector("gradient", gradient), ledger);
    if (!start.ok) return notEvaluable(start.reason);
    /** out ← P(x − α ∇f) − x */
    const towards = (alpha: number, out: Vector): void => {
      engine.copy(x, out);
      engine.axpy(-alpha, gradient, out);
      options.project(out);
      engine.axpy(-1, x, out);
    };
    const projectedNorm = (): number => {
      towards(1, direction);
      return engine.norm(direction);
    };
    let [value, norm, evaluations, step] = [start.value, projectedNorm(), 1, 0];
    const standing = (): Standing => ({ value, gradientNorm: norm, length: engine.norm(x) });
    const valueNoise = options.valueNoise ?? toleranceFor(engine, minimiserDefaults.valueNoise);
    const monitor = createMonitor(options, standing(), machineEpsilon(engine));
    let recent = [value];
    let alpha = options.rate ?? Math.min(1, 1 / Math.max(norm, Number.MIN_VALUE));
    ledger.keep(
      "projected steps",
      () => ({ value, norm, evaluations, step, recent, alpha }),
      (written) => {
        ({ value, norm, evaluations, step, recent, alpha } = written);
      },
    );
    const finish = (status: MinimiserStatus): MinimiserOutcome => ({
      status,
      iterations: step,
      evaluations,
      value,
      gradientNorm: norm,
      stationarity: monitor.stationarity(standing()),
    });

    for (;;) {
      yield { step, value, gradientNorm: norm, x, gradient };
      const verdict = monitor.verdict(step, standing());
      if (verdict !== undefined) return finish(verdict);
      towards(alpha, direction);
      const slope = engine.dot(gradient, direction);
      const bar = Math.max(...recent);
      let accepted: number | undefined;
      let length = 1;
      for (let k = 0; k < minimiserDefaults.trials && slope < 0 && accepted === undefined; k++, length /= 2) {
        engine.copy(x, trial);
        engine.axpy(length, direction, trial);
        const answer = evaluateFinite(engine, f, trial, trialGradient);
        evaluations++;
        if (answer.ok && answer.value <= bar + armijo * length * slope + valueNoise * Math.abs(bar))
          accepted = answer.value;
      }
      if (accepted === undefined) return finish(monitor.stalled(standing()));
      step++;
      // s = x₊ − x, t = ∇f₊ − ∇f
      engine.copy(trial, direction);
      engine.axpy(-1, x, direction);
      engine.scale(-1, gradient);
      engine.axpy(1, trialGradient, gradient);
      const [ss, st] = [engine.dot(direction, direction), engine.dot(direction, gradient)];
      alpha = options.rate ?? (st > 0 ? Math.min(longest, Math.max(shortest, ss / st)) : longest);
      engine.copy(trial, x);
      engine.copy(trialGradient, gradient);
      value = accepted;
      norm = projectedNorm();
      recent.push(value);
      if (recent.length > minimiserDefaults.history) recent.shift();
    }
  } finally {
    workspace.release();
  }
}
