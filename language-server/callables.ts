/** What can be called with arguments, at the place where it stands: functions, sources, families, methods. */
import { parametersOf } from "../compiler/check/calls.ts";
import { sources } from "../compiler/check/data.ts";
import { families } from "../compiler/check/families.ts";
import { builtins } from "../compiler/check/signatures.ts";
import { sets } from "../compiler/check/unknowns.ts";
import { argumentsOf, optionRule, type ScalarRule } from "../compiler/plan/options.ts";
import { type Cursor, type Enclosure, enclosures } from "./cursor.ts";
import type { Visible } from "./scope.ts";

export interface Callable {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly doc?: string;
}

export interface Parameter {
  readonly name: string;
  /** As the signature shows it: `seed: 0`. */
  readonly text: string;
  readonly doc?: string;
  /** Whether it is given by name, `name: value`. */
  readonly named: boolean;
  readonly default?: string;
}

export const callableText = ({ name, parameters }: Callable): string =>
  `${name}(${parameters.map(({ text }) => text).join(", ")})`;

/** The callable in front of a bracket. */
export function callableOf(
  cursor: Cursor,
  enclosure: Enclosure,
  visible: ReadonlyMap<string, Visible>,
): Callable | undefined {
  const { callee, at } = enclosure;
  if (callee === undefined) return undefined;
  return callableNamed(callee.image.normalize("NFC"), cursor, at - 1, visible);
}

/** What a name that stands at a place of the statement can be called as. */
export function callableNamed(
  name: string,
  { before, statement }: Pick<Cursor, "before" | "statement">,
  at: number,
  visible: ReadonlyMap<string, Visible>,
): Callable | undefined {
  const outside = enclosures(before.slice(0, at));
  if (statement === "solve") return optionCallable(outside.at(-1)?.label, name);
  if (outside.length === 0) {
    if (statement === "data" && Object.hasOwn(sources, name)) return source(name, fieldNames(before));
    if (before[at - 1]?.image === "in" && statement === "var") return setCallable(name);
    if (statement === "network" || statement === "function") return spaces[name] ?? family(name);
    if (name === "descent" && before[at - 1]?.image === "by") return descent;
  }
  const known = visible.get(name);
  if (known?.denotation?.kind === "definition") {
    const parameters = known.denotation.parameters.map(({ text }) => ({ name: text, text, named: false }));
    return { name, parameters, ...(known.doc !== undefined && { doc: known.doc }) };
  }
  if (known?.denotation?.kind === "map") {
    const parameters = known.type
      .split(" -> ")[0]
      ?.split(/, (?![^[]*\])/)
      .map((text) => ({ name: text, text, named: false }));
    return { name, parameters: parameters ?? [], ...(known.doc !== undefined && { doc: known.doc }) };
  }
  const builtin = builtins.get(name);
  return builtin && fromText(name, builtin.text, builtin.doc);
}

/** `f(a, b, tau: 0.5, ...items)`: parameters with a default are given by name. */
function fromText(name: string, text: string, doc: string): Callable {
  const inside = text.slice(text.indexOf("(") + 1, text.lastIndexOf(")"));
  const texts = inside.split(/,\s*/);
  const parameters = parametersOf(text).map((parameter, i) => ({
    name: parameter.name,
    text: texts[i] ?? parameter.name,
    named: parameter.optional,
    ...(parameter.optional && { default: (texts[i] ?? "").replace(/^[^:]*:\s*/, "") }),
  }));
  return { name, parameters, doc };
}

/** Of `data D: { X: ..., y: ... } = `, which need not parse yet. */
function fieldNames(before: Cursor["before"]): readonly string[] {
  const end = before.findIndex(({ image }) => image === "=");
  return before.slice(0, end).flatMap(({ image }, i) => (i > 2 && before[i + 1]?.image === ":" ? [image] : []));
}

function source(name: string, fieldsOfTable: readonly string[]): Callable | undefined {
  const known = sources[name];
  if (known === undefined) return undefined;
  const { parameters } = fromText(name, known.text, known.doc);
  const fields = fieldsOfTable.map((field) => ({
    name: field,
    text: `${field}: column`,
    named: true,
  }));
  return {
    name,
    doc: known.doc,
    parameters: parameters.flatMap((each) => (each.text === "fields..." ? fields : [each])),
  };
}

function setCallable(name: string): Callable | undefined {
  const known = Object.hasOwn(sets, name) ? sets[name as keyof typeof sets] : undefined;
  return known && fromText(name, known.text, known.doc);
}

const spaces: Readonly<Record<string, Callable>> = {
  L2: fromText("L2", "L2(D)", "functions measured on the rows of a table"),
  RKHS: fromText("RKHS", "RKHS(kernel)", "functions of a reproducing kernel Hilbert space"),
};

const descent = fromText("descent", "descent(steps, rate, momentum: 0)", "where so many steps of descent end");

function family(name: string): Callable | undefined {
  if (!Object.hasOwn(families, name)) return undefined;
  const { doc, options } = families[name as keyof typeof families];
  const parameters = Object.entries(options).map(([option, rule]) => {
    const value = Array.isArray(rule.default) ? `[${rule.default.join(", ")}]` : String(rule.default);
    return { name: option, text: `${option}: ${value}`, doc: rule.doc, named: true, default: value };
  });
  return { name, doc, parameters };
}

function optionCallable(key: string | undefined, word: string): Callable | undefined {
  const rule = key === undefined ? undefined : optionRule(key);
  if (rule?.kind !== "choice" || !Object.hasOwn(rule.words, word)) return undefined;
  const parameters = Object.entries(argumentsOf(rule, word)).map(([name, each]) => ({
    name,
    text: each.default === undefined ? `${name}: ${placeholders[each.kind]}` : `${name}: ${each.default}`,
    doc: each.doc,
    named: true,
    ...(each.default !== undefined && { default: String(each.default) }),
  }));
  return { name: word, parameters, doc: rule.words[word]?.doc ?? rule.doc };
}

const placeholders = {
  integer: "count",
  number: "number",
  boolean: "true",
} as const satisfies Record<ScalarRule["kind"], string>;
