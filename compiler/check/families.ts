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
} as const satisfies Record<string, { readonly doc: string; readonly options: Readonly<Record<string, FamilyOption>> }>;

/** `mlp(hidden: [50, 50])`, `linear()`, or the bare name. */
export function readFamily(scope: Scope, e: Expression): Family | undefined {
  return attempt(() => {
    const word = optionValue(scope, e);
    if (word.kind !== "word")
      return fail(
        scope,
        badFamily(
          e.span,
          `${written(e)} is not a family of maps`,
          `the families are ${Object.keys(families).join(", ")}`,
        ),
      );
    const family: { readonly options: Readonly<Record<string, FamilyOption>> } | undefined = Object.hasOwn(
      families,
      word.value,
    )
      ? families[word.value as keyof typeof families]
      : undefined;
    if (family === undefined) {
      const close = nearest(word.value, Object.keys(families));
      const span = e.kind === "call" ? e.callee.span : e.span;
      return fail(
        scope,
        badFamily(
          span,
          `there is no family ${word.value}`,
          close === undefined ? `the families are ${Object.keys(families).join(", ")}` : `did you mean ${close}?`,
          close,
        ),
      );
    }
    const named = e.kind === "call" ? e.arguments.named : [];
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
      } else if (given !== undefined) {
        checkOptionValue(scope, `${word.value}'s ${name.text}`, option, given, value);
      }
    }
    return { name: word.value, options: word.arguments, span: e.span };
  }, undefined);
}

/** Whether the last layer is solved for, given the others. */
export function isClosedForm({ options }: Family): boolean {
  const head = options.get("head");
  return head?.kind === "word" && head.value === "closed_form";
}

const isCount = (value: OptionValue): boolean =>
  value.kind === "number" && Number.isInteger(value.value) && value.value >= 1;

function checkOptionValue(scope: Scope, what: string, option: FamilyOption, value: OptionValue, e: Expression): void {
  const wrong = (wanted: string, close?: string): void =>
    report(
      scope,
      badFamily(
        e.span,
        `${what} cannot be ${written(e)}`,
        close === undefined ? `it takes ${wanted}` : `did you mean ${close}?`,
        close,
      ),
    );
  switch (option.kind) {
    case "word":
      if (value.kind !== "word" || !option.words.includes(value.value)) {
        wrong(
          `one of ${option.words.join(", ")}`,
          value.kind === "word" ? nearest(value.value, option.words) : undefined,
        );
      }
      return;
    case "boolean":
      if (value.kind !== "boolean") wrong("true or false");
      return;
    case "integer":
      if (value.kind !== "number" || !Number.isInteger(value.value)) wrong("a whole number");
      return;
    case "count":
      if (!isCount(value)) wrong("a whole number of at least 1");
      return;
    case "positive":
      if (value.kind !== "number" || value.value <= 0) wrong("a number above 0");
      return;
    case "integers":
      if (value.kind !== "list" || !value.items.every(isCount)) wrong("a list of widths such as [50, 50]");
      return;
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
