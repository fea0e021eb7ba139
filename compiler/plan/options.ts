/**
 * The solve block as data: every key, the values it takes, their arguments and defaults. The checker reads it for the
 * block, the command line for `--KEY VALUE` and `--KEY.ARG VALUE`, and documentation and completions are made from it.
 */
import type { Diagnostic, Span } from "../../grammar/diagnostics.ts";
import type { OptionValue } from "../check/model.ts";
import { nearest } from "../check/nearest.ts";

/** A number or a switch; `minimum` is included unless `positive` asks for more than it. */
export interface ScalarRule {
  readonly kind: "integer" | "number" | "boolean";
  readonly doc: string;
  readonly default?: number | boolean;
  readonly minimum?: number;
  readonly positive?: true;
}

type Arguments = Readonly<Record<string, ScalarRule>>;

/** One of the words, some with arguments of their own; `shared` arguments go with every word. */
export interface ChoiceRule {
  readonly kind: "choice";
  readonly doc: string;
  readonly default?: string;
  readonly shared: Arguments;
  readonly words: Readonly<Record<string, Word>>;
}

interface Word {
  readonly doc: string;
  readonly arguments?: Arguments;
  /** What it finds depends on the seed. */
  readonly draws?: true;
}

export type OptionRule = ScalarRule | ChoiceRule;

const positive = (doc: string, fallback?: number): ScalarRule => ({
  kind: "number",
  doc,
  positive: true,
  ...(fallback !== undefined && { default: fallback }),
});
const counted = (doc: string, fallback?: number): ScalarRule => ({
  kind: "integer",
  doc,
  minimum: 1,
  ...(fallback !== undefined && { default: fallback }),
});
const word = (doc: string, args?: Arguments) => ({ doc, ...(args && { arguments: args }) });
const drawing = (doc: string, args?: Arguments) => ({ ...word(doc, args), draws: true as const });

const batch = counted("rows drawn for each estimate");
const rates: Arguments = {
  inner_rate: positive("step size of the lower level; found at the start when absent"),
  outer_rate: positive("step size of the upper level; found at the start when absent"),
};
const momentum: ScalarRule = { kind: "number", doc: "part of the last step that is taken again", minimum: 0 };
/** How the step size falls; where several are given, their factors are multiplied. */
const schedule: Arguments = {
  decay: { kind: "number", doc: "the step size falls as 1 / (steps taken + 1)^decay", minimum: 0, default: 0 },
  cosine: counted("the step size falls to zero along half a cosine over so many steps"),
  drop_every: counted("after each so many steps the step size is multiplied by `drop`"),
  drop: positive("what it is multiplied by", 0.1),
};
const stepping: Arguments = {
  batch,
  ...schedule,
  weight_decay: { kind: "number", doc: "times the weights, added to the gradient", minimum: 0, default: 0 },
};
const range = positive("how far to both sides of its start an entry without two bounds is tried", 5);
const sharing: Arguments = {
  opa: counted("after so many steps, the inner solver learns the curvature along the adjoint"),
  refine: counted("steps of conjugate gradients, or GMRES, from what the matrix gives"),
  fallback: positive(
    "for fixed points: an adjoint this many times as long as the right-hand side is given up for it",
    1.3,
  ),
};
const stochastic: Arguments = { batch, ...rates };

