/** Diagnostics of the compiler after the checker: what is understood, but cannot be answered. */
import type { Diagnostic, Span } from "../grammar/diagnostics.ts";

export const compilerCodes = [
  "not-derived-yet",
  "solver-unavailable",
  "non-smooth-lower-level",
  "not-curved",
  "no-problem",
  "not-pointwise",
  "not-strongly-convex",
  "kernel-too-large",
  "not-sampled",
] as const;

/** Something the language has and the derivation does not cover. */
export function notDerivedYet(what: string, span: Span, suggestion?: string): Diagnostic {
  return {
    code: "not-derived-yet",
    severity: "refusal",
    message: `${what} ${what.endsWith("s") && !/^(an?|the) /.test(what) ? "are" : "is"} understood but cannot be derived yet`,
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

/** The lower level has a kink in its own unknowns, so its condition is not an equation. `what` is the part that has it. */
export function nonSmoothLowerLevel(what: string, unknowns: string, kink: string, span: Span): Diagnostic {
  return {
    code: "non-smooth-lower-level",
    severity: "refusal",
    message: `${what} is not smooth in ${unknowns} (${kink}), and non-smooth lower levels of this form cannot be derived yet`,
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

/** Left and right differ by something that does not read the unknown. */
export function equationsLeaveOut(unknowns: string, span: Span): Diagnostic {
  return {
    code: "not-curved",
    severity: "refusal",
    message: `left and right of the equations for ${unknowns} differ by something that ${unknowns} does not change: every value solves them, or none`,
    span,
    suggestion: `check for ${unknowns} cancelling on both sides`,
  };
}

/** A function in an RKHS that its clause does not penalise: nothing determines it away from the data. */
export function noRkhsPenalty(fn: string, span: Span): Diagnostic {
  return {
    code: "not-strongly-convex",
    severity: "refusal",
    message: `${fn} is a function in an RKHS, and what it minimizes has no penalty on its norm, so that many functions do equally well`,
    span,
    suggestion: `add a positive multiple of its squared norm, such as 0.5 * exp(rho) * normsq(${fn})`,
  };
}

/** A penalty on a function in an RKHS whose factor is not positive at the present upper variables. */
export function rkhsPenaltyNotPositive(fn: string, factor: number, span: Span): Diagnostic {
  return {
    code: "not-strongly-convex",
    severity: "refusal",
    message: `the penalty on the squared norm of ${fn} has a factor of ${(factor / 2).toPrecision(3)} here, and without a positive one there is no minimiser or no single one`,
    span,
    suggestion: `keep it positive, as in exp(rho) * normsq(${fn})`,
  };
}

/** A loss of the values of functions in an RKHS that is not convex, as far as can be seen. */
export function notConvexInRkhs(fn: string, span: Span): Diagnostic {
  return {
    code: "not-strongly-convex",
    severity: "refusal",
    message: `what ${fn} minimizes could not be shown to be convex in its values with a positive penalty on its norm`,
    span,
    suggestion:
      "use a convex loss of the values, such as (h(x) - y)^2 or logcosh(h(x) - y), and a penalty such as 0.5 * exp(rho) * normsq(h)",
  };
}

/** Functions in an RKHS with so many points that their kernel matrix would not fit, where systems with it are solved in no other way. */
export function kernelTooLarge(fn: string, points: number, most: number, span: Span): Diagnostic {
  const gigabytes = ((8 * points ** 2) / 1e9).toPrecision(2);
  return {
    code: "kernel-too-large",
    severity: "refusal",
    message: `${fn} has ${points} points, and their kernel matrix would take ${gigabytes} GB, more than memory allows, which is ${most} points; only a convex loss of each value of one function is solved without it`,
    span,
    suggestion: `write by nystrom(centres: 500) behind the space of ${fn}, or fit it on fewer rows, with split(D, ...) and a seed`,
  };
}

/** An objective that a stochastic method cannot estimate from some of the rows without bias. */
export function notSampled(why: string, span: Span): Diagnostic {
  return {
    code: "not-sampled",
    severity: "refusal",
    message: `this objective cannot be estimated from some of the rows: ${why}`,
    span,
    suggestion:
      "write it as an expectation over rows, such as E[train](loss(x @ theta, y)), or use a method that reads every row",
  };
}

/** An unknown in L2 whose clause is no mean of losses of its values, row by row. */
export function notPointwise(fn: string, why: string, span: Span, suggestion: string): Diagnostic {
  return {
    code: "not-pointwise",
    severity: "refusal",
    message: `${fn} is a function in L2, and its clause is no mean of losses of its values row by row: ${why}`,
    span,
    suggestion,
  };
}

/** A point-wise loss that has no unique minimiser, or that cannot be shown to have one. */
export function notStronglyConvex(fn: string, found: string, span: Span): Diagnostic {
  return {
    code: "not-strongly-convex",
    severity: "refusal",
    message: `what ${fn} minimizes has to be strongly convex in the value of ${fn}, row by row, and it is ${found}`,
    span,
    suggestion: "use a loss such as (h(z) - y)^2, or write method: aid to differentiate in the weights of its family",
  };
}
