/**
 * What the compiler found, derived and decided, as data: sections of sentences, formulas and tables. Nothing here knows how any of it
 * is written down; each target has a file that does.
 */
import type { ModelLevel } from "../check/model.ts";
import type { Compiled } from "../compile.ts";
import { dependsOn, type Input, type Node } from "../ir/node.ts";
import { evaluateSize, namesIn, type Size, type SizeBindings, showSizes } from "../ir/size.ts";
import type { LowerClause } from "../lower/problem.ts";
import type { Plan } from "../plan/plan.ts";
import { searches } from "../plan/solvers.ts";
import { abbreviate } from "./abbreviations.ts";
import { conventions, formulasOf } from "./conventions.ts";
import { adjoint, curvature, hypergradient, stationarity } from "./derived.ts";
import { constraintFormulas, upperConstraintFormulas } from "./faces.ts";
import { findings } from "./findings.ts";
import { shownInValues } from "./functions.ts";
import { shownWithKernels } from "./kernels.ts";
import { type Formula, keyOf, type MathSymbol, number, partsOf, relation } from "./math.ts";
import { methodLines } from "./methods.ts";
import type { Notation } from "./notation.ts";
import { pathItems, selectionWords } from "./paths.ts";
import { stochasticLines } from "./stochastic.ts";
import { commas, type Inline, mapNames, type NamedClause, nameOf, type Story, show, tell } from "./story.ts";

export type { Inline } from "./story.ts";

export type Item =
  | { readonly kind: "sentence"; readonly parts: readonly Inline[] }
  /** A chain of equal sides. */
  | { readonly kind: "equation"; readonly sides: readonly Formula[] }
  | { readonly kind: "where"; readonly name: MathSymbol; readonly value: Formula }
  | { readonly kind: "table"; readonly head: readonly string[]; readonly rows: readonly (readonly Inline[])[] };

export interface Section {
  readonly title:
    | "Problem"
    | "Found"
    | "Path"
    | "Stationarity"
    | "Curvature"
    | "Adjoint"
    | "Hypergradient"
    | "Plan"
    | "Dimensions"
    | "Notation";
  readonly items: readonly Item[];
}

export interface Explanation {
  readonly file: string;
  readonly sections: readonly Section[];
}

/**
 * The explanation of a program that compiled as far as its derivation. Sizes that are not known stay symbols.
 */
export function explain(compiled: Compiled, plan: Plan, sizes: SizeBindings): Explanation {
  const { problem, derivation } = compiled;
  if (problem === undefined || derivation === undefined) throw new Error("explain: the program has no derivation");
  const lettered = shownWithKernels(problem, derivation, plan);
  const shown = shownInValues(lettered.problem, lettered.derivation, lettered.plan);
  const story = tell(lettered.problem, shown.derivation, shown.plan, sizes, indices(compiled), lettered.kernels);
  const sections: readonly Section[] = [
    { title: "Problem", items: problemItems(story, depths(compiled.model?.level)) },
    { title: "Found", items: story.blocks.flatMap((block) => findings(story, block)) },
    { title: "Path", items: story.blocks.flatMap((block) => pathItems(story, block)) },
    { title: "Stationarity", items: story.blocks.flatMap((block) => stationarity(story, block)) },
    { title: "Curvature", items: story.blocks.flatMap((block) => curvature(story, block)) },
    { title: "Adjoint", items: story.blocks.flatMap((block) => adjoint(story, block)) },
    { title: "Hypergradient", items: hypergradient(story) },
    { title: "Plan", items: planItems(story, plan) },
    { title: "Dimensions", items: dimensions(story) },
  ];
  const named = withNames(
    story.notation,
    sections.filter((section) => section.items.length > 0),
  );
  return { file: compiled.file, sections: [...named, { title: "Notation", items: conventions(named) }] };
}

/** f(λ, θ): the unknowns of either level that the node reads. */
function applied(story: Story, letter: Formula, node: Node): Formula {
  const unknowns = [
    ...(story.problem.upper?.variables ?? []),
    ...story.blocks.flatMap((block) => block.plan.facts.block.unknowns),
    ...story.problem.functions.flatMap(({ values }) => values.map((value) => value.input)),
  ];
  const read = unknowns.filter((unknown) => dependsOn(node, new Set([unknown])));
  return read.length === 0 ? letter : { kind: "application", map: letter, arguments: mapNames(story, read) };
}

// ------------------------------------------------------------------------------------------------------- sections

/** How many levels below the upper one each unknown is optimised. */
function depths(level: ModelLevel | undefined, depth = 1): ReadonlyMap<string, number> {
  if (level === undefined) return new Map();
  const unknowns = level.clauses.flatMap((clause) => (clause.kind === "optimize" ? clause.unknowns : [clause.unknown]));
  return new Map([...unknowns.map(({ name }) => [name, depth] as const), ...depths(level.deeper, depth + 1)]);
}

