/**
 * The closed list of primitive operations that a checked program is made of. Everything the surface language offers
 * (operators, losses, statistics) is one of these or is expanded into these by the checker's signatures.
 */

/** Element by element, one operand; the name is the surface name. */
export const unaryFunctions = [
  "negate",
  "not",
  "exp",
  "log",
  "log1p",
  "expm1",
  "sqrt",
  "abs",
  "sign",
  "sin",
  "cos",
  "tan",
  "tanh",
  "sigmoid",
  "log_sigmoid",
  "softplus",
  "relu",
  "gelu",
  "silu",
  "erf",
  "square",
  "logcosh",
  "huber",
] as const;
export type UnaryFunction = (typeof unaryFunctions)[number];

/** Comparisons and logic, which give bool. */
export const booleanFunctions = [
  "equal",
  "not_equal",
  "less",
  "less_equal",
  "greater",
  "greater_equal",
  "and",
  "or",
] as const;

/** Element by element after broadcasting, two operands. */
export const binaryFunctions = [
  "add",
  "subtract",
  "multiply",
  "divide",
  "power",
  "maximum",
  "minimum",
  ...booleanFunctions,
] as const;
export type BinaryFunction = (typeof binaryFunctions)[number];

/** Over all axes, or over the one named by `axis`. */
export const reductions = ["sum", "mean", "max", "min", "argmax", "logsumexp", "std"] as const;
export type Reduction = (typeof reductions)[number];

/** Keep the shape, work along one axis (default: the last). */
export const normalisations = ["softmax", "log_softmax"] as const;
export type Normalisation = (typeof normalisations)[number];

/** Structured functions of matrices and shapes; each has its own signature. */
export const structuredFunctions = [
  "matmul",
  "transpose",
  "outer",
  "trace",
  "diag",
  "solve",
  "inv",
  "cholesky",
  "logdet",
  "concat",
  "stack",
  "reshape",
  "gather",
  "one_hot",
  "select",
  "stop",
] as const;
export type StructuredFunction = (typeof structuredFunctions)[number];
