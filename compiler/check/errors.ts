/** The checker's diagnostics, one constructor each. The sentences use the program's own names and shapes. */
import type { Diagnostic, Fix, Note, Span } from "../../grammar/diagnostics.ts";

interface Help {
  readonly notes?: readonly Note[];
  readonly suggestion?: string;
  /** Replaces the text at the diagnostic's own place. */
  readonly replacement?: string;
}

function diagnostic(
  severity: Diagnostic["severity"],
  code: string,
  span: Span,
  message: string,
  help: Help = {},
): Diagnostic {
  const { notes, suggestion, replacement } = help;
  return {
    code,
    severity,
    message,
    span,
    ...(notes !== undefined && notes.length > 0 && { notes }),
    ...(suggestion !== undefined && { suggestion }),
    ...(replacement !== undefined && { fixes: [{ title: `replace by ${replacement}`, span, text: replacement }] }),
  };
}

type Rest = readonly [span: Span, message: string, help?: Help];
const error = (code: string, ...rest: Rest): Diagnostic => diagnostic("error", code, ...rest);
const warning = (code: string, ...rest: Rest): Diagnostic => diagnostic("warning", code, ...rest);

const meant = (name: string | undefined): Help =>
  name === undefined ? {} : { suggestion: `did you mean ${name}?`, replacement: name };

/** `1 table`, `2 tables`. */
export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

// --------------------------------------------------------------------------------------------------------- names

export const unknownName = (span: Span, name: string, close?: string, hint?: string): Diagnostic =>
  error(
    "unknown-name",
    span,
    `${name} is not declared`,
    hint === undefined || close !== undefined ? meant(close) : { suggestion: hint },
  );

export const unknownField = (
  span: Span,
  table: string,
  field: string,
  fields: readonly string[],
  close?: string,
): Diagnostic =>
  error(
    "unknown-field",
    span,
    `${table} has no field ${field}`,
    close === undefined ? { suggestion: `its fields are ${fields.join(", ")}` } : meant(close),
  );

export const duplicateName = (span: Span, name: string, first: Span): Diagnostic =>
  error("duplicate-name", span, `${name} is declared twice`, {
    notes: [{ message: "the first declaration", span: first }],
    suggestion: "give one of them another name; sizes and values share one namespace",
  });

export const nameCycle = (span: Span, names: readonly string[]): Diagnostic =>
  error("name-cycle", span, `${names[0]} is defined by itself: ${[...names, names[0]].join(" -> ")}`, {
    suggestion: "a definition may not reach itself; for a fixed point write `where v solves v = F(v)`",
  });

export const ambiguousName = (span: Span, name: string, table: string, declared: Span): Diagnostic =>
  error("ambiguous-name", span, `${name} is both a field of ${table} and an unknown`, {
    notes: [{ message: `the unknown ${name}`, span: declared }],
    suggestion: `name the row: E[r in ${table}](...) and r.${name} for the field`,
  });

export const ambiguousField = (span: Span, name: string, tables: readonly string[]): Diagnostic =>
  error("ambiguous-name", span, `${name} is a field of ${tables.join(" and of ")}`, {
    suggestion: `name the rows: E[${tables.map((t, i) => `${"rqst"[i] ?? `r${i}`} in ${t}`).join(", ")}](...)`,
  });

export const repeatedSection = (span: Span, what: string, first: Span): Diagnostic =>
  error("repeated-section", span, `a program has one ${what}, and this is the second`, {
    notes: [{ message: "the first one", span: first }],
  });

export const importNotFound = (span: Span, path: string): Diagnostic =>
  error("import-not-found", span, `the file "${path}" cannot be read`, {
    suggestion: "its path is relative to the importing file",
  });

export const pathOutside = (span: Span, path: string): Diagnostic =>
  error("path-outside", span, `"${path}" leads out of the program's folder`, {
    suggestion: "a program reads files in its own folder and below; --allow-read DIR lets it read in DIR, too",
  });

export const importCycle = (span: Span, files: readonly string[]): Diagnostic =>
  error("import-cycle", span, `these files import each other: ${files.join(" -> ")}`);