function problemItems(story: Story, depth: ReadonlyMap<string, number>): readonly Item[] {
  const { derivation, problem } = story;
  const parts: Inline[] = [];
  const upper = problem.upper;
  const bounds = upperConstraintFormulas(story);
  if (upper !== undefined && derivation.value !== undefined) {
    parts.push(
      `${upper.direction} `,
      applied(story, story.upper, derivation.value),
      " over ",
      ...commas(mapNames(story, upper.variables)),
      ...(bounds.length === 0 ? [] : [" subject to ", ...commas(bounds)]),
    );
  }
  const depthOf = ({ clause }: NamedClause): number => depth.get(clause.unknowns[0]?.name ?? "") ?? 1;
  const clauses = story.blocks.flatMap((block) => block.clauses).toSorted((a, b) => depthOf(a) - depthOf(b));
  clauses.forEach((named, k) => {
    const { clause, letter, value } = named;
    const above = clauses[k - 1];
    const isSameLevel = above !== undefined && depthOf(above) === depthOf(named);
    parts.push(isSameLevel ? " and " : parts.length > 0 ? " where " : "", ...commas(mapNames(story, clause.unknowns)));
    if (clause.kind === "optimize")
      parts.push(` ${clause.direction} `, applied(story, letter, value), ...conditionsOf(story, clause));
    else parts.push(" solves ", relation(applied(story, letter, value), "=", number(0)));
  });
  const equations = [
    ...(derivation.value === undefined ? [] : [{ letter: story.upper, value: derivation.value }]),
    ...clauses,
  ].map(({ letter, value }): Item => ({ kind: "equation", sides: [letter, show(story, value)] }));
  return [{ kind: "sentence", parts }, ...equations];
}

/** What the clause says after its objective. */
function conditionsOf(story: Story, { unknowns }: LowerClause): readonly Inline[] {
  const block = story.blocks.find((own) => own.plan.facts.block.unknowns.includes(unknowns[0] as Input));
  if (block === undefined) return [];
  const { path } = block.plan.facts.block;
  const constraints = constraintFormulas(story, block);
  return [
    ...(constraints.length === 0 ? [] : [" subject to ", ...commas(constraints)]),
    ...(path === undefined ? [] : [", by ", ...selectionWords(story, path)]),
  ];
}

/** The index of each unknown that has one. */
function indices({ model }: Compiled): ReadonlyMap<string, string> {
  return new Map(
    (model?.unknowns ?? []).flatMap(({ name, index }) => (index === undefined ? [] : [[name, index.name] as const])),
  );
}

function planItems(story: Story, plan: Plan): readonly Item[] {
  const sentences = story.blocks.flatMap(({ plan: own }): readonly (readonly Inline[])[] => {
    const unknowns = own.facts.block.unknowns.filter(
      ({ role }) => own.facts.block.nonsmooth === undefined || role === "lower",
    );
    const names = commas(mapNames(story, unknowns));
    const damping =
      own.damping === 0
        ? []
        : [["damping ", number(own.damping), " is added to the diagonal in the adjoint system, as asked"]];
    const adjointLine =
      own.adjoint.solver === "none"
        ? ["no adjoint system: ", own.adjoint.reason]
        : own.dual !== undefined
          ? ["its adjoint function by ", own.dual.inner.solver, ": ", own.adjoint.reason]
          : own.adjoint.solver === "rkhs"
            ? ["its adjoint function by ", own.linear, ": ", own.adjoint.reason]
            : ["adjoint by ", own.adjoint.solver, ": ", own.adjoint.reason];
    return [
      ["solve for ", ...names, " by ", own.inner.solver, ": ", own.inner.reason],
      ...(problemHasUpper(story) ? [adjointLine] : []),
      ...damping,
    ];
  });
  const isSearch = searches.some((search) => search === plan.outer.solver);
  const outer: readonly Inline[] = [
    ...(isSearch
      ? ["upper values by ", plan.outer.solver]
      : ["outer steps by ", plan.outer.solver, ", at most ", number(plan.steps)]),
    ": ",
    plan.outer.reason,
    ...drawnRows(plan),
  ];
  const rounds: readonly (readonly Inline[])[] =
    story.derivation.constraints === undefined
      ? []
      : [
          [
            "constraints of the upper problem by an augmented Lagrangian: rounds of outer steps, the multipliers moved in between",
          ],
        ];
  const derived = [[differentiation(story)], ...sentences];
  const lines = !problemHasUpper(story)
    ? sentences
    : plan.method === "kkt"
      ? [...bothLevels, ["grad differentiates at one point:"], ...derived]
      : plan.stochastic !== undefined
        ? [...stochasticLines(story, plan.stochastic, plan.steps), ["grad differentiates at one point:"], ...derived]
        : [...derived, outer, ...methodLines(plan, story), ...rounds];
  return [...lines, ...arithmetic(plan)].map((parts) => ({ kind: "sentence", parts }));
}

