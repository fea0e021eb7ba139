/** Families of parametric maps, with their options; and option values as they stand in the source. */
import type { Expression } from "../../grammar/syntax.ts";
import { attempt, fail, report, type Scope, written } from "./context.ts";
import { badFamily, notConstant } from "./errors.ts";
import type { Family, OptionValue } from "./model.ts";
import { nearest } from "./nearest.ts";

/** What an option takes. */
export type FamilyOption = { readonly doc: string } & (
  | { readonly kind: "word"; readonly words: readonly string[]; readonly default: string }
  | { readonly kind: "boolean"; readonly default: boolean }
  | { readonly kind: "integer"; readonly default: number }
  | { readonly kind: "count"; readonly default: number }
  | { readonly kind: "positive"; readonly default: number }
  | { readonly kind: "integers"; readonly default: readonly number[] }
);

const starts = ["glorot", "he", "lecun", "orthogonal", "normal", "zeros"];
const common = {
  bias: { kind: "boolean", default: true, doc: "whether layers add a bias" },
  init: { kind: "word", words: starts, default: "glorot", doc: "how weights are drawn at the start" },
  seed: { kind: "integer", default: 0, doc: "the seed of the start" },
} as const satisfies Record<string, FamilyOption>;

const layered = {
  activation: {
    kind: "word",
    words: ["relu", "tanh", "sigmoid", "gelu", "silu", "softplus"],
    default: "relu",
    doc: "between layers",
  },
  norm: {
    kind: "word",
    words: ["none", "layer", "spectral"],
    default: "none",
    doc: "of what hidden layers give, or every matrix over its largest singular value",
  },
  head: {
    kind: "word",
    words: ["linear", "softplus", "sigmoid", "softmax", "tanh", "closed_form"],
    default: "linear",
    doc: "what the last layer's output goes through; of a function in L2, closed_form solves for the last layer",
  },
  ridge: { kind: "positive", default: 1e-6, doc: "times the squared weights of a last layer in closed form" },
  ...common,
} as const satisfies Record<string, FamilyOption>;

/** Every family by name. */
export const families = {
  linear: { doc: "x W + b", options: common },
  conv: {
    doc: "convolutions of an image, each followed by an activation, then the layers of an mlp",
    options: {
      image: { kind: "integers", default: [], doc: "height and width, and channels where there are several" },
      channels: { kind: "integers", default: [16, 16], doc: "what each convolution gives" },
      kernel: { kind: "count", default: 3, doc: "height and width of the windows" },
      stride: { kind: "count", default: 1, doc: "from one window to the next" },
      padding: {
        kind: "word",
        words: ["valid", "same"],
        default: "valid",
        doc: "whole windows only, or zeros around the image, so that a stride of 1 keeps its size",
      },
      pool: {
        kind: "word",
        words: ["none", "max", "average"],
        default: "none",
        doc: "one pixel for each square of what a convolution and its activation give",
      },
      pool_size: { kind: "count", default: 2, doc: "height and width of those squares" },
      hidden: { kind: "integers", default: [], doc: "the widths of the hidden layers after them" },
      ...layered,
    },
  },
  mlp: {
    doc: "layers of x W + b with an activation between them",
    options: {
      hidden: { kind: "integers", default: [50, 50], doc: "the widths of the hidden layers" },
      ...layered,
    },
  },
} as const satisfies FamilyTable;

type FamilyTable = Readonly<
  Record<string, { readonly doc: string; readonly options: Readonly<Record<string, FamilyOption>> }>
>;

/** What may stand for a function in an RKHS. */
export const approximations = {
  nystrom: {
    doc: "the span of the kernel at some of the points",
    options: {
      centres: { kind: "count", default: 500, doc: "how many points" },
      seed: { kind: "integer", default: 0, doc: "which points" },
    },
  },
} as const satisfies FamilyTable;

