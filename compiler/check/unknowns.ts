/** Unknowns, params and maps: first what their names stand for, later the expressions that belong to them. */
import type { Declaration, Expression } from "../../grammar/syntax.ts";
import type { Size } from "../ir/size.ts";
import { matchArguments } from "./calls.ts";
import { attempt, type Denotation, fail, type MapDenotation, poison, report, type Scope, written } from "./context.ts";
import { readArrayType, readMapType, readUnknownType } from "./declared-types.ts";
import { elaborate, toValue, value } from "./elaborate.ts";
import { badFamily, badSet, badSpace, badStart, badType, typeMismatch } from "./errors.ts";
import { approximations, isClosedForm, readFamily } from "./families.ts";
import { imageMistake } from "./images.ts";
import type {
  Family,
  FunctionDeclaration,
  NetworkDeclaration,
  ParamDeclaration,
  SetConstraint,
  Term,
  TermBinder,
  UnknownDeclaration,
} from "./model.ts";
import { nearest } from "./nearest.ts";
import { bind, rangeOf } from "./ranges.ts";
import { broadcastsTo } from "./shapes.ts";
import { agreeing } from "./sizes.ts";
import { isArray, isScalar } from "./terms.ts";
import { showType, type ValueType } from "./types.ts";

type Of<K extends Declaration["kind"]> = Extract<Declaration, { kind: K }>;
type Unknown = Of<"var" | "network" | "function" | "param">;

// ---------------------------------------------------------------------------------------- what the names stand for

/** Reads the types alone, so that declarations may mention each other in any order. */
export function declare(scope: Scope, declaration: Unknown): Denotation {
  const { name, span } = declaration;
  switch (declaration.kind) {
    case "param": {
      const type = readArrayType(scope, declaration.type);
      return { kind: "value", term: { kind: "variable", name: name.text, type, span: name.span } };
    }
    case "var": {
      const type = readUnknownType(scope, declaration.type);
      if (declaration.index === undefined)
        return { kind: "value", term: { kind: "variable", name: name.text, type, span: name.span } };
      return { kind: "indexed", name: name.text, type, range: rangeOf(scope, declaration.index.range) };
    }
    case "network":
      return {
        kind: "map",
        name: name.text,
        type: readMapType(scope, declaration.type),
        sort: "network",
        frozen: false,
      };
    case "function": {
      const map: MapDenotation = {
        kind: "map",
        name: name.text,
        type: readMapType(scope, declaration.type),
        sort: spaceSort(scope, declaration.space),
        frozen: false,
      };
      return declaration.index === undefined ? map : { ...map, range: rangeOf(scope, declaration.index.range) };
    }
    default:
      throw new Error(`${(declaration satisfies never as Unknown).kind} at ${span.start} is no unknown`);
  }
}

function spaceSort(scope: Scope, space: Expression): "L2" | "RKHS" {
  const name = space.kind === "call" && space.callee.kind === "name" ? space.callee.name : "";
  return name === "L2" || name === "RKHS" ? name : fail(scope, badSpace(space.span, written(space)));
}

// ------------------------------------------------------------------------------------------- their own expressions

const documented = (declaration: Unknown) => ({
  name: declaration.name.text,
  span: declaration.name.span,
  ...(declaration.doc !== undefined && { doc: declaration.doc }),
});

export function readParam(
  scope: Scope,
  declaration: Of<"param">,
  denotation: Denotation,
): ParamDeclaration | undefined {
  if (denotation.kind !== "value" || !isArray(denotation.term)) return undefined;
  const { type } = denotation.term;
  const start = attempt(() => readStart(scope, declaration.name.text, type, declaration.value), undefined);
  return start && { ...documented(declaration), type, value: start };
}

export function readVar(scope: Scope, declaration: Of<"var">, denotation: Denotation): UnknownDeclaration | undefined {
  const known =
    denotation.kind === "value"
      ? { type: denotation.term.type }
      : denotation.kind === "indexed"
        ? denotation
        : undefined;
  if (known === undefined) return undefined;
  const { type } = known;
  const indexed = boundIndex(scope, declaration, denotation);
  const set =
    declaration.set &&
    attempt(() => readSet(indexed.scope, declaration.name.text, type, declaration.set as Expression), undefined);
  const init =
    declaration.init &&
    attempt(() => readStart(indexed.scope, declaration.name.text, type, declaration.init as Expression), undefined);
  return {
    ...documented(declaration),
    type,
    ...(indexed.binder && { index: indexed.binder }),
    ...(set && { set }),
    ...(init && { init }),
  };
}

