/**
 * How kinks, sets and constraints of a lower level are told: what ties each unknown, which face of it the solution lies on, and what
 * the masks and multipliers of its conditions stand for.
 */
import type { Epigraph } from "../derive/epigraph.ts";
import type { Block } from "../derive/implicit.ts";
import { isPenalty, normSquares, type Piece } from "../derive/nonsmooth.ts";
import { add, map, multiply, sumAll } from "../ir/graph.ts";
import { dependsOn, type Input, type Node } from "../ir/node.ts";
import { showSizes } from "../ir/size.ts";
import { simplify } from "../simplify/simplify.ts";
import { type Formula, number, relation } from "./math.ts";
import { rankOf } from "./notation.ts";
import { commas, type Inline, type NamedBlock, nameOf, type Story, show } from "./story.ts";

type Line = readonly Inline[];

type Tied = { readonly [K in Exclude<Piece["kind"], "free">]: Extract<Piece, { kind: K }> };

interface Told<P extends Piece> {
  /** The set that y stays in, or its kink. */
  readonly tie: (story: Story, y: Input, piece: P) => Line;
  /** Where the condition is differentiated. */
  readonly face: (story: Story, y: Input, piece: P) => Line;
  /** What the letters in the condition mean. */
  readonly letters: (story: Story, y: Input, piece: P) => Line;
  /** The curvature of the face. */
  readonly system: (smooth: Formula, story: Story, y: Input, piece: P) => Line;
}

const eachRow = (y: Input): string => (rankOf(y) > 1 ? " in each row" : "");
const second = (smooth: Formula, name: Formula): Formula => ({
  kind: "derivative",
  of: smooth,
  by: [name, name],
  total: false,
});

/** What one norm is taken of. */
function aGroup(story: Story, y: Input, { view, kept }: Tied["group"]): Line {
  const isWhole = showSizes(view) === showSizes(y.shape);
  const rows = isWhole && kept.length === y.shape.length - 1 && kept.every((axis, k) => axis === k);
  const group = rows ? "a row of " : isWhole && y.shape.length === 2 ? "a column of " : "a group of entries of ";
  return [kept.length === 0 ? "" : group, nameOf(story, y)];
}