/** `mlp(hidden: [50, 50])`, `linear()`, or the bare name. */
export function readFamily(scope: Scope, e: Expression, table: FamilyTable = families): Family | undefined {
  return attempt(() => {
    const word = optionValue(scope, e);
    if (word.kind !== "word")
      return fail(
        scope,
        badFamily(e.span, `${written(e)} is not a family of maps`, `the families are ${Object.keys(table).join(", ")}`),
      );
    const family = Object.hasOwn(table, word.value) ? table[word.value] : undefined;
    if (family === undefined) {
      const close = nearest(word.value, Object.keys(table));
      const span = e.kind === "call" ? e.callee.span : e.span;
      return fail(
        scope,
        badFamily(
          span,
          `there is no family ${word.value}`,
          close === undefined ? `the families are ${Object.keys(table).join(", ")}` : `did you mean ${close}?`,
          close,
        ),
      );
    }
    const named = e.kind === "call" ? e.arguments.named : [];
    // What an option cannot take is left out, so that nothing else trips over it.
    const options = new Map(word.arguments);
    for (const { name, value } of named) {
      const given = word.arguments.get(name.text);
      const option = family.options[name.text];
      if (option === undefined) {
        const close = nearest(name.text, Object.keys(family.options));
        report(
          scope,
          badFamily(
            name.span,
            `${word.value} has no option ${name.text}`,
            close === undefined
              ? `its options are ${Object.keys(family.options).join(", ")}`
              : `did you mean ${close}?`,
            close,
          ),
        );
      } else if (
        given !== undefined &&
        !checkOptionValue(scope, `${word.value}'s ${name.text}`, option, given, value)
      ) {
        options.delete(name.text);
      }
    }
    return { name: word.value, options, span: e.span };
  }, undefined);
}

/** Whether the last layer is solved for, given the others. */
export function isClosedForm({ options }: Family): boolean {
  const head = options.get("head");
  return head?.kind === "word" && head.value === "closed_form";
}

const isCount = (value: OptionValue): boolean =>
  value.kind === "number" && Number.isInteger(value.value) && value.value >= 1;

/** Whether it takes the value; what it takes is reported where it does not. */
function checkOptionValue(
  scope: Scope,
  what: string,
  option: FamilyOption,
  value: OptionValue,
  e: Expression,
): boolean {
  const fits = (isFit: boolean, wanted: string, close?: string): boolean => {
    const help = close === undefined ? `it takes ${wanted}` : `did you mean ${close}?`;
    if (!isFit) report(scope, badFamily(e.span, `${what} cannot be ${written(e)}`, help, close));
    return isFit;
  };
  switch (option.kind) {
    case "word": {
      const word = value.kind === "word" ? value.value : "";
      return fits(option.words.includes(word), `one of ${option.words.join(", ")}`, nearest(word, option.words));
    }
    case "boolean":
      return fits(value.kind === "boolean", "true or false");
    case "integer":
      return fits(value.kind === "number" && Number.isInteger(value.value), "a whole number");
    case "count":
      return fits(isCount(value), "a whole number of at least 1");
    case "positive":
      return fits(value.kind === "number" && value.value > 0, "a number above 0");
    case "integers":
      return fits(value.kind === "list" && value.items.every(isCount), "a list of widths such as [50, 50]");
  }
}

/** A value of an option or of the solve block: words are not names of the program. */
export function optionValue(scope: Scope, e: Expression): OptionValue {
  const { span } = e;
  switch (e.kind) {
    case "number":
      return { kind: "number", value: e.value, span };
    case "boolean":
      return { kind: "boolean", value: e.value, span };
    case "string":
      return { kind: "word", value: e.value, arguments: new Map(), span };
    case "name":
      return { kind: "word", value: e.name, arguments: new Map(), span };
    case "list":
      return { kind: "list", items: e.items.map((item) => optionValue(scope, item)), span };
    case "unary": {
      const operand = e.operator === "-" ? optionValue(scope, e.operand) : undefined;
      if (operand?.kind === "number") return { kind: "number", value: -operand.value, span };
      break;
    }
    case "call": {
      const first = e.arguments.positional[0];
      if (e.callee.kind !== "name") break;
      if (first !== undefined)
        return fail(
          scope,
          notConstant(first.span, written(first), "a named argument; options are written name: value"),
        );
      const options = e.arguments.named.map(({ name, value }) => [name.text, optionValue(scope, value)] as const);
      return { kind: "word", value: e.callee.name, arguments: new Map(options), span };
    }
    default:
  }
  return fail(scope, notConstant(span, written(e), "a constant, a word, or a list of them"));
}
