/** How a run is going, on standard error: one live line in a terminal, a few plain lines elsewhere. */
import type { TraceEntry } from "../runtime/types.ts";
import { showNumber, showSeconds, showSmall } from "./show.ts";

export interface Progress {
  readonly step: (entry: TraceEntry) => void;
  /** Clears the live line. */
  readonly end: () => void;
}

/** Milliseconds between two refreshments of the live line. */
const refreshment = 80;

/** `steps` at the most, from which the longest time left is told. */
export function showProgress(stream: NodeJS.WriteStream, steps: number): Progress {
  return stream.isTTY === true ? liveLine(stream, steps) : plainLines(stream, steps);
}

function liveLine(stream: NodeJS.WriteStream, steps: number): Progress {
  let shown = 0;
  return {
    step: (entry) => {
      const now = performance.now();
      if (now - shown < refreshment) return;
      shown = now;
      stream.write(`\r${describe(entry, steps).slice(0, (stream.columns ?? 80) - 1)}\u001b[K`);
    },
    end: () => {
      if (shown > 0) stream.write("\r\u001b[K");
    },
  };
}

/** After one second, two, four, ...: a log that stays short however long the run is. */
function plainLines(stream: NodeJS.WriteStream, steps: number): Progress {
  let next = 1;
  return {
    step: (entry) => {
      if (entry.seconds < next) return;
      while (next <= entry.seconds) next *= 2;
      stream.write(`${describe(entry, steps)}\n`);
    },
    end: () => undefined,
  };
}

function describe(entry: TraceEntry, steps: number): string {
  const left =
    entry.step === 0 ? "" : `  ≤ ${showSeconds((entry.seconds / entry.step) * Math.max(0, steps - entry.step))} left`;
  const residual = Math.max(entry.inner_residual, entry.adjoint_residual);
  return `step ${entry.step}  objective ${showNumber(entry.value)}  gradient ${showSmall(entry.gradient_norm)}  residual ${showSmall(residual)}${left}`;
}
