/** Diagnostics of the numerical side: a lower level that has no single answer, and answers that are worth less than they look. */
import type { Diagnostic, Span } from "../grammar/diagnostics.ts";

export const runtimeCodes = [
  "singular-lower-level",
  "not-attracting",
  "not-a-minimum",
  "unbounded-lower-level",
  "not-finite",
  "point-name",
  "point-shape",
  "result-unusable",
  "source-unreadable",
  "not-converged",
  "ill-conditioned",
  "zero-gradient",
  "damped",
  "at-a-kink",
  "approximate-gradient",
  "at-the-edge",
  "degenerate-minimum",
  "concave-penalty",
  "flow-too-long",
  "flow-too-wide",
  "infeasible-lower-level",
  "infeasible-upper-level",
  "unbounded-upper-level",
  "several-answers",
  "not-compared",
  "degenerate-constraints",
  "undetermined-function",
  "flat-loss",
] as const;

/** `atLeast`: there may be more flat directions than were counted. */
export function singularLowerLevel(
  unknowns: string,
  flat: number | undefined,
  span: Span,
  atLeast = false,
): Diagnostic {
  const counted = flat === 1 ? "1 flat direction" : `${flat} flat directions`;
  const directions = flat === undefined ? "some directions" : `${atLeast ? "at least " : ""}${counted}`;
  return {
    code: "singular-lower-level",
    severity: "refusal",
    message: `${unknowns} is not determined: the curvature of what it minimizes is singular at the solution, with ${directions}`,
    span,
    suggestion: `say which solution is meant ("selected from ${unknowns}0 by gradient_flow"), add a strongly convex term such as 1e-3 * sumsq(${unknowns}), or consent to adjoint damping`,
  };
}

/** The same for `solves`: of v = F(v), the derivative of v − F(v). */
export function singularEquations(unknowns: string, span: Span): Diagnostic {
  return {
    code: "singular-lower-level",
    severity: "refusal",
    message: `${unknowns} is not determined: the derivative of its equations (left − right) in ${unknowns} is singular at the point found`,
    span,
    suggestion:
      "check that there are as many independent equations as unknowns, start at another solution with init, or consent to adjoint damping",
  };
}

/** `factor` is the spectral radius of ∂F/∂v. */
export function notAttracting(unknowns: string, factor: number, span: Span): Diagnostic {
  return {
    code: "not-attracting",
    severity: "warning",
    message: `the fixed point of ${unknowns} does not attract: the contraction factor at the point found is ${factor.toPrecision(3)}`,
    span,
    suggestion:
      "the answer is that of the equation; where the limit of an iteration is meant, make the map contract or start elsewhere",
  };
}

