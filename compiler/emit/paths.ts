/**
 * How the end of a path is told: the recursion of steps of descent or the gradient flow, and its adjoint carried back. θ(k) is the
 * point after k steps, θ(τ) the point at time τ.
 */
import type { Path } from "../derive/path.ts";
import type { Input, Node } from "../ir/node.ts";
import type { Item } from "./explanation.ts";
import { type Formula, identity, keyOf, mapParts, negative, number, product, sum, symbol } from "./math.ts";
import { commas, derivative, followedPath, type Inline, type NamedBlock, nameOf, type Story, show } from "./story.ts";

type Line = readonly Inline[];

const at = (of: Formula, when: Formula): Formula => ({ kind: "application", map: of, arguments: [when] });
const minus = (a: Formula, b: Formula): Formula =>
  sum([
    { sign: 1, term: a },
    { sign: -1, term: b },
  ]);
const plus = (a: Formula, b: Formula): Formula =>
  sum([
    { sign: 1, term: a },
    { sign: 1, term: b },
  ]);
const later = (step: Formula, by: number): Formula =>
  step.kind === "number" ? number(step.value + by) : plus(step, number(by));
const next = (step: Formula): Formula => later(step, 1);
const previous = (step: Formula): Formula => minus(step, number(1));
const pseudoInverse = (matrix: Formula): Formula => ({ kind: "power", base: matrix, exponent: symbol("+") });
const scaledBy = (factor: Formula, body: Formula): Formula =>
  keyOf(factor) === "1" ? body : { kind: "scaled", factor, body };

const slope = (block: NamedBlock, y: Formula, when: Formula): Formula => at(derivative(block.smooth, [y]), at(y, when));

/** H, or H at the point reached where it varies. */
const curvatureAt = (block: NamedBlock, y: Formula, when: Formula): Formula =>
  block.plan.facts.quadratic ? block.curvature : at(block.curvature, at(y, when));

const names = (story: Story, block: NamedBlock): readonly Formula[] =>
  block.plan.facts.block.unknowns.map((unknown) => nameOf(story, unknown));

/** The rate, or its letter where none was given. */
const rateOf = (story: Story, { rate }: Descent): Formula => (rate === undefined ? story.rate : show(story, rate));

type Descent = Extract<Path["selected"], { kind: "descent" }>;

/** "10 steps of descent from θ₀ at rate r" */
export function selectionWords(story: Story, { selected }: Path): Line {
  const from: Line =
    selected.start === undefined
      ? [" from where the last outer step ended"]
      : [" from ", ...commas(selected.start.map((node) => show(story, node)))];
  if (selected.kind === "gradient_flow") return ["gradient flow", ...from];
  const steps = `${selected.steps} ${selected.steps === 1 ? "step" : "steps"} of descent`;
  const momentum: Line = selected.momentum === undefined ? [] : [" and momentum ", show(story, selected.momentum)];
  return [steps, ...from, " at rate ", rateOf(story, selected), ...momentum];
}

/** What is meant, and what that rests on. */
export function pathFindings(story: Story, block: NamedBlock, path: Path): readonly Line[] {
  const { selected } = path;
  const meant: Line =
    selected.kind === "gradient_flow"
      ? ["of its minimisers, the one meant is the limit of "]
      : selected.approximates
        ? ["the minimiser is approximated by the end of "]
        : ["the point meant is the end of "];
  const constant: readonly Line[] =
    path.selected.start === undefined ? [["that start is a constant: nothing is differentiated through it"]] : [];
  const rests: readonly Line[] =
    selected.kind === "descent"
      ? [
          selected.approximates
            ? [
                "how far the end is from the minimiser, and the derivative from the minimiser's, is verified and reported",
              ]
            : ["nothing is assumed of the curvature; how far the end is from a minimiser is reported, not judged"],
          ...(selected.rate === undefined
            ? [[story.rate, " is one over the largest curvature at the start, found by the power method: a constant"]]
            : []),
        ]
      : [
          [block.curvature, " may be singular: what it leaves flat, the path decides"],
          [
            "assumed, and verified at the end of the path: ",
            block.curvature,
            " has no negative eigenvalue, and its rank is decided there: what is below ",
            number(1e-9),
            " of the largest counts as flat",
          ],
        ];
  return [[...meant, ...selectionWords(story, path)], ...constant, ...rests];
}

