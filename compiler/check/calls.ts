/** Calls: the arguments are matched against the signature's text, which is also what a hover shows. */
import type { Span } from "../../grammar/diagnostics.ts";
import type { Arguments, Expression } from "../../grammar/syntax.ts";
import type { Size } from "../ir/size.ts";
import { type Denotation, fail, type Scope, written } from "./context.ts";
import { badAxis, notConstant, wrongArguments } from "./errors.ts";
import type { Term } from "./model.ts";
import { nearest } from "./nearest.ts";
import { asSize, constantOf } from "./sizes.ts";
import { shapeOf } from "./terms.ts";
import { showType } from "./types.ts";

/** A function of the language. */
export interface Signature {
  /** Its parameters as the user may write them: `pinball(a, b, tau: 0.5)`, `stack(...items)`; a default makes one optional. */
  readonly text: string;
  /** What it computes, as a formula. */
  readonly doc: string;
  readonly build: (call: Call) => Denotation | Term;
}

interface Parameter {
  readonly name: string;
  readonly optional: boolean;
  readonly rest: boolean;
}

/** `f(a, b, tau: 0.5, ...items)` to its parameters. */
export function parametersOf(text: string): readonly Parameter[] {
  const inside = text.slice(text.indexOf("(") + 1, text.lastIndexOf(")"));
  if (inside.trim() === "") return [];
  return inside.split(/,\s*/).map((part) => ({
    name: part.replace(/^\.\.\./, "").replace(/:.*$/, ""),
    optional: part.includes(":"),
    rest: part.startsWith("..."),
  }));
}

/** Which expression each parameter was given; the rest parameter's are under its name, in order. */
export function matchArguments(
  scope: Scope,
  name: string,
  span: Span,
  text: string,
  given: Arguments,
): ReadonlyMap<string, readonly Expression[]> {
  const parameters = parametersOf(text);
  const matched = new Map<string, Expression[]>();
  const rest = parameters.find((p) => p.rest);
  const inOrder = parameters.filter((p) => !p.rest);
  // What comes after the rest is given by name.
  const placed = rest === undefined ? inOrder : parameters.slice(0, parameters.indexOf(rest));
  given.positional.forEach((expression, i) => {
    const parameter = placed[i] ?? rest;
    if (parameter === undefined) {
      fail(
        scope,
        wrongArguments(
          expression.span,
          `${name} takes ${inOrder.length === 1 ? "one argument" : `${inOrder.length} arguments`}, and this is one more`,
          `it is used as ${text}`,
        ),
      );
    }
    matched.set(parameter.name, [...(matched.get(parameter.name) ?? []), expression]);
  });
  for (const { name: key, value } of given.named) {
    const parameter = inOrder.find((p) => p.name === key.text);
    if (parameter === undefined) {
      const close = nearest(
        key.text,
        inOrder.map((p) => p.name),
      );
      fail(
        scope,
        wrongArguments(
          key.span,
          `${name} has no argument ${key.text}`,
          close === undefined ? `it is used as ${text}` : `did you mean ${close}?`,
          close,
        ),
      );
    }
    if (matched.has(parameter.name))
      fail(scope, wrongArguments(key.span, `${key.text} is given twice`, `${name} is used as ${text}`));
    matched.set(parameter.name, [value]);
  }
  const missing = parameters.find((p) => !p.optional && !p.rest && !matched.has(p.name));
  if (missing !== undefined)
    fail(scope, wrongArguments(span, `${name} lacks its argument ${missing.name}`, `it is used as ${text}`));
  return matched;
}

/** What a signature's `build` reads its arguments from. Every accessor reports what does not fit, at the argument. */
export interface Call {
  readonly scope: Scope;
  readonly name: string;
  /** The call itself. */
  readonly whole: Expression;
  readonly span: Span;
  readonly has: (parameter: string) => boolean;
  readonly expression: (parameter: string) => Expression;
  readonly denotation: (parameter: string) => Denotation;
  /** A value of any type. */
  readonly value: (parameter: string) => Term;
  /** The rest parameter's values. */
  readonly values: (parameter: string) => readonly Term[];
  readonly sizes: (parameter: string) => readonly Size[];
  readonly size: (parameter: string) => Size;
  /** A number known now, or the default. */
  readonly constant: (parameter: string, fallback: number) => number;
  /** `axis:` of an operand, from the end when negative; absent when not given. */
  readonly axis: (operand: Term, expression: Expression) => number | undefined;
}

export function makeCall(
  scope: Scope,
  name: string,
  whole: Expression,
  matched: ReadonlyMap<string, readonly Expression[]>,
  denotations: ReadonlyMap<Expression, Denotation>,
  toValue: (scope: Scope, denotation: Denotation, expression: Expression) => Term,
): Call {
  const expressions = (parameter: string): readonly Expression[] => matched.get(parameter) ?? [];
  const expression = (parameter: string): Expression => {
    const first = expressions(parameter)[0];
    if (first === undefined)
      throw new Error(`${name} reads an argument ${parameter} that its signature does not require`);
    return first;
  };
  const denote = (e: Expression): Denotation => denotations.get(e) as Denotation;
  const valueOf = (e: Expression): Term => toValue(scope, denote(e), e);
  const constant = (parameter: string, fallback: number): number => {
    if (!matched.has(parameter)) return fallback;
    const e = expression(parameter);
    const value = constantOf(scope.context, valueOf(e));
    if (value === undefined) fail(scope, notConstant(e.span, written(e), "a constant number"));
    return value;
  };
  return {
    scope,
    name,
    whole,
    span: whole.span,
    has: (parameter) => matched.has(parameter),
    expression,
    denotation: (parameter) => denote(expression(parameter)),
    value: (parameter) => valueOf(expression(parameter)),
    values: (parameter) => expressions(parameter).map(valueOf),
    sizes: (parameter) => expressions(parameter).map((e) => asSize(scope, valueOf(e), e)),
    size: (parameter) => asSize(scope, valueOf(expression(parameter)), expression(parameter)),
    constant,
    axis: (operand, of) => {
      if (!matched.has("axis")) return undefined;
      const rank = shapeOf(operand).length;
      const axis = constant("axis", 0);
      const resolved = axis < 0 ? rank + axis : axis;
      if (Number.isInteger(resolved) && resolved >= 0 && resolved < rank) return resolved;
      fail(scope, badAxis(expression("axis").span, axis, written(of), showType(operand.type)));
    },
  };
}
