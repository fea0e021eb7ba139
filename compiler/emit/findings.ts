/** What the structure of a lower-level block says about it: in sentences, with what is assumed and what a run verifies. */

import { kinkName } from "../derive/kinks.ts";
import { evaluateSize, type Size } from "../ir/size.ts";
import { isConvexProblem } from "../plan/facts.ts";
import type { Item } from "./explanation.ts";
import { epigraphsOf, faces, hasFace, penaltyFormulas, ties } from "./faces.ts";
import { functionFindings } from "./functions.ts";
import { kernelFindings } from "./kernels.ts";
import { type Formula, negative, sum } from "./math.ts";
import { array, rankOf, whole } from "./notation.ts";
import { pathFindings } from "./paths.ts";
import { commas, type Inline, mapNames, type NamedBlock, type NamedClause, nameOf, type Story } from "./story.ts";
import { sizeFormula } from "./symbols.ts";

export function findings(story: Story, block: NamedBlock): readonly Item[] {
  const { path } = block.plan.facts.block;
  const lines = [
    ...batch(story, block),
    ...functionFindings(story, block),
    ...kernelFindings(story, block),
    ...what(story, block),
    ...ties(story, block),
    form(story, block),
    ...upperLevel(story, block),
    ...(hasFace(block) ? [] : kinks(story, block)),
    ...faces(story, block),
    ...(block.plan.facts.pointwise !== undefined || block.plan.facts.represented !== undefined
      ? []
      : path === undefined
        ? assumptions(block)
        : pathFindings(story, block, path)),
  ];
  return lines.filter((parts) => parts.length > 0).map((parts) => ({ kind: "sentence", parts }));
}

const names = (story: Story, block: NamedBlock): readonly Inline[] =>
  commas(mapNames(story, block.plan.facts.block.unknowns));

/** Without multipliers. */
const declared = (story: Story, block: NamedBlock): readonly Inline[] =>
  commas(
    mapNames(
      story,
      block.clauses.flatMap(({ clause }) => clause.unknowns),
    ),
  );

/** Whether the conditions are those of a Lagrangian, which has no letter of its own. */
export const hasMultipliers = (block: NamedBlock): boolean =>
  block.plan.facts.block.unknowns.some(({ role }) => role === "multiplier");

/** Whether a clause reads what a deeper level answers, so that the deeper condition enters with multipliers. */
const isNested = (block: NamedBlock): boolean => hasMultipliers(block) && !hasFace(block);

/** Whether a clause holds a stopped copy of its own unknown: what is minimised is then no longer what is solved. */
const hasStoppedCopy = (block: NamedBlock): boolean => {
  const [first, ...rest] = block.clauses;
  return rest.length === 0 && first?.clause.kind === "optimize" && block.plan.facts.smooth === undefined;
};

function batch(story: Story, block: NamedBlock): readonly (readonly Inline[])[] {
  const size = block.plan.facts.block.unknowns[0]?.shape[0];
  if (block.index === undefined || size === undefined) return [];
  return [[`one problem for each ${block.index}, `, ...sized(story, size), " of them: solved together, as one batch"]];
}

/** The kind of problem that the block is. */
function what(story: Story, block: NamedBlock): readonly (readonly Inline[])[] {
  const { facts } = block.plan;
  const unknowns = names(story, block);
  const penalties = penaltyFormulas(story, block);
  const split: readonly Inline[] = [minimisedBy(block), " = ", sumOf([block.smooth, ...penalties])];
  if (facts.smooth !== undefined) return [...(penalties.length === 0 ? [] : [split]), smoothPart(story, block)];
  const kind = facts.quadratic ? "linear" : "nonlinear";
  if (isNested(block)) return nested(story, block, kind);
  if (hasStoppedCopy(block) && block.plan.facts.pointwise !== undefined) return [];
  if (facts.represented !== undefined) return [[`a ${kind} system of equations in `, ...unknowns]];
  if (hasStoppedCopy(block))
    return [["the point where ", ...unknowns, ` and its stopped copy agree: a ${kind} system of equations`]];
  if (facts.fixedPoint)
    return [
      [
        `a fixed point of a ${kind} map: `,
        ...unknowns,
        unknowns.length === 1 ? " is its own image" : " are their own image",
      ],
    ];
  return block.clauses.length > 1
    ? [["an equilibrium: ", ...unknowns, ` answer each other, through ${kind} equations`]]
    : [[`a ${kind} system of equations in `, ...unknowns]];
}