function boundIndex(
  scope: Scope,
  declaration: Of<"var" | "function">,
  denotation: Denotation,
): { scope: Scope; binder?: TermBinder } {
  const range = denotation.kind === "indexed" || denotation.kind === "map" ? denotation.range : undefined;
  const { index } = declaration;
  if (range === undefined || index === undefined) return { scope };
  return bind(scope, index.name ?? { text: written(index.range), span: index.span }, range, index.span);
}

/** A start fits the declared type: a scalar fills it, a generator takes its shape. */
export function readStart(scope: Scope, name: string, type: ValueType, e: Expression): Term {
  const inside: Scope = isArrayType(type) ? { ...scope, shape: type } : scope;
  return fitted(scope, name, type, value(inside, e), e);
}

const isArrayType = (type: ValueType): type is Extract<ValueType, { kind: "array" }> => type.kind === "array";

/** The term, if it can be the value of an unknown of this type. */
export function fitted(scope: Scope, name: string, type: ValueType, term: Term, e: Expression): Term {
  const fits = isArrayType(type)
    ? isArray(term) &&
      broadcastsTo(
        term.type.shape,
        type.shape,
        agreeing(scope, e.span, () => `${written(e)} fills ${name}`),
      )
    : isArray(term)
      ? isScalar(term)
      : term.type.kind === "weights" && term.type.map === type.map;
  if (!fits)
    fail(
      scope,
      badStart(
        e.span,
        `${name} is ${showType(type)}, and ${written(e)} is ${showType(term.type)}`,
        "a scalar fills any shape",
      ),
    );
  if (
    isArray(term) &&
    (term.type.element === "class" || (term.type.element === "bool") !== (isArrayType(type) && type.element === "bool"))
  ) {
    fail(scope, badStart(e.span, `${name} is ${showType(type)}, and ${written(e)} is ${showType(term.type)}`));
  }
  if (isArrayType(type) && type.element === "int" && isArray(term) && term.type.element !== "int") {
    fail(scope, badStart(e.span, `${name} is ${showType(type)}, and ${written(e)} is not whole`));
  }
  return term;
}

export const sets: Readonly<
  Record<SetConstraint["name"], { readonly text: string; readonly doc: string; readonly rank: number }>
> = {
  simplex: { text: "simplex()", doc: "nonnegative, and summing to 1 along the last axis", rank: 1 },
  nonnegative: { text: "nonnegative()", doc: "every entry at least 0", rank: 0 },
  box: { text: "box(low, high)", doc: "every entry between low and high", rank: 0 },
  ball: { text: "ball(radius)", doc: "Euclidean norm at most the radius, along the last axis", rank: 1 },
  unit_rows: { text: "unit_rows()", doc: "rows of norm at most 1", rank: 2 },
  psd: { text: "psd()", doc: "symmetric positive semidefinite", rank: 2 },
};
export const setNames = Object.keys(sets) as readonly SetConstraint["name"][];

function readSet(scope: Scope, name: string, type: ValueType, e: Expression): SetConstraint {
  const word = e.kind === "name" ? e.name : e.kind === "call" && e.callee.kind === "name" ? e.callee.name : "";
  const known = setNames.find((set) => set === word);
  if (known === undefined) {
    const close = nearest(word, setNames);
    return fail(
      scope,
      badSet(
        e.span,
        `${written(e)} is not a set`,
        close === undefined
          ? `the sets are ${Object.values(sets)
              .map((s) => s.text.replace("()", ""))
              .join(", ")}`
          : `did you mean ${close}?`,
      ),
    );
  }
  const { text, rank } = sets[known];
  const given = e.kind === "call" ? e.arguments : { positional: [], named: [] };
  const matched = matchArguments(scope, known, e.span, text, given);
  const shape = isArrayType(type) ? type.shape : undefined;
  const vectors = known === "simplex" || known === "unit_rows" || known === "psd";
  if ((shape === undefined && vectors) || (shape !== undefined && shape.length < rank && known !== "ball")) {
    const wanted = rank === 1 ? "a vector" : "a matrix";
    fail(
      scope,
      badSet(
        e.span,
        `${known} constrains ${wanted}, and ${name} is ${showType(type)}`,
        known === "simplex" ? "for one number use box(0, 1)" : undefined,
      ),
    );
  }
  if (
    known === "psd" &&
    shape !== undefined &&
    !agreeing(scope, e.span, () => `${name} is symmetric`)(shape.at(-1) as Size, shape.at(-2) as Size)
  ) {
    fail(scope, badSet(e.span, `psd constrains a square matrix, and ${name} is ${showType(type)}`));
  }
  const parts = [...matched.values()].map((expressions) => {
    const expression = expressions[0] as Expression;
    const term = value(scope, expression);
    const fits =
      isArray(term) &&
      (isScalar(term) ||
        (known === "box" &&
          shape !== undefined &&
          broadcastsTo(
            term.type.shape,
            shape,
            agreeing(scope, expression.span, () => `a bound of ${name}`),
          )));
    if (!fits)
      fail(
        scope,
        badSet(
          expression.span,
          `${written(expression)} is ${showType(term.type)}, and ${name} is ${showType(type)}`,
          "a scalar bounds every entry",
        ),
      );
    return term;
  });
  return { name: known, arguments: parts, span: e.span };
}