const told: { readonly [K in keyof Tied]: Told<Tied[K]> } = {
  penalty: {
    tie: (story, y, { centre, within }) => [
      "a kink in each entry of ",
      nameOf(story, y),
      ", at ",
      show(story, centre),
      ...(within === undefined ? [] : ["; ", ...told.box.tie(story, y, within)]),
    ],
    face: (story, y, { within }) => [
      "the support, the entries of ",
      nameOf(story, y),
      within === undefined ? " that are not at their kink" : " that are not at their kink or a bound",
    ],
    letters: (story, y, { support, within }) => [
      nameOf(story, support),
      " is 1 on the support, the entries of ",
      nameOf(story, y),
      " that are not at their kink, and 0 off it",
      ...(within === undefined ? [] : ["; ", ...told.box.letters(story, y, within)]),
    ],
    system: (smooth, story, y) => [
      second(smooth, nameOf(story, y)),
      " in the rows of the support, the identity elsewhere",
    ],
  },
  group: {
    tie: (story, y, piece) => ["a kink where ", ...aGroup(story, y, piece), " is 0"],
    face: (story, y, piece) => ["the support, where ", ...aGroup(story, y, piece), " is not 0"],
    letters: (story, y, piece) => [
      nameOf(story, piece.support),
      " is 1 on the support, where ",
      ...aGroup(story, y, piece),
      " is not 0, and 0 off it",
    ],
    system: (smooth, story, y) => [
      second(smooth, nameOf(story, y)),
      " and that of the norms in the rows of the support, the identity elsewhere",
    ],
  },
  box: {
    tie: (story, y, { low, high }) => [
      nameOf(story, y),
      " stays ",
      ...(low === undefined ? [] : ["at least ", show(story, low)]),
      ...(low === undefined || high === undefined ? [] : [" and "]),
      ...(high === undefined ? [] : ["at most ", show(story, high)]),
    ],
    face: (story, y) => ["the free entries of ", nameOf(story, y), ", those not at a bound"],
    letters: (story, y, { low, high, atLow, atHigh }) => [
      ...(low === undefined
        ? []
        : [nameOf(story, atLow), " is 1 in the entries of ", nameOf(story, y), " at the lower bound"]),
      ...(low === undefined || high === undefined ? [] : [", "]),
      ...(high === undefined ? [] : [nameOf(story, atHigh), " in those at the upper bound"]),
      ", and 0 elsewhere",
    ],
    system: (smooth, story, y) => [
      second(smooth, nameOf(story, y)),
      " in the rows of free entries, the identity elsewhere",
    ],
  },
  simplex: {
    tie: (story, y) => [nameOf(story, y), ` stays in the simplex: no entry below 0, and sum 1${eachRow(y)}`],
    face: (story, y) => ["the support, the entries of ", nameOf(story, y), " above 0"],
    letters: (story, y, { support, multiplier }) => [
      nameOf(story, support),
      " is 1 on the support, the entries of ",
      nameOf(story, y),
      " above 0, and 0 off it; ",
      nameOf(story, multiplier),
      " is the multiplier of the simplex, for its sum",
    ],
    system: (smooth, story, y) => [
      second(smooth, nameOf(story, y)),
      " in the rows of the support, the identity elsewhere, bordered by the sum",
    ],
  },
  ball: {
    tie: (story, y, { radius }) => [nameOf(story, y), " stays in the ball of radius ", show(story, radius), eachRow(y)],
    face: (story, y) => ["the ball's boundary where ", nameOf(story, y), " is on it, its inside elsewhere"],
    letters: (story, y, { active, multiplier }) => [
      nameOf(story, active),
      " is 1 where ",
      nameOf(story, y),
      " is on the ball's boundary, and 0 inside; ",
      nameOf(story, multiplier),
      " is the multiplier of the ball",
    ],
    system: (smooth, story, y, { multiplier }) => [
      second(smooth, nameOf(story, y)),
      " plus twice ",
      nameOf(story, multiplier),
      " on the diagonal, bordered by the ball",
    ],
  },
  psd: {
    tie: (story, y) => [nameOf(story, y), " stays symmetric and positive semidefinite"],
    face: (story, y) => ["the projection to positive semidefinite matrices, at the eigenvalues of ", nameOf(story, y)],
    letters: (story, y, { vectors, quotients }) => [
      nameOf(story, vectors),
      " has the eigenvectors of a projected gradient step from ",
      nameOf(story, y),
      " as columns, and ",
      nameOf(story, quotients),
      " the divided differences of max(λ, 0) between its eigenvalues",
    ],
    system: (smooth, story, y) => [
      "the identity less the projection's derivative times the identity less ",
      second(smooth, nameOf(story, y)),
    ],
  },
};

/** What `told` says under a key, for each tied unknown. */
function ofPieces(
  block: NamedBlock,
  say: <K extends keyof Tied>(own: Told<Tied[K]>, y: Input, piece: Tied[K]) => Line,
) {
  const tied = faced(block).flatMap(({ nonsmooth, unknowns }) =>
    (nonsmooth?.pieces ?? []).map((piece, k) => ({ piece, y: unknowns[k] as Input })),
  );
  return tied.flatMap(({ piece, y }): readonly Line[] => {
    switch (piece.kind) {
      case "free":
        return [];
      case "penalty":
        return [say<"penalty">(told.penalty, y, piece)];
      case "group":
        return [say<"group">(told.group, y, piece)];
      case "box":
        return [say<"box">(told.box, y, piece)];
      case "simplex":
        return [say<"simplex">(told.simplex, y, piece)];
      case "ball":
        return [say<"ball">(told.ball, y, piece)];
      case "psd":
        return [say<"psd">(told.psd, y, piece)];
      default:
        return piece satisfies never;
    }
  });
}

/** The block, and its clauses with a face where several answer each other. */
const faced = ({ plan: { facts } }: NamedBlock): readonly Block[] => [facts.block, ...facts.block.responses];

/** Whether the block's condition holds on a face of the solution. */
export const hasFace = ({ plan: { facts } }: NamedBlock): boolean =>
  facts.block.nonsmooth !== undefined || facts.block.constrained !== undefined;

/** What the upper problem is subject to, in the order written. */
export function upperConstraintFormulas(story: Story): readonly Formula[] {
  return (story.derivation.constraints?.constraints ?? []).map(({ relation: sign, value }) =>
    relation(show(story, value), sign === "==" ? "=" : "≤", number(0)),
  );
}

/** h = 0 and c ≤ 0, those of a kink's pieces left out. */
export function constraintFormulas(story: Story, block: NamedBlock): readonly Formula[] {
  const { equalities = [], inequalities = [] } = block.plan.facts.block.constrained ?? {};
  const bounds = new Set<Node>(epigraphsOf(block).map(({ bound }) => bound));
  return [
    ...equalities.map((node) => relation(show(story, node), "=", number(0))),
    ...inequalities
      .filter((node) => !dependsOn(node, bounds))
      .map((node) => relation(show(story, node), "≤", number(0))),
  ];
}

