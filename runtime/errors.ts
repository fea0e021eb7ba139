/** Diagnostics of the numerical side: a lower level that has no single answer, and answers that are worth less than they look. */
import type { Diagnostic, Span } from "../grammar/diagnostics.ts";

export const runtimeCodes = [
  "singular-lower-level",
  "not-a-minimum",
  "unbounded-lower-level",
  "not-finite",
  "point-name",
  "point-shape",
  "not-converged",
  "ill-conditioned",
  "zero-gradient",
  "damped",
  "at-a-kink",
  "concave-penalty",
  "flow-too-long",
  "flow-too-wide",
  "infeasible-lower-level",
  "degenerate-constraints",
] as const;

export function singularLowerLevel(unknowns: string, flat: number | undefined, span: Span): Diagnostic {
  const directions =
    flat === undefined ? "some directions" : flat === 1 ? "1 flat direction" : `${flat} flat directions`;
  return {
    code: "singular-lower-level",
    severity: "refusal",
    message: `${unknowns} is not determined: the curvature of what it minimizes is singular at the solution, with ${directions}`,
    span,
    suggestion: `say which solution is meant ("selected from ${unknowns}0 by gradient_flow"), add a strongly convex term such as 1e-3 * sumsq(${unknowns}), or consent to adjoint damping`,
  };
}

export function notAMinimum(unknowns: string, curvature: number | undefined, span: Span): Diagnostic {
  const how = curvature === undefined ? "" : ` (smallest curvature ${curvature.toPrecision(3)})`;
  return {
    code: "not-a-minimum",
    severity: "refusal",
    message: `the curvature of what ${unknowns} minimizes is negative in some direction${how}: the point found is no minimum`,
    span,
    suggestion: `make the lower objective convex in ${unknowns}, or start elsewhere with "init"`,
  };
}

export function unboundedLowerLevel(unknowns: string, span: Span): Diagnostic {
  return {
    code: "unbounded-lower-level",
    severity: "refusal",
    message: `what ${unknowns} minimizes is unbounded below`,
    span,
    suggestion: `check its sign, or add a strongly convex term such as 1e-3 * sumsq(${unknowns})`,
  };
}

export function notFinite(what: string, span: Span | undefined): Diagnostic {
  return {
    code: "not-finite",
    severity: "refusal",
    message: `${what} has no finite value at the point asked for`,
    span,
    suggestion: "check the data and the point for values that overflow or leave a function's domain",
  };
}

/** A name given with --at or --set that the program does not have there. */
export function pointName(
  name: string,
  what: string,
  known: readonly string[],
  suggestion: string | undefined,
): Diagnostic {
  return {
    code: "point-name",
    severity: "error",
    message: `${name} is no ${what} of this program${known.length === 0 ? "" : `; those are ${known.join(", ")}`}`,
    suggestion: suggestion === undefined ? undefined : `did you mean ${suggestion}?`,
  };
}

/** `given` is the value's shape; `undefined` where its lists are ragged. */
export function pointShape(
  name: string,
  declared: string,
  given: readonly number[] | undefined,
  span: Span | undefined,
): Diagnostic {
  const shape = given === undefined ? "is ragged" : `has shape [${given.join(", ")}]`;
  return {
    code: "point-shape",
    severity: "error",
    message: `the value given for ${name} ${shape}, but ${name} is ${declared}`,
    span,
    suggestion: "give nested arrays of the declared shape, or one number to fill it",
  };
}

/** `residual` is relative, as reported. */
export function notConverged(
  what: string,
  solver: string,
  residual: number,
  tolerance: number,
  span: Span | undefined,
): Diagnostic {
  return {
    code: "not-converged",
    severity: "warning",
    message: `${what}: ${solver} stopped at a relative residual of ${residual.toExponential(1)}, short of ${tolerance.toExponential(0)}`,
    span,
    suggestion: "allow more steps (max:), loosen tol:, or choose another solver",
  };
}

export function illConditioned(unknowns: string, condition: number, span: Span): Diagnostic {
  return {
    code: "ill-conditioned",
    severity: "warning",
    message: `the curvature of what ${unknowns} minimizes is ill-conditioned (its condition number is at least ${condition.toExponential(0)}); digits are lost accordingly`,
    span,
  };
}

export function zeroGradient(names: readonly string[], span: Span | undefined): Diagnostic {
  return {
    code: "zero-gradient",
    severity: "warning",
    message: `the gradient in ${names.join(", ")} is exactly zero at the start`,
    span,
    suggestion: "start elsewhere with init, for example init normal(seed: 0)",
  };
}

export function damped(unknowns: string, damping: number, span: Span): Diagnostic {
  return {
    code: "damped",
    severity: "warning",
    message: `the adjoint of ${unknowns} is damped by ${damping}: the hypergradient is that of a regularised system`,
    span,
  };
}

/** The face of the solution is not stable: the hypergradient holds on one side only. */
export function atAKink(unknowns: string, entries: number, span: Span): Diagnostic {
  return {
    code: "at-a-kink",
    severity: "warning",
    message: `${entries === 1 ? "an entry" : `${entries} entries`} of ${unknowns} ${entries === 1 ? "is" : "are"} about to leave or meet a kink or bound: the hypergradient is one-sided here`,
    span,
    suggestion: "move the upper variables a little to see the derivative on either side",
  };
}

export function concavePenalty(unknowns: string, weight: number, span: Span): Diagnostic {
  return {
    code: "concave-penalty",
    severity: "refusal",
    message: `the absolute value or norm in what ${unknowns} minimizes has the negative weight ${weight.toPrecision(3)}: its kink is a peak`,
    span,
    suggestion: "keep the weight positive by construction, such as exp(lambda)",
  };
}

export function flowTooLong(unknowns: string, steps: number, span: Span): Diagnostic {
  return {
    code: "flow-too-long",
    severity: "refusal",
    message: `the gradient flow on what ${unknowns} minimizes has not come to rest after ${steps} steps`,
    span,
    suggestion: "start nearer to a solution, or improve the conditioning of the objective",
  };
}

export function flowTooWide(unknowns: string, size: number, largest: number, span: Span): Diagnostic {
  return {
    code: "flow-too-wide",
    severity: "refusal",
    message: `${unknowns} holds ${size} numbers, and a selection by gradient_flow splits a curvature of order ${largest} at the most`,
    span,
    suggestion: "use by descent(steps, rate), which has no such bound",
  };
}

export function infeasible(unknowns: string, violation: number, span: Span): Diagnostic {
  return {
    code: "infeasible-lower-level",
    severity: "refusal",
    message: `the constraints on ${unknowns} contradict each other here (the least violation found is ${violation.toPrecision(2)})`,
    span,
    suggestion: "relax a constraint, or check which upper values make them consistent",
  };
}

export function degenerateConstraints(unknowns: string, span: Span): Diagnostic {
  return {
    code: "degenerate-constraints",
    severity: "refusal",
    message: `the constraints that are active on ${unknowns} do not determine it and their multipliers: some depend on each other, or leave a direction that the objective is flat in`,
    span,
    suggestion: "drop a redundant constraint, or add a strongly convex term to the objective",
  };
}