export const optionTable = {
  method: {
    kind: "choice",
    doc: "how the hypergradient is found and used",
    default: "auto",
    shared: {},
    words: {
      auto: word("decided from the structure of the problem"),
      exact: word("implicit differentiation with every system factorised, whatever its size"),
      aid: word("approximate implicit differentiation: solve the lower level, then one adjoint system"),
      itd: word("iterative differentiation: through steps of descent", {
        steps: counted("steps that stand for a minimiser", 100),
        rate: positive("their size; one over the largest curvature at the start when absent"),
        momentum: { kind: "number", doc: "part of the last step that is taken again", minimum: 0 },
        truncate: counted("only so many last steps are differentiated"),
        forward: { kind: "boolean", doc: "tangents are carried on rather than adjoints back; by size when absent" },
      }),
      analytic: word("the upper objective's own dependence alone: no derivative through the lower level"),
      funcid: drawing("functional implicit differentiation in L2"),
      kernel: word("through the representer theorem, for unknowns in an RKHS"),
      shine: word("the adjoint from the quasi-Newton matrix of the inner solver", sharing),
      hoag: word("implicit differentiation with tolerances that tighten", {
        first: positive("tolerance of the first step", 1e-3),
        decrease: positive("factor of the tolerance per step", 0.9),
        power: positive("the tolerance falls as 1 / step^power instead"),
      }),
      soba: drawing("stochastic steps on all levels and the adjoint at once", stochastic),
      saba: drawing("soba with variance reduction (SAGA)", stochastic),
      srba: drawing("soba with variance reduction (SARAH), without a memory of rows", {
        ...stochastic,
        period: positive("passes over all rows, in drawn ones, from one look at all of them to the next", 0.5),
      }),
      stocbio: drawing("stochastic, with a Neumann series for the adjoint", {
        ...stochastic,
        inner_steps: counted("lower steps per upper step", 10),
        terms: counted("terms of the Neumann series", 10),
      }),
      amigo: drawing("stochastic, warm-started inner and adjoint steps", {
        ...stochastic,
        inner_steps: counted("lower steps per upper step", 10),
        adjoint_steps: counted("adjoint steps per upper step", 10),
      }),
      bsa: drawing("bilevel stochastic approximation, with a Neumann series of random length", {
        ...stochastic,
        inner_steps: counted("lower steps per upper step", 10),
        terms: counted("terms of the Neumann series", 10),
      }),
      ttsa: drawing("two-timescale stochastic approximation: bsa with one lower step", {
        ...stochastic,
        terms: counted("terms of the Neumann series", 10),
      }),
      f2sa: drawing("first order only: a penalty with a growing multiplier", {
        ...stochastic,
        penalty: positive("the multiplier at the start", 1),
      }),
      bome: drawing("first order only: a barrier on the value-function constraint", {
        ...rates,
        inner_steps: counted("lower steps per upper step", 10),
        barrier: positive("the barrier coefficient", 0.5),
      }),
      bgs: word("block Gauss-Seidel: a few steps on the lower level, a few on its adjoint, one on the upper level", {
        ...rates,
        inner_steps: counted("lower steps per upper step", 10),
        adjoint_steps: counted("adjoint steps per upper step", 10),
      }),
      kkt: word("both levels as one system of optimality conditions"),
      grid: word("the best of a grid of upper values", { points: counted("points along each axis", 11), range }),
      random: drawing("the best of Sobol points, shifted by the seed", { points: counted("values tried", 64), range }),
      bayes: drawing("Bayesian optimisation of the upper values", { points: counted("values tried", 40), range }),
    },
  },
  inner: {
    kind: "choice",
    doc: "how a lower level is solved",
    default: "auto",
    shared: {
      tol: positive("relative norm of the optimality condition"),
      max: counted("iterations at the most"),
      rate: positive("step size; found by line search when absent"),
      warm: { kind: "boolean", doc: "start at the last solution", default: true },
    },
    words: {
      auto: word("decided from the structure"),
      gd: word("gradient descent"),
      sgd: word("stochastic gradient descent", { momentum, ...stepping }),
      adam: word("Adam", stepping),
      lbfgs: word("limited-memory BFGS", { memory: counted("pairs kept", 20) }),
      newton: word("Newton's method with line search"),
      cg: word("conjugate gradients, for quadratics"),
      cholesky: word("one factorisation, for quadratics"),
      prox_gd: word("proximal gradient descent"),
      fista: word("accelerated proximal gradient descent"),
      coordinate: word("coordinate descent on working sets, for penalties and bounds of single entries"),
      anderson: word("Anderson acceleration, for fixed points", { memory: counted("differences kept", 5) }),
      fixed_point: word("plain iteration of v = F(v)"),
    },
  },
  adjoint: {
    kind: "choice",
    doc: "how the adjoint system is solved",
    default: "auto",
    shared: {
      tol: positive("relative residual"),
      max: counted("iterations at the most"),
      damping: { kind: "number", doc: "added to the diagonal of the curvature", minimum: 0 },
    },
    words: {
      auto: word("decided from the structure"),
      cg: word("conjugate gradients"),
      cholesky: word("factorisation of a positive definite curvature"),
      lu: word("factorisation of any curvature"),
      minres: word("minimal residuals, for symmetric systems"),
      gmres: word("generalised minimal residuals", { restart: counted("vectors kept before a restart", 50) }),
      bicgstab: word("stabilised biconjugate gradients"),
      fixed_point: word("plain iteration of u = (∂F/∂v)ᵀ u + ∂f/∂v, for fixed points v = F(v)"),
      neumann: word("a truncated Neumann series", {
        terms: counted("terms of the series"),
        rate: positive("scale of the curvature"),
      }),
      lbfgs: word("limited-memory BFGS on the quadratic that the system is the condition of"),
      gd: word("gradient descent", { rate: positive("step size") }),
      adam: word("Adam on the adjoint loss, for adjoint functions", { rate: positive("step size"), ...stepping }),
      sgd: word("stochastic gradient descent on the adjoint loss, for adjoint functions", {
        rate: positive("step size"),
        momentum,
        ...stepping,
      }),
      identity: word("the curvature taken as the identity"),
      shared: word("the inner solver's quasi-Newton matrix, used again", sharing),
    },
  },
  outer: {
    kind: "choice",
    doc: "how the upper level is minimised",
    default: "auto",
    shared: {
      rate: positive("step size; found by line search when absent"),
      tol: positive("norm of the projected gradient, relative to its start"),
    },
    words: {
      auto: word("decided from the problem"),
      gd: word("gradient descent"),
      adam: word("Adam", { batch, ...schedule }),
      lbfgs: word("limited-memory BFGS", { memory: counted("pairs kept", 20) }),
      projected_gd: word("projected gradient descent"),
    },
  },
  steps: { kind: "integer", doc: "upper steps at the most", minimum: 0 },
  batch: { kind: "integer", doc: "rows drawn for each estimate; 64 for stochastic methods", minimum: 1 },
  draws: { kind: "integer", doc: "rows of the fixed sample of an endless table", minimum: 1, default: 1024 },
  seed: { kind: "integer", doc: "of everything drawn", minimum: 0, default: 0 },
  precision: {
    kind: "choice",
    doc: "of the arithmetic",
    default: "f64",
    shared: {},
    words: { f64: word("double precision"), f32: word("single precision") },
  },
  engine: {
    kind: "choice",
    doc: "what runs the tensor program",
    default: "auto",
    shared: {},
    words: {
      auto: word("decided from the problem and the machine"),
      wasm: word("WebAssembly, the default"),
      tfjs: word("TensorFlow.js, in single precision, on the best backend that is installed"),
      tfjs_node_gpu: word("TensorFlow.js on NVIDIA GPUs, through CUDA"),
      tfjs_webgpu: word("TensorFlow.js on GPUs, through WebGPU"),
      webgpu: word("short for tfjs_webgpu"),
      tfjs_node: word("TensorFlow.js on TensorFlow's library for processors"),
      tfjs_wasm: word("TensorFlow.js on its own WebAssembly"),
      tfjs_cpu: word("TensorFlow.js on plain JavaScript"),
      cpu: word("short for tfjs_cpu"),
    },
  },
  threads: { kind: "integer", doc: "threads at the most", minimum: 1 },
  memory: {
    kind: "number",
    doc: "gigabytes of one array at the most, 0.8 unless given: what would be larger is computed in blocks where it is read",
    positive: true,
  },
  time_limit: { kind: "number", doc: "seconds at the most", positive: true },
} as const satisfies Record<string, OptionRule>;

