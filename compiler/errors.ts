/** Diagnostics of the compiler after the checker: what is understood, but cannot be answered. */
import type { Diagnostic, Span } from "../grammar/diagnostics.ts";

export const compilerCodes = [
  "not-derived-yet",
  "solver-unavailable",
  "non-smooth-lower-level",
  "not-curved",
  "no-problem",
] as const;

/** Something the language has and the derivation does not cover. */
export function notDerivedYet(what: string, span: Span, suggestion?: string): Diagnostic {
  return {
    code: "not-derived-yet",
    severity: "refusal",
    message: `${what} ${what.endsWith("s") ? "are" : "is"} understood but cannot be derived yet`,
    span,
    suggestion,
  };
}

/** A method or solver that the language names and that is not built yet, or that does not fit this problem. */
export function solverUnavailable(
  key: string,
  name: string,
  why: string,
  span?: Span,
  suggestion?: string,
): Diagnostic {
  return { code: "solver-unavailable", severity: "refusal", message: `${key}: ${name} ${why}`, span, suggestion };
}

/** The lower level has a kink in its own unknowns, so its condition is not an equation. */
export function nonSmoothLowerLevel(unknowns: string, kink: string, span: Span): Diagnostic {
  return {
    code: "non-smooth-lower-level",
    severity: "refusal",
    message: `the objective that ${unknowns} minimizes is not smooth in ${unknowns} (${kink}), and non-smooth lower levels of this form cannot be derived yet`,
    span,
    suggestion: "replace it by a smooth function, such as softplus for max(x, 0) or sqrt(x^2 + 1e-6) for abs(x)",
  };
}

/** Nothing to run: declarations alone. */
export function noProblem(file: string): Diagnostic {
  return {
    code: "no-problem",
    severity: "error",
    message: "this file states no problem",
    span: { file, start: 0, end: 0 },
    suggestion: 'add one, such as "minimize f(w, y) over w where y minimizes g(w, y)"',
  };
}

/** The lower objective is affine in its unknown: it has no minimiser, or every point is one. */
export function notCurved(unknowns: string, span: Span): Diagnostic {
  return {
    code: "not-curved",
    severity: "refusal",
    message: `what ${unknowns} minimizes is not curved in ${unknowns}: it is unbounded below, or every point minimizes it`,
    span,
    suggestion: "add a term that is strongly convex in it, such as 0.5 * exp(rho) * sumsq(...)",
  };
}