const begin = (story: Story, path: Path, k: number): Formula | undefined => {
  const start = path.selected.start?.[k];
  return start && show(story, start);
};

const end = (path: Path): Formula | undefined =>
  path.selected.kind === "descent" ? number(path.selected.steps) : undefined;

/** The recursion, or the flow. */
export function pathItems(story: Story, block: NamedBlock): readonly Item[] {
  const { path, condition } = block.plan.facts.block;
  if (path === undefined) return [];
  const { selected } = path;
  const last = end(path);
  return names(story, block).flatMap((y, k): readonly Item[] => {
    const start = begin(story, path, k);
    const first: Item =
      start === undefined
        ? { kind: "sentence", parts: [at(y, number(0)), " is where the last outer step ended"] }
        : { kind: "equation", sides: [at(y, number(0)), start] };
    if (selected.kind === "gradient_flow") {
      const limit: Line = [y, " is the limit of ", at(y, story.time), " as ", story.time, " grows"];
      return [
        first,
        {
          kind: "equation",
          sides: [
            derivative(at(y, story.time), [story.time], true),
            sum([{ sign: -1, term: slope(block, y, story.time) }]),
          ],
        },
        { kind: "sentence", parts: limit },
      ];
    }
    const { step } = story;
    const downhill = minus(at(y, step), scaledBy(rateOf(story, selected), slope(block, y, step)));
    const taken =
      selected.momentum === undefined
        ? downhill
        : plus(downhill, scaledBy(show(story, selected.momentum), minus(at(y, step), at(y, previous(step)))));
    const still: readonly Item[] =
      selected.momentum === undefined ? [] : [{ kind: "equation", sides: [at(y, number(-1)), at(y, number(0))] }];
    return [
      first,
      ...still,
      { kind: "equation", sides: [at(y, next(step)), taken] },
      { kind: "equation", sides: [y, at(y, last as Formula)] },
      { kind: "equation", sides: [derivative(block.smooth, [y]), show(story, condition[k] as Node)] },
    ];
  });
}

/** The adjoint carried back along the path; `right` is ∂/∂θ of what comes after it, as equal sides. */
export function pathAdjoint(story: Story, block: NamedBlock, right: readonly (readonly Formula[])[]): readonly Item[] {
  const { adjoints } = block.plan.facts.block;
  const path = followedPath(block);
  if (path === undefined) return [];
  const ys = names(story, block);
  const last = end(path);
  return adjoints.flatMap((adjoint, k): readonly Item[] => {
    const [v, y] = [nameOf(story, adjoint), ys[k] as Formula];
    const sides = right.map((side) => side[k] as Formula);
    if (last !== undefined && path.selected.kind === "descent") {
      const { step } = story;
      const carried = product(curvatureAt(block, y, step), at(v, next(step)));
      const { momentum } = path.selected;
      const plain = minus(at(v, next(step)), scaledBy(rateOf(story, path.selected), carried));
      const kept = minus(at(v, next(step)), at(v, later(step, 2)));
      const back = momentum === undefined ? plain : plus(plain, scaledBy(show(story, momentum), kept));
      const beyond: readonly Item[] =
        momentum === undefined ? [] : [{ kind: "equation", sides: [at(v, next(last)), number(0)] }];
      return [
        { kind: "equation", sides: [at(v, last), ...sides] },
        ...beyond,
        { kind: "equation", sides: [at(v, step), back] },
      ];
    }
    const inverse = pseudoInverse(block.curvature);
    const flat = product(minus(identity, product(block.curvature, inverse)), sides[0] as Formula);
    const p = at(carriedBy(story, v), story.time);
    const quadratic: readonly Item[] = [
      { kind: "equation", sides: [p, flat] },
      {
        kind: "sentence",
        parts: ["the part along the flat directions, which the flow of a quadratic leaves as it is"],
      },
    ];
    const curved: readonly Item[] = [
      {
        kind: "equation",
        sides: [derivative(p, [story.time], true), product(curvatureAt(block, y, story.time), p)],
      },
      {
        kind: "sentence",
        parts: [p, " tends to ", flat, ", the part along the flat directions, as ", story.time, " grows"],
      },
    ];
    return [
      { kind: "equation", sides: [v, ...sides.map((side) => product(inverse, side))] },
      ...(block.plan.facts.quadratic ? quadratic : curved),
    ];
  });
}