/** Levels below levels: what multiplies the deeper condition is the deeper level's adjoint. */
function nested(story: Story, block: NamedBlock, kind: string): readonly (readonly Inline[])[] {
  const { unknowns } = block.plan.facts.block;
  const letters = (role: "lower" | "multiplier"): readonly Inline[] =>
    commas(unknowns.filter((own) => own.role === role).map((own) => nameOf(story, own)));
  const multipliers = unknowns.filter(({ role }) => role === "multiplier");
  return [
    [`levels that answer each other: ${kind} equations in `, ...letters("lower"), " and ", ...letters("multiplier")],
    [
      ...letters("multiplier"),
      multipliers.length === 1 ? " is the adjoint" : " are the adjoints",
      " of the deeper level, by which its answer enters the conditions above it",
    ],
  ];
}

/** g, or −g where it is maximised. */
function minimisedBy(block: NamedBlock): Formula {
  const { letter } = block.clauses[0] as NamedClause;
  return isMaximized(block) ? negative(letter) : letter;
}

const sumOf = (terms: readonly Formula[]): Formula => sum(terms.map((term) => ({ sign: 1, term })));

/** What is minimised, less its kinks. */
function smoothPart(story: Story, block: NamedBlock): readonly Inline[] {
  const { facts } = block.plan;
  const isWhole = penaltyFormulas(story, block).length === 0;
  const letter = isWhole ? (block.clauses[0] as NamedClause).letter : block.smooth;
  const models = facts.smoothQuadratic ? [] : linearModel(story, block);
  const epigraphs = epigraphsOf(block).map(({ bound }) => nameOf(story, bound));
  const parts: Inline[] = [
    letter,
    ...(epigraphs.length === 0 ? [] : [", with ", ...commas(epigraphs), " for its kinks,"]),
    facts.smoothQuadratic ? " is quadratic in " : models.length > 0 ? "" : " is a smooth function of ",
    ...(models.length > 0 ? models : declared(story, block)),
  ];
  const convex = isWhole && isMaximized(block) ? "concave" : "convex";
  if (facts.modulus !== undefined) {
    const bounds = facts.modulus.map((node) => array(story.notation, node));
    const varies = facts.modulus.some((node) => whole(story.notation, node)?.body !== undefined);
    const least = varies ? "min " : "";
    return [...parts, `; strongly ${convex}, modulus ${least}`, ...commas(bounds)];
  }
  if (facts.convexity === "convex") return [...parts, `; ${convex}`];
  if (facts.convexity === "affine") return [...parts, "; affine"];
  return [...parts, `; not proved ${convex}`];
}

/** What the objective is a sum of functions of, row by row: X θ. */
function linearModel(story: Story, block: NamedBlock): readonly Inline[] {
  const predictor = block.plan.facts.predictors.find((node) => rankOf(node) > 0);
  return predictor === undefined ? [] : [" is a generalised linear model in ", array(story.notation, predictor)];
}

export const isMaximized = (block: NamedBlock): boolean =>
  block.clauses.some(({ clause }) => clause.kind === "optimize" && clause.direction === "maximizes");

/** What f is of g (as written) up to terms free of the unknowns, where their adjoint is zero. */
export function relationToUpper(block: NamedBlock): "equal" | "negated" | "proportional" {
  const { upper } = block.plan.facts;
  if (upper === "proportional") return upper;
  return (upper === "equal") !== isMaximized(block) ? "equal" : "negated";
}

function sized(story: Story, size: Size): readonly Inline[] {
  const value = evaluateSize(size, story.sizes);
  return value === undefined || size.key === String(value) ? [sizeFormula(size)] : [sizeFormula(size), ` = ${value}`];
}