/** The upper steps' own batches. */
function drawnRows({ outer }: Plan): readonly Inline[] {
  const batch = outer.arguments.get("batch");
  return typeof batch === "number"
    ? [
        "; each has the hypergradient from ",
        number(batch),
        " drawn rows of each larger table, unbiased at the adjoint it is given",
      ]
    : [];
}

function arithmetic({ backend }: Plan): readonly (readonly Inline[])[] {
  if (backend === undefined) return [];
  const where = backend === "best" ? "on the best backend that starts" : `as ${backend}`;
  return [[`computed in single precision by TensorFlow.js, ${where}; the derivatives are those above, not its own`]];
}

const bothLevels: readonly (readonly Inline[])[] = [
  ["run solves both levels as one system: the conditions of the lower level stand in its place"],
  ["branch and bound on which is 0, each constraint of the lower level or its multiplier: the optimum is global"],
  ["assumed, and verified: both objectives are convex quadratics or linear, and every constraint is linear"],
  ["where the lower level has several answers, the one that suits the upper level is taken, with a warning"],
];

/** How the hypergradient comes about, in a few words. */
function differentiation({ blocks }: Story): string {
  const ways = blocks.map(({ plan: { facts, adjoint } }): string => {
    const kind = facts.block.path?.selected.kind;
    if (adjoint.solver === "function")
      return "functional implicit differentiation: in the values of the function, in L2";
    if (adjoint.solver === "rkhs") return "implicit differentiation in the RKHS, then discretised";
    if (adjoint.solver === "zero") return "no derivative through the lower level";
    if (adjoint.solver === "forward") return "forward differentiation through the steps of descent";
    if (kind === "gradient_flow") return "differentiation of the gradient flow's limit, exact in both its parts";
    if (kind === undefined) return "implicit differentiation at the lower solution";
    return adjoint.solver === "reverse"
      ? "reverse differentiation through the steps of descent"
      : "implicit differentiation at the end of the steps of descent, as if it were the minimiser";
  });
  return [...new Set(ways)].join("; ");
}

const problemHasUpper = (story: Story): boolean => story.problem.upper !== undefined;

const roles: { readonly [R in Input["role"]]: string } = {
  upper: "upper level",
  lower: "lower level",
  param: "parameter",
  data: "data",
  generated: "generated",
  value: "values of a function",
  multiplier: "multiplier",
  epigraph: "bound of a kink",
  adjoint: "adjoint",
  tangent: "direction",
  step: "step",
};

/** Every input of the problem with its shape, and each size with its number once that is known. */
function dimensions(story: Story): readonly Item[] {
  const order: readonly Input["role"][] = ["upper", "lower", "param", "data", "generated"];
  const inputs = order.flatMap((role) =>
    [...story.problem.graph.inputs.values()].filter((input) => input.role === role),
  );
  const numbers = (shape: readonly Size[]): string => {
    const values = shape.map((size) => evaluateSize(size, story.sizes));
    return values.every((value) => value !== undefined) && shape.some((size) => namesIn(size).size > 0)
      ? values.join(" × ")
      : "";
  };
  const rows = inputs.map((input): readonly Inline[] => [
    nameOf(story, input),
    roles[input.role],
    input.shape.length === 0 ? "real" : `real[${showSizes(input.shape)}]`,
    numbers(input.shape),
  ]);
  return [{ kind: "table", head: ["name", "what it is", "shape", "size"], rows }];
}

// ---------------------------------------------------------------------------------------------------- abbreviations

/** Repeated sub-expressions under names, each defined in the section that first uses it. */
function withNames(n: Notation, sections: readonly Section[]): readonly Section[] {
  const formulas = sections.flatMap((section) =>
    section.items.flatMap((item) => (item.kind === "equation" ? item.sides.slice(-2) : [])),
  );
  const { definitions, apply } = abbreviate(n, formulas);
  const pending = new Set(definitions);
  const onInline = (part: Inline): Inline => (typeof part === "string" ? part : apply(part));
  return sections.map((section) => {
    const items = section.items.map((item): Item => {
      if (item.kind === "equation") return { ...item, sides: item.sides.map(apply) };
      return item.kind === "sentence" ? { ...item, parts: item.parts.map(onInline) } : item;
    });
    const used = new Set<string>();
    const visit = (formula: Formula): void => {
      if (formula.kind === "symbol") used.add(keyOf(formula));
      partsOf(formula).forEach(visit);
    };
    items.flatMap(formulasOf).forEach(visit);
    const own: Item[] = [];
    for (const definition of definitions.toReversed()) {
      if (!pending.has(definition) || !used.has(keyOf(definition.symbol))) continue;
      pending.delete(definition);
      visit(definition.value);
      own.unshift({ kind: "where", name: definition.symbol, value: definition.value });
    }
    return { ...section, items: [...items, ...own] };
  });
}
