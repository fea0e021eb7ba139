/** The derived equations of each block: what its solution satisfies, the curvature, the adjoint system and the hypergradient. */
import type { Input, Node } from "../ir/node.ts";
import type { Item } from "./explanation.ts";
import { faceAdjoint, faceLetters, faceSystem, hasFace } from "./faces.ts";
import { hasMultipliers, relationToUpper } from "./findings.ts";
import { functionAdjoint } from "./functions.ts";
import { adjointInSpace, kernelSlopes, throughKernels } from "./kernels.ts";
import { type Formula, keyOf, negative, number, product, sum, transpose } from "./math.ts";
import { rankOf, whole } from "./notation.ts";
import { handedOn, pathAdjoint } from "./paths.ts";
import {
  commas,
  derivative,
  followedPath,
  type Inline,
  type NamedBlock,
  type NamedClause,
  nameOf,
  type Story,
  show,
} from "./story.ts";

/** Which clause and unknown each condition of the block belongs to. */
function owners(block: NamedBlock): readonly { readonly named: NamedClause; readonly unknown: Input }[] {
  const value = block.plan.facts.pointwise?.functional.value.input;
  return block.clauses.flatMap((named) =>
    (value === undefined ? named.clause.unknowns : [value]).map((unknown) => ({ named, unknown })),
  );
}

/** The condition as a derivative: −∂g/∂θ where g is maximised, the residual itself for an equation. */
function conditionLetter(story: Story, named: NamedClause, by: readonly Input[]): Formula {
  const names = by.map((unknown) => nameOf(story, unknown));
  if (named.clause.kind === "solves") {
    const rest = names.slice(1);
    return rest.length === 0 ? named.letter : derivative(named.letter, rest);
  }
  const formula = derivative(named.letter, names);
  return named.clause.direction === "maximizes" ? negative(formula) : formula;
}

const sentence = (parts: readonly Inline[]): Item => ({ kind: "sentence", parts });

/** Only where the condition is one derivative is it written as one. Steps of descent end anywhere. */
export function stationarity(story: Story, block: NamedBlock): readonly Item[] {
  const { condition } = block.plan.facts.block;
  if (followedPath(block)?.selected.kind === "descent") return [];
  // In an RKHS it is the gradient there, read off at the points.
  const isOther = hasMultipliers(block) || hasFace(block) || block.plan.facts.represented !== undefined;
  const own = isOther ? [] : owners(block);
  const equations = condition.map((node, k): Item => {
    const owner = own[k];
    const letter = owner === undefined ? [] : [conditionLetter(story, owner.named, [owner.unknown])];
    return { kind: "equation", sides: [...letter, show(story, node), number(0)] };
  });
  return [...equations, ...faceLetters(story, block).map(sentence)];
}

/** Whether the block's curvature can be written down as a matrix. */
function isMatrix(story: Story, block: NamedBlock): boolean {
  const { unknowns, curvature } = block.plan.facts.block;
  return (
    unknowns.every((unknown) => rankOf(unknown) <= 1) &&
    curvature.every((row) => row.every((node) => whole(story.notation, node) !== undefined))
  );
}

export function curvature(story: Story, block: NamedBlock): readonly Item[] {
  return [...curvatureEquations(story, block), ...faceSystem(story, block).map(sentence)];
}

function curvatureEquations(story: Story, block: NamedBlock): readonly Item[] {
  const { facts } = block.plan;
  const { unknowns } = facts.block;
  const own = owners(block);
  const only = unknowns.length === 1 ? own[0] : undefined;
  if (isMatrix(story, block)) {
    const rows = facts.block.curvature.map((row) => row.map((node) => show(story, node)));
    const value = only === undefined ? ({ kind: "matrix", rows } as const) : (rows[0]?.[0] as Formula);
    const isDerivative = only !== undefined && (facts.minimisation || only.named.clause.kind === "solves");
    const letters = isDerivative ? [conditionLetter(story, only.named, [only.unknown, only.unknown])] : [];
    return [{ kind: "equation", sides: [block.curvature, ...letters, value] }];
  }
  const items = productEquations(story, block, false);
  const matrix =
    facts.form.kind === "blocks" && facts.form.shared ? whole(story.notation, facts.form.matrix) : undefined;
  if (matrix === undefined) return items;
  return [
    ...items,
    { kind: "sentence", parts: ["each block of ", block.curvature, " is ", show(story, facts.form.matrix)] },
  ];
}

/** H t = ..., or the same with Hᵀ, an equation for each unknown. */
function productEquations(story: Story, block: NamedBlock, transposed: boolean): readonly Item[] {
  const { tangents, product, transposedProduct } = block.plan.facts.block;
  const directions = tangents.map((tangent) => nameOf(story, tangent));
  return (transposed ? transposedProduct : product).map((image, k) => ({
    kind: "equation",
    sides: [productWith(block, directions, transposed, k), show(story, image)],
  }));
}

