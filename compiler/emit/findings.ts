/** What the structure of a lower-level block says about it: in sentences, with what is assumed and what a run verifies. */
import { evaluateSize, type Size } from "../ir/size.ts";
import { kinkName } from "../derive/kinks.ts";
import type { Item } from "./explanation.ts";
import { array, rankOf, whole } from "./notation.ts";
import { commas, type Inline, type NamedBlock, type NamedClause, type Story } from "./story.ts";
import { sizeFormula } from "./symbols.ts";

export function findings(story: Story, block: NamedBlock): readonly Item[] {
  const lines = [
    what(story, block),
    form(story, block),
    ...upperLevel(story, block),
    ...kinks(story, block),
    assumption(block),
  ];
  return lines.filter((parts) => parts.length > 0).map((parts) => ({ kind: "sentence", parts }));
}

const names = (story: Story, block: NamedBlock): readonly Inline[] =>
  commas(block.plan.facts.block.unknowns.map((unknown) => story.notation.symbols.of(unknown)));

/** Whether a clause reads what a deeper level answers, so that the deeper condition enters with multipliers. */
export const hasMultipliers = (block: NamedBlock): boolean =>
  block.plan.facts.block.unknowns.some(({ role }) => role === "multiplier");

/** The kind of problem that the block is. */
function what(story: Story, block: NamedBlock): readonly Inline[] {
  const { facts } = block.plan;
  const unknowns = names(story, block);
  if (!facts.minimisation) {
    const kind = facts.quadratic ? "linear" : "nonlinear";
    if (hasMultipliers(block)) {
      const multipliers = facts.block.unknowns.filter(({ role }) => role === "multiplier");
      const letters = commas(multipliers.map((multiplier) => story.notation.symbols.of(multiplier)));
      return [
        `${kind} equations in `,
        ...unknowns,
        " together; ",
        ...letters,
        " multiplies the deeper level's condition",
      ];
    }
    return block.clauses.length > 1
      ? ["an equilibrium: ", ...unknowns, ` answer each other, through ${kind} equations`]
      : [`a ${kind} system of equations in `, ...unknowns];
  }
  const letter = (block.clauses[0] as NamedClause).letter;
  const models = facts.quadratic ? [] : linearModel(story, block);
  const parts: Inline[] = [
    letter,
    facts.quadratic ? " is quadratic in " : models.length > 0 ? "" : " is a smooth function of ",
    ...(models.length > 0 ? models : unknowns),
  ];
  const maximized = isMaximized(block);
  const convex = maximized ? "concave" : "convex";
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

/** Whether f equals g (as written) up to terms free of the unknowns, or minus g. */
export const agreesWithUpper = (block: NamedBlock): boolean =>
  (block.plan.facts.upper === "equal") !== isMaximized(block);

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
  return [
    [
      story.upper,
      agreesWithUpper(block) ? " equals " : " is minus ",
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
function assumption(block: NamedBlock): readonly Inline[] {
  const { facts } = block.plan;
  if (facts.minimisation && facts.modulus !== undefined)
    return [
      "so there is exactly one solution, and ",
      block.curvature,
      " is positive definite there: nothing is assumed",
    ];
  const property = facts.minimisation ? " is positive definite" : " is invertible";
  return ["assumed, and verified at the solution found: ", block.curvature, property];
}