const carriedBy = (story: Story, v: Formula): Formula =>
  v.kind === "symbol" ? symbol(story.carried.base, v.subscript) : story.carried;

/** What the paths hand on to an input besides ∂ℒ: Σₖ along the steps or ∫ along the flow, and the start's part. */
export function handedOn(story: Story, input: Input): readonly Formula[] {
  return story.blocks.flatMap((block): readonly Formula[] => {
    const { unknowns, adjoints } = block.plan.facts.block;
    const path = followedPath(block);
    const k = path?.reads.indexOf(input) ?? -1;
    if (path === undefined || k < 0) return [];
    const letterOf = (v: Formula): Formula => (path.selected.kind === "descent" ? v : carriedBy(story, v));
    const { step, time } = story;
    const placed = (
      node: Node | undefined,
      pointAt: Formula,
      adjointAt: (v: Formula) => Formula,
    ): readonly Formula[] => {
      if (node === undefined || (node.kind === "constant" && node.value === 0)) return [];
      const table = new Map([
        ...unknowns.map((y) => [keyOf(nameOf(story, y)), at(nameOf(story, y), pointAt)] as const),
        ...adjoints.map((v) => [keyOf(nameOf(story, v)), adjointAt(letterOf(nameOf(story, v)))] as const),
        ...path.displacement.map((d, k) => {
          const y = nameOf(story, unknowns[k] as Input);
          return [keyOf(nameOf(story, d)), minus(at(y, step), at(y, previous(step)))] as const;
        }),
      ]);
      return [placedIn(show(story, node), table)];
    };
    const { selected } = path;
    const momentum = selected.kind === "descent" ? selected.momentum : undefined;
    /** The start stands for the point before it, too. */
    const atStart = (v: Formula): Formula =>
      momentum === undefined
        ? at(v, number(0))
        : minus(at(v, number(0)), scaledBy(show(story, momentum), at(v, number(1))));
    const scaled = (own: Formula): Formula =>
      selected.kind === "descent" && selected.rate === undefined ? scaledBy(story.rate, own) : own;
    const along =
      path.selected.kind === "descent"
        ? placed(path.fromStep[k], step, (v) => at(v, next(step))).map((own) =>
            signOutside(own, (body) => scaled({ kind: "indexSum", indices: [step], body })),
          )
        : placed(path.fromStep[k], time, (v) => at(v, time)).map((own) =>
            signOutside(own, (body) => ({ kind: "integral", by: time, body })),
          );
    return [...along, ...placed(path.fromStart[k], number(0), atStart)];
  });
}

/** −Σ x for Σ (−x). */
function signOutside(formula: Formula, around: (body: Formula) => Formula): Formula {
  const [first, ...rest] = formula.kind === "sum" ? formula.terms : [];
  return first?.sign === -1 && rest.length === 0 ? negative(around(first.term)) : around(formula);
}

/** The formula with points and adjoints taken at their place on the path. */
function placedIn(formula: Formula, table: ReadonlyMap<string, Formula>): Formula {
  const replace = (part: Formula): Formula => table.get(keyOf(part)) ?? mapParts(part, replace);
  return replace(formula);
}