/** H t, or H[t] where the unknown is not a vector; the k-th part of it where there are several. */
function productWith(block: NamedBlock, directions: readonly Formula[], transposed: boolean, k: number): Formula {
  const { unknowns } = block.plan.facts.block;
  const letter = transposed ? transpose(block.curvature) : block.curvature;
  if (unknowns.length === 1 && rankOf(unknowns[0] as Input) <= 1) return product(letter, directions[0] as Formula);
  const image: Formula = { kind: "application", map: letter, arguments: directions };
  return unknowns.length === 1 ? image : { kind: "subscripted", base: image, indices: [number(k + 1)] };
}

export function adjoint(story: Story, block: NamedBlock): readonly Item[] {
  if (story.problem.upper === undefined) return [];
  const equations = adjointEquations(story, block);
  const more = [...faceAdjoint(story, block), ...adjointInSpace(story, block)];
  return block.plan.facts.upper === "absent" ? equations : [...equations, ...more.map(sentence)];
}

function adjointEquations(story: Story, block: NamedBlock): readonly Item[] {
  const { facts } = block.plan;
  if (facts.pointwise !== undefined) return functionAdjoint(story, block);
  const { unknowns, adjoints } = facts.block;
  const path = followedPath(block);
  if (block.plan.adjoint.solver === "zero")
    return [
      sentence(["the adjoint of ", ...commas(unknowns.map((own) => nameOf(story, own))), " is left out, as asked"]),
    ];
  if (facts.upper === "absent" || (facts.upper !== "different" && facts.block.path === undefined)) {
    const zero: readonly Inline[] = [
      "the adjoint of ",
      ...commas(unknowns.map((unknown) => nameOf(story, unknown))),
      " is zero: ",
    ];
    const both = [
      story.upper,
      relationToUpper(block) === "negated" ? " and minus " : " and ",
      block.clauses[0]?.letter ?? story.upper,
      ` have ${relationToUpper(block) === "proportional" ? "proportional derivatives" : "the same derivative"}, zero at the solution`,
    ];
    return [{ kind: "sentence", parts: [...zero, ...(facts.upper === "absent" ? ["nothing above reads it"] : both)] }];
  }
  const isLast = story.blocks.at(-1) === block;
  const names = adjoints.map((v) => nameOf(story, v));
  const gradients = isLast ? [unknowns.map((unknown) => derivative(story.upper, [nameOf(story, unknown)]))] : [];
  const right = [
    ...gradients,
    facts.block.adjointRhs.map((node, k) => plus(show(story, node), handedOn(story, unknowns[k] as Input))),
  ];
  if (path !== undefined) return pathAdjoint(story, block, right);
  const transposed = !facts.minimisation;
  if (unknowns.length > 1 && isMatrix(story, block)) {
    const stacked = (parts: readonly Formula[]): Formula => ({ kind: "matrix", rows: parts.map((part) => [part]) });
    const letter = transposed ? transpose(block.curvature) : block.curvature;
    return [{ kind: "equation", sides: [product(letter, stacked(names)), ...right.map(stacked)] }];
  }
  const systems = unknowns.map(
    (_, k): Item => ({
      kind: "equation",
      sides: [productWith(block, names, transposed, k), ...right.map((side) => side[k] as Formula)],
    }),
  );
  if (!transposed || isMatrix(story, block)) return systems;
  return [...systems, ...productEquations(story, block, true)];
}

export function hypergradient(story: Story): readonly Item[] {
  const { problem, derivation, blocks } = story;
  const adjointsVanish = blocks.every(
    ({
      plan: {
        facts,
        adjoint: { solver },
      },
    }) => solver === "zero" || (facts.upper !== "different" && facts.block.path === undefined),
  );
  const gradients = adjointsVanish ? derivation.direct : derivation.hypergradient;
  const multipliers = (derivation.constraints?.multipliers ?? []).map((own) => nameOf(story, own));
  const sign = problem.upper?.direction === "maximize" ? "minus" : "plus";
  const lines: readonly Item[] =
    multipliers.length === 0
      ? []
      : [
          sentence([
            story.upper,
            ` stands for itself ${sign} each upper constraint times its multiplier `,
            ...commas(multipliers),
            ", a constant; with 0 this is the hypergradient of the objective alone",
          ]),
        ];
  const equations = (problem.upper?.variables ?? []).map(
    (variable, k): Item => ({
      kind: "equation",
      sides: [
        derivative(story.upper, [nameOf(story, variable)], true),
        plus(show(story, gradients[k] as Node), [...handedOn(story, variable), ...throughKernels(story, variable)]),
      ],
    }),
  );
  return [...lines, ...equations, ...kernelSlopes(story)];
}

/** The sum, without a zero in front. */
function plus(first: Formula, rest: readonly Formula[]): Formula {
  const terms = keyOf(first) === "0" && rest.length > 0 ? rest : [first, ...rest];
  return sum(terms.map((term) => ({ sign: 1, term })));
}