export type OptionKey = keyof typeof optionTable;
export const optionKeys = Object.keys(optionTable) as readonly OptionKey[];

export function optionRule(key: string): OptionRule | undefined {
  return Object.hasOwn(optionTable, key) ? optionTable[key as OptionKey] : undefined;
}

/** Whether two seeds of a method are two runs. */
export function isSeeded(method: string): boolean {
  const { words }: ChoiceRule = optionTable.method;
  return Object.hasOwn(words, method) && words[method]?.draws === true;
}

/** The arguments that a value of a choice takes: the shared ones and its own. */
export function argumentsOf(rule: ChoiceRule, value: string): Arguments {
  return { ...rule.shared, ...(Object.hasOwn(rule.words, value) ? rule.words[value]?.arguments : {}) };
}

export const optionCodes = ["bad-option"] as const;

function badOption(span: Span | undefined, message: string, suggestion: string, replacement?: string): Diagnostic {
  return {
    code: "bad-option",
    severity: "error",
    message,
    suggestion,
    ...(span && { span }),
    ...(span &&
      replacement !== undefined && { fixes: [{ title: `replace by ${replacement}`, span, text: replacement }] }),
  };
}

/** Everything wrong with `key: value`; empty when it stands. `keySpan` is where the key is written. */
export function checkOption(key: string, value: OptionValue, keySpan?: Span): readonly Diagnostic[] {
  const rule = optionRule(key);
  if (rule === undefined) {
    const close = nearest(key, optionKeys);
    return [
      badOption(
        keySpan ?? value.span,
        `there is no option ${key}`,
        close === undefined ? `the options are ${optionKeys.join(", ")}` : `did you mean ${close}?`,
        close,
      ),
    ];
  }
  if (rule.kind !== "choice") return checkScalar(key, rule, value);
  if (value.kind !== "word")
    return [
      badOption(
        value.span,
        `${key} cannot be ${showOption(value)}`,
        `it is one of ${Object.keys(rule.words).join(", ")}`,
      ),
    ];
  if (!Object.hasOwn(rule.words, value.value)) {
    const close = nearest(value.value, Object.keys(rule.words));
    return [
      badOption(
        value.span,
        `there is no ${key} ${value.value}`,
        close === undefined ? `it is one of ${Object.keys(rule.words).join(", ")}` : `did you mean ${close}?`,
        value.arguments.size === 0 ? close : undefined,
      ),
    ];
  }
  const known = argumentsOf(rule, value.value);
  return [...value.arguments].flatMap(([name, given]) => {
    const argument = known[name];
    if (argument !== undefined) return checkScalar(`${name} of ${value.value}`, argument, given);
    const close = nearest(name, Object.keys(known));
    const names = Object.keys(known);
    return [
      badOption(
        given.span,
        `${value.value} has no argument ${name}`,
        close !== undefined
          ? `did you mean ${close}?`
          : names.length === 0
            ? `write ${value.value} alone`
            : `its arguments are ${names.join(", ")}`,
      ),
    ];
  });
}