export function readNetwork(
  scope: Scope,
  declaration: Of<"network">,
  denotation: Denotation,
): NetworkDeclaration | undefined {
  const family = readFamily(scope, declaration.family);
  if (denotation.kind !== "map" || family === undefined) return undefined;
  oneAxisEnds(scope, declaration, denotation);
  imageFits(scope, denotation, family);
  if (isClosedForm(family)) {
    const why = "solves for the last layer of a function in L2, and this is a network";
    report(scope, badFamily(declaration.family.span, `head: closed_form ${why}`, "leave it out"));
  }
  return { ...documented(declaration), type: denotation.type, family };
}

function imageFits(scope: Scope, { type }: MapDenotation, family: Family): void {
  const [mistake, suggestion] = imageMistake(type, family) ?? [];
  if (mistake !== undefined) report(scope, badFamily(family.span, mistake, suggestion));
}

/** Families map vectors to numbers or vectors. */
function oneAxisEnds(scope: Scope, declaration: Of<"network" | "function">, map: MapDenotation): void {
  const ends = [...map.type.from, map.type.to];
  const syntax = [...declaration.type.from, declaration.type.to];
  ends.forEach((type, i) => {
    const { span } = syntax[i] ?? declaration.type;
    if (type.shape.length > 1)
      report(
        scope,
        badType(
          span,
          `${showType(type)} has several axes, and families map numbers and vectors`,
          "flatten it with reshape",
        ),
      );
  });
}

export function readFunction(
  scope: Scope,
  declaration: Of<"function">,
  denotation: Denotation,
): FunctionDeclaration | undefined {
  const isInRkhs = denotation.kind === "map" && denotation.sort === "RKHS";
  const families = new Map<string, Family | undefined>();
  if (declaration.family)
    families.set("family", readFamily(scope, declaration.family, isInRkhs ? approximations : undefined));
  if (declaration.adjoint) families.set("adjoint", readFamily(scope, declaration.adjoint));
  if (denotation.kind !== "map") return undefined;
  if (isInRkhs && declaration.adjoint)
    report(
      scope,
      badFamily(declaration.adjoint.span, "the adjoint of a function in an RKHS is in the same space", "leave it out"),
    );
  const indexed = boundIndex(scope, declaration, denotation);
  const space = attempt(() => readSpace(indexed.scope, declaration.space), undefined);
  if (space === undefined || [...families.values()].includes(undefined)) return undefined;
  const [family, adjoint] = [families.get("family"), families.get("adjoint")];
  if (family !== undefined && !isInRkhs) oneAxisEnds(scope, declaration, denotation);
  for (const own of [family, adjoint]) if (own !== undefined) imageFits(scope, denotation, own);
  if (space.kind === "L2" && family === undefined) {
    report(
      scope,
      badFamily(
        declaration.space.span,
        `${declaration.name.text} lives in ${written(declaration.space)} and has no family to represent it`,
        "add one: by mlp(hidden: [50, 50])",
      ),
    );
    return undefined;
  }
  return {
    ...documented(declaration),
    type: denotation.type,
    space,
    ...(indexed.binder && { index: indexed.binder }),
    ...(family && { family }),
    ...(adjoint && { adjoint }),
  };
}

function readSpace(scope: Scope, e: Expression): FunctionDeclaration["space"] {
  const argument = e.kind === "call" ? e.arguments.positional[0] : undefined;
  if (e.kind !== "call" || argument === undefined || e.arguments.positional.length > 1 || e.arguments.named.length > 0)
    return fail(scope, badSpace(e.span, written(e)));
  const denotation = elaborate(scope, argument);
  if (denotation.kind === "poison") throw poison;
  if (spaceSort(scope, e) === "L2") {
    if (denotation.kind === "table") return { kind: "L2", table: denotation.ref, span: e.span };
    return fail(
      scope,
      typeMismatch(
        argument.span,
        `${written(argument)} is not a table`,
        "L2(D) is the space of functions measured on the rows of D",
      ),
    );
  }
  if (denotation.kind === "kernel") return { kind: "RKHS", kernel: denotation.kernel, span: e.span };
  toValue(scope, denotation, argument);
  return fail(
    scope,
    typeMismatch(
      argument.span,
      `${written(argument)} is not a kernel`,
      "write RKHS(gaussian(bandwidth: 1.0)), or a sum or product of kernels",
    ),
  );
}