/** The minimum is of an order above the second, or at infinity: the solver approaches it without curvature to stand on. */
export function degenerateMinimum(unknowns: string, span: Span): Diagnostic {
  return {
    code: "degenerate-minimum",
    severity: "refusal",
    message: `the curvature of what ${unknowns} minimizes vanishes towards its solution, as that of x^4 does towards 0: how the solution moves is not determined`,
    span,
    suggestion: `add a strongly convex term such as 1e-3 * sumsq(${unknowns}), or consent to adjoint damping`,
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

/** A result that a function was to be taken from. */
export function resultUnusable(message: string, suggestion?: string): Diagnostic {
  return { code: "result-unusable", severity: "error", message, suggestion };
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

/** `what` has the number: `the curvature of what y minimizes`. */
export function illConditioned(what: string, condition: number, span: Span): Diagnostic {
  return {
    code: "ill-conditioned",
    severity: "warning",
    message: `${what} is ill-conditioned (its condition number is at least ${condition.toExponential(0)}); digits are lost accordingly`,
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

/** `how` the adjoint falls short; `residual` is relative, as reported. */
export function approximateGradient(unknowns: string, how: string, residual: number, span: Span): Diagnostic {
  return {
    code: "approximate-gradient",
    severity: "warning",
    message: `the hypergradient is an estimate: the adjoint of ${unknowns} ${how} (relative residual ${residual.toExponential(1)})`,
    span,
    suggestion: "write method: auto, or allow more steps where they are limited",
  };
}

/** The best point of a search lies at the edge of a range that is not the author's. */
export function atTheEdge(names: string, span: Span | undefined): Diagnostic {
  return {
    code: "at-the-edge",
    severity: "warning",
    message: `the best point lies at the edge of the range that ${names} was searched in: there may be better ones beyond`,
    span,
    suggestion: "widen it (range:), move the start (init), or say what is allowed (in box(low, high))",
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

export function flowTooWide(unknowns: string, size: number, steps: number, span: Span): Diagnostic {
  return {
    code: "flow-too-wide",
    severity: "refusal",
    message: `the gradient flow of ${unknowns} has not come to rest after ${steps} steps, and with ${size} numbers a place no more of them can be kept`,
    span,
    suggestion: "start nearer to a solution, or use by descent(steps, rate), which keeps few places",
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

/** A local method speaks of what it found; `violation` is absent where it is known that there is nothing to find. */
export function infeasibleUpper(violation: number | undefined, span: Span): Diagnostic {
  return {
    code: "infeasible-upper-level",
    severity: "refusal",
    message:
      violation === undefined
        ? "there is no point where the constraints of both levels hold and the lower level has an answer"
        : `no point was found where the constraints of the upper problem hold (the least violation found is ${violation.toPrecision(2)})`,
    span,
    suggestion: "relax a constraint, or start nearer to where they hold with init",
  };
}

export function unboundedUpper(span: Span): Diagnostic {
  return {
    code: "unbounded-upper-level",
    severity: "refusal",
    message: "the upper objective is unbounded where the constraints of both levels hold",
    span,
    suggestion: "check its sign, or bound the upper variables by a set or subject to",
  };
}

/** Of gradcheck: next to the point the problem has no solution, so that there is nothing to take differences of. */
export function notCompared(entries: number, of: number): Diagnostic {
  return {
    code: "not-compared",
    severity: "warning",
    message: `${entries} of ${of} entries could not be compared with finite differences: on one side of the point at least, the lower level has no solution`,
    suggestion: "check at a point further from where the problem ceases to be solvable",
  };
}

/** The optimistic solution was taken. */
export function severalAnswers(unknowns: string, variables: string, span: Span): Diagnostic {
  return {
    code: "several-answers",
    severity: "warning",
    message: `at this ${variables}, ${unknowns} has other answers that its level likes as well: the one that suits the upper level best was taken`,
    span,
    suggestion: "add a strongly convex term to what it minimizes, if the choice is not the upper level's to make",
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

/** The upper level reads a function in L2(D) where D's rows leave it open: its family is richer than they are. */
export function undeterminedFunction(name: string, span: Span): Diagnostic {
  return {
    code: "undetermined-function",
    severity: "refusal",
    message: `the upper level reads ${name} where the rows of its clause do not determine it: there is no adjoint function`,
    span,
    suggestion: "evaluate it where those rows lie, use a smaller family, or one that shares weights between such rows",
  };
}

/** A convex loss without curvature at the solution. */
export function flatLoss(name: string, span: Span): Diagnostic {
  return {
    code: "flat-loss",
    severity: "refusal",
    message: `at the solution the loss of ${name} is flat in the value of ${name} at some row, so ${name} is not determined there`,
    span,
    suggestion: "add a strongly convex term, such as 0.01 * h(z)^2, or leave out rows of weight 0",
  };
}

/** The file of a program, and what other files the command line reads or writes. */
export function sourceUnreadable(path: string, why: string, suggestion?: string): Diagnostic {
  return { code: "source-unreadable", severity: "error", message: `${path}: ${why}`, suggestion };
}