/** The unknowns that stand for kinks. */
export const epigraphsOf = ({ plan }: NamedBlock): readonly Epigraph[] => plan.facts.block.constrained?.epigraphs ?? [];

/** Σ weight |y − centre| or Σ weight ‖y‖, each. */
export function penaltyFormulas(story: Story, block: NamedBlock): readonly Formula[] {
  const g = story.problem.graph;
  const { nonsmooth, unknowns } = block.plan.facts.block;
  return (nonsmooth?.pieces ?? []).flatMap((piece, k): readonly Formula[] => {
    if (!isPenalty(piece)) return [];
    const y = unknowns[k] as Input;
    const size =
      piece.kind === "penalty"
        ? map(g, "abs", add(g, [1, -1], [y, piece.centre]))
        : map(g, "sqrt", normSquares(g, y, piece));
    const [penalty] = simplify(g, [sumAll(g, multiply(g, piece.weight, size))]);
    return [show(story, penalty as Node)];
  });
}

/** What ties the unknowns. */
export function ties(story: Story, block: NamedBlock): readonly Line[] {
  const constraints = constraintFormulas(story, block);
  return [
    ...ofPieces(block, (own, y, piece) => own.tie(story, y, piece)),
    ...(constraints.length === 0 ? [] : [["subject to ", ...commas(constraints)]]),
    ...epigraphsOf(block).map(
      ({ bound, kink }): Line => [
        nameOf(story, bound),
        " stands for ",
        show(story, kink),
        " (epigraph form): each of its pieces is a constraint",
      ],
    ),
  ];
}

/** The face that the derivative is taken on. */
export function faces(story: Story, block: NamedBlock): readonly Line[] {
  const isConstrained = faced(block).some(({ constrained }) => constrained !== undefined);
  const active = isConstrained ? [["the active constraints, held as equations"]] : [];
  return [...ofPieces(block, (own, y, piece) => own.face(story, y, piece)), ...active].map((line) => [
    "differentiated on ",
    ...line,
  ]);
}

/** Meanings of masks and multipliers. */
export function faceLetters(story: Story, block: NamedBlock): readonly Line[] {
  const { constrained, unknowns } = block.plan.facts.block;
  const { active = [], equalities = [] } = constrained ?? {};
  const multipliers = unknowns.filter(({ role }) => role === "multiplier");
  const told = (inputs: readonly Input[], one: string, several: string, what: string): Line => [
    ...commas(inputs.map((own) => nameOf(story, own))),
    ` ${inputs.length > 1 ? several : one} ${what}`,
  ];
  const letters: readonly Line[] = [
    told(active, "is", "are", "1 where the inequality is active, and 0 where it is slack"),
    told(multipliers.slice(0, equalities.length), "multiplies", "multiply", "what is equal to 0"),
    told(multipliers.slice(equalities.length), "multiplies", "multiply", "what is at most 0"),
  ];
  const counts = [active.length, equalities.length, active.length];
  return [
    ...ofPieces(block, (own, y, piece) => own.letters(story, y, piece)),
    ...(constrained === undefined ? [] : letters.filter((_, k) => counts[k] !== 0)),
  ];
}

/** What the curvature of the face is made of. */
export function faceSystem(story: Story, block: NamedBlock): readonly Line[] {
  const constrained: readonly Line[] =
    block.plan.facts.block.constrained === undefined
      ? []
      : [["the derivative of the optimality conditions, bordered by that of the active constraints"]];
  if (block.plan.facts.block.responses.length > 0) return [];
  const systems = ofPieces(block, (own, y, piece) => own.system(block.smooth, story, y, piece));
  return [...systems, ...constrained].map((line) => [block.curvature, " is the system of the face: ", ...line]);
}

/** What the adjoint is on a face without multipliers: (Hᵀ v) there reads the masked rows of v alone. */
export function faceAdjoint(story: Story, block: NamedBlock): readonly Line[] {
  const { nonsmooth, unknowns, adjoints } = block.plan.facts.block;
  if (nonsmooth === undefined || unknowns.some(({ role }) => role === "multiplier")) return [];
  const v = commas(adjoints.map((adjoint) => nameOf(story, adjoint)));
  return [
    ["on the face, ", ...v, " solves the system of the face alone: what is at a kink or bound takes no part in it"],
  ];
}