export const importHolds = (span: Span, what: string, file: string): Diagnostic =>
  error("import-holds-problem", span, `${file} is imported and holds a ${what}`, {
    suggestion: `imported files only declare; move the ${what} to the main file`,
  });

export const expansionTooLarge = (span: Span, name: string): Diagnostic =>
  error("expansion-too-large", span, `expanding ${name} makes more than 200 000 terms, or nests them too deep`, {
    suggestion: "definitions are expanded at each use; name the repeated part by a `let` without arguments",
  });

// -------------------------------------------------------------------------------------------------- types and shapes

export const shapeMismatch = (
  span: Span,
  message: string,
  notes: readonly Note[],
  suggestion?: string,
  fixes?: readonly Fix[],
): Diagnostic => ({ ...error("shape-mismatch", span, message, { notes, suggestion }), ...(fixes && { fixes }) });

export const typeMismatch = (span: Span, message: string, suggestion?: string, notes?: readonly Note[]): Diagnostic =>
  error("type-mismatch", span, message, { suggestion, notes });

export const notAValue = (span: Span, message: string, suggestion?: string): Diagnostic =>
  error("not-a-value", span, message, { suggestion });

export const vectorTranspose = (span: Span, text: string, type: string): Diagnostic =>
  error("vector-transpose", span, `${text}' swaps the last two axes, and ${text} is ${type}`, {
    suggestion: "use outer(a, b) for a matrix of products, or a @ b for the dot product",
  });

export const ambiguousProduct = (span: Span, a: string, b: string, c: string, type: string): Diagnostic =>
  error("ambiguous-product", span, `${a} * ${b} @ ${c} multiplies by ${a} last, and ${a} is ${type}, not a scalar`, {
    suggestion: `write ${a} * (${b} @ ${c}) or (${a} * ${b}) @ ${c}`,
  });

export const badIndex = (span: Span, message: string, suggestion?: string, notes?: readonly Note[]): Diagnostic =>
  error("bad-index", span, message, { suggestion, notes });

export const indexOutOfRange = (span: Span, index: string, size: string, suggestion?: string): Diagnostic =>
  error(
    "index-out-of-range",
    span,
    `the index ${index} is outside of 0..${size} (indices start at 0, ends are excluded)`,
    { suggestion },
  );

export const badAxis = (span: Span, axis: number, text: string, type: string): Diagnostic =>
  error("bad-axis", span, `${text} is ${type} and has no axis ${axis}`, {
    suggestion: "axes count from 0; -1 is the last one",
  });

export const badType = (span: Span, message: string, suggestion?: string): Diagnostic =>
  error("bad-type", span, message, { suggestion });

export const notASize = (span: Span, text: string, why: string): Diagnostic =>
  error("not-a-size", span, `${text} is not a size: ${why}`, {
    suggestion: "a size is a whole number, a `dim`, rows(D), or a sum or product of these",
  });

export const unboundSize = (span: Span, name: string): Diagnostic =>
  error("unbound-size", span, `nothing says how large ${name} is`, { suggestion: `declare it: dim ${name} = 100` });

export const notConstant = (span: Span, text: string, what: string): Diagnostic =>
  error("not-constant", span, `${text} is not ${what}`, {
    suggestion: "this argument is part of the program's structure and must be written as a constant",
  });

// --------------------------------------------------------------------------------------------------------- calls

export const wrongArguments = (span: Span, message: string, suggestion?: string, replacement?: string): Diagnostic =>
  error("wrong-arguments", span, message, { suggestion, replacement });

export const badLabels = (span: Span, message: string, suggestion: string): Diagnostic =>
  error("bad-labels", span, message, { suggestion });

export const badDivergence = (span: Span, text: string): Diagnostic =>
  error(
    "bad-divergence",
    span,
    `${text} is not a field of a table, and divergence differentiates with respect to data`,
    {
      suggestion: "write divergence(fitted, D.y) with a real field of a table",
    },
  );

// -------------------------------------------------------------------------------------------------- declarations

export const badTable = (span: Span, message: string, notes?: readonly Note[], suggestion?: string): Diagnostic =>
  error("bad-table", span, message, { notes, suggestion });