function checkScalar(what: string, rule: ScalarRule, value: OptionValue): readonly Diagnostic[] {
  const wanted = {
    boolean: "true or false",
    integer: `a whole number${rule.minimum === undefined ? "" : ` of at least ${rule.minimum}`}`,
    number: rule.positive
      ? "a number above 0"
      : `a number${rule.minimum === undefined ? "" : ` of at least ${rule.minimum}`}`,
  }[rule.kind];
  const fits =
    rule.kind === "boolean"
      ? value.kind === "boolean"
      : value.kind === "number" &&
        (rule.kind === "number" || Number.isInteger(value.value)) &&
        value.value >= (rule.minimum ?? Number.NEGATIVE_INFINITY) &&
        (!rule.positive || value.value > 0);
  return fits ? [] : [badOption(value.span, `${what} cannot be ${showOption(value)}`, `it is ${wanted}`)];
}

/** An option's value as it would be written. */
export function showOption(value: OptionValue): string {
  switch (value.kind) {
    case "number":
    case "boolean":
      return String(value.value);
    case "list":
      return `[${value.items.map(showOption).join(", ")}]`;
    case "word": {
      const given = [...value.arguments].map(([name, v]) => `${name}: ${showOption(v)}`);
      return given.length === 0 ? value.value : `${value.value}(${given.join(", ")})`;
    }
  }
}