function form(story: Story, block: NamedBlock): readonly Inline[] {
  const { form: found } = block.plan.facts;
  switch (found.kind) {
    case "zero":
      return ["curvature zero"];
    case "diagonal":
      return ["curvature diagonal: no two of the ", ...sized(story, found.count), " entries are coupled"];
    case "blocks":
      return [
        "curvature block-diagonal: ",
        ...sized(story, found.count),
        found.shared ? " times the same block of order " : " blocks of order ",
        ...sized(story, found.order),
      ];
    case "operator":
      return ["curvature of order ", ...sized(story, found.order), ", which is not formed"];
    case "dense":
      return ["curvature dense, of order ", ...sized(story, found.order)];
    default:
      return found.kind satisfies never;
  }
}

function upperLevel(story: Story, block: NamedBlock): readonly (readonly Inline[])[] {
  const { upper } = block.plan.facts;
  if (story.problem.upper === undefined || upper === "different") return [];
  const letter = block.clauses[0]?.letter ?? story.upper;
  if (upper === "absent") return [["the upper level does not read ", ...names(story, block)]];
  if (block.plan.facts.block.path !== undefined) return [];
  return [
    [
      story.upper,
      { equal: " equals ", negated: " is minus ", proportional: " is a multiple of " }[relationToUpper(block)],
      letter,
      " up to terms free of ",
      ...names(story, block),
      ": no adjoint is needed (Danskin)",
    ],
  ];
}

function kinks(story: Story, block: NamedBlock): readonly (readonly Inline[])[] {
  const found = [...new Set(block.plan.facts.kinks.map(kinkName))];
  return found.length === 0 ? [] : [[`kinks in `, ...names(story, block), `: ${found.join(", ")}`]];
}

/** What the derivative rests on, and how a run sees that it holds. */
function assumptions(block: NamedBlock): readonly (readonly Inline[])[] {
  const { facts } = block.plan;
  const isUnique = facts.modulus !== undefined;
  const verified = "assumed, and verified at the solution found: ";
  if (hasFace(block)) {
    const pieces = facts.block.nonsmooth?.pieces ?? [];
    const where = facts.block.constrained === undefined ? "entry at its kink or bound" : "active constraint";
    const strict = `a force on each ${where} (strict complementarity)`;
    const curved: readonly Inline[] =
      isUnique && facts.block.constrained === undefined
        ? ["so there is exactly one solution, and ", block.curvature, " is invertible there"]
        : [verified, block.curvature, " is invertible"];
    const isSeen = pieces.every(({ kind }) => kind !== "psd");
    const minimum = isConvexProblem(facts)
      ? []
      : [
          isSeen
            ? `${verified}a minimum on the face (up to order 600)`
            : "not verified: that the solution is a minimum",
        ];
    return [curved, [`assumed, and checked at the solution found, with a warning: ${strict}`], minimum];
  }
  if (facts.minimisation && isUnique)
    return [
      ["so there is exactly one solution, and ", block.curvature, " is positive definite there: nothing is assumed"],
    ];
  const property = facts.minimisation ? " is positive definite" : " is invertible";
  const deeper =
    facts.block.optima.length > 0
      ? [[verified, "a minimum at each level, with all that answers it following (up to order 600)"].join("")]
      : [];
  const attracts: readonly Inline[] = facts.fixedPoint
    ? [
        "estimated at the solution found, with a warning from 1 on: the contraction factor, the spectral radius of I − ",
        block.curvature,
      ]
    : [];
  const inTurns: readonly Inline[] =
    facts.block.responses.length === 0
      ? []
      : [
          "assumed, and checked at the solution found, with a warning: a force on each kink, bound or active constraint (strict complementarity)",
        ];
  const off: readonly Inline[] =
    facts.crossings.length === 0
      ? []
      : ["assumed, and checked at the solution found, with a warning: no entry is at the kink of a max or abs"];
  return [[verified, block.curvature, property], inTurns, deeper, attracts, off];
}