export const badSource = (span: Span, message: string, suggestion?: string, replacement?: string): Diagnostic =>
  error("bad-source", span, message, { suggestion, replacement });

export const badFamily = (span: Span, message: string, suggestion?: string, replacement?: string): Diagnostic =>
  error("bad-family", span, message, { suggestion, replacement });

export const badKernel = (span: Span, message: string, suggestion?: string): Diagnostic =>
  error("bad-kernel", span, message, { suggestion });

export const badSpace = (span: Span, text: string): Diagnostic =>
  error("bad-space", span, `${text} is not a space of functions`, {
    suggestion: "write L2(D) with a table D, or RKHS(kernel) such as RKHS(gaussian(bandwidth: 1.0))",
  });

export const badSet = (span: Span, message: string, suggestion?: string): Diagnostic =>
  error("bad-set", span, message, { suggestion });

export const badStart = (span: Span, message: string, suggestion?: string): Diagnostic =>
  error("bad-start", span, message, { suggestion });

// -------------------------------------------------------------------------------------------------- the problem

export const notAnUnknown = (
  span: Span,
  name: string,
  sort: string,
  declared: Span | undefined,
  suggestion?: string,
): Diagnostic =>
  error("not-an-unknown", span, `${name} is ${sort}, not an unknown`, {
    notes: declared && [{ message: `${name} is declared here`, span: declared }],
    suggestion: suggestion ?? "only a var, a network or a function can be optimised",
  });

export const optimisedTwice = (span: Span, name: string, first: Span): Diagnostic =>
  error("optimised-twice", span, `${name} is optimised at two places`, {
    notes: [{ message: "the first one", span: first }],
    suggestion: "every unknown belongs to one objective; use two unknowns",
  });

export const unoptimisedUnknown = (span: Span, name: string, sort: string): Diagnostic =>
  error("unoptimised-unknown", span, `nobody optimises ${name}`, {
    suggestion:
      sort === "var"
        ? `add it to \`over\`, give it a clause, or make it a constant: param ${name}: real = ...`
        : "add it to `over` or give it a clause",
  });

export const unreadUnknown = (span: Span, name: string, where: string): Diagnostic =>
  warning("unread-unknown", span, `${where} does not depend on ${name}`, {
    suggestion: `any value of ${name} does equally well; is a term missing?`,
  });

export const objectiveNotScalar = (span: Span, text: string, type: string): Diagnostic =>
  error("objective-not-scalar", span, `the objective ${text} is ${type}, and must be one real number`, {
    suggestion: "reduce it: mean(...), sum(...), or E[D](...) over the rows of a table",
  });

export const equationShape = (span: Span, equations: string, name: string, type: string): Diagnostic =>
  error(
    "equation-shape",
    span,
    `the sides of the equation are ${equations} and the unknown ${name} is ${type}: there must be as many equations as unknowns`,
  );

export const badSelection = (span: Span, message: string, suggestion?: string): Diagnostic =>
  error("bad-selection", span, message, { suggestion });

export const badClauseIndex = (span: Span, message: string, suggestion: string): Diagnostic =>
  error("bad-clause-index", span, message, { suggestion });

export const checkCodes = [
  "unknown-name",
  "unknown-field",
  "duplicate-name",
  "name-cycle",
  "ambiguous-name",
  "repeated-section",
  "import-not-found",
  "path-outside",
  "import-cycle",
  "import-holds-problem",
  "expansion-too-large",
  "shape-mismatch",
  "type-mismatch",
  "not-a-value",
  "vector-transpose",
  "ambiguous-product",
  "bad-index",
  "index-out-of-range",
  "bad-axis",
  "bad-type",
  "not-a-size",
  "unbound-size",
  "not-constant",
  "wrong-arguments",
  "bad-labels",
  "bad-divergence",
  "bad-table",
  "bad-source",
  "bad-family",
  "bad-kernel",
  "bad-space",
  "bad-set",
  "bad-start",
  "not-an-unknown",
  "optimised-twice",
  "unoptimised-unknown",
  "unread-unknown",
  "objective-not-scalar",
  "equation-shape",
  "bad-selection",
  "bad-clause-index",
] as const;
