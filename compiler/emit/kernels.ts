/**
 * Functions in an RKHS as they are explained: each kernel matrix is a letter. What the kernel reads enters the hypergradient by way of
 * these letters, ⟨∂ℒ/∂K, ∂K/∂s⟩, so that no formula holds the kernel's own.
 */
import { type Derivation, deriveImplicit } from "../derive/implicit.ts";
import { isZero } from "../derive/pieces.ts";
import { type Graph, input } from "../ir/graph.ts";
import { dependsOn, type Input, type Node } from "../ir/node.ts";
import { substitute } from "../ir/substitute.ts";
import { clausesOf, type LowerClause, type LowerLevel, type Problem, type Representer } from "../lower/problem.ts";
import { factsOf } from "../plan/facts.ts";
import type { BlockPlan, Plan } from "../plan/plan.ts";
import type { Item } from "./explanation.ts";
import type { Formula } from "./math.ts";
import { commas, derivative, type Inline, type NamedBlock, nameOf, type Story, show } from "./story.ts";

/** A kernel matrix with its letter. */
export interface KernelLetter {
  readonly letter: Input;
  readonly matrix: Node;
  /** ∂ℒ/∂K, where the upper objective or a condition reads it. */
  readonly slope?: Node;
}

export interface ShownKernels {
  readonly problem: Problem;
  readonly derivation: Derivation;
  readonly plan: Plan;
  readonly kernels: readonly KernelLetter[];
}

export function shownWithKernels(problem: Problem, derivation: Derivation, plan: Plan): ShownKernels {
  if (derivation.blocks.every(({ represented }) => represented === undefined))
    return { problem, derivation, plan, kernels: [] };
  const g = problem.graph;
  const representers = representersOf(problem);
  const matrices = representers.flatMap(({ coefficients, matrices: own }) =>
    [...own].map(([table, matrix]) => {
      const apart = [...(representers.length === 1 ? [] : [coefficients.name]), ...(table === "" ? [] : [table])];
      return { matrix, letter: input(g, ["kernel matrix", apart.join(":")].join(" ").trim(), "step", matrix.shape) };
    }),
  );
  const stands = new Map<Node, Node>(matrices.map(({ matrix, letter }) => [matrix, letter]));
  const lettered = problemWith(g, problem, stands);
  const variables = problem.upper?.variables ?? [];
  const over = [...variables, ...matrices.map(({ letter }) => letter)];
  const full = deriveImplicit(
    lettered.upper === undefined ? lettered : { ...lettered, upper: { ...lettered.upper, variables: over } },
  );
  const slopes = full.hypergradient.slice(variables.length);
  const blocks = plan.blocks.map((own, k): BlockPlan => {
    const facts = factsOf(g, full.blocks[k] ?? own.facts.block, full.blocks);
    return { ...own, facts: { ...facts, upper: own.facts.upper, represented: own.facts.represented } };
  });
  return {
    problem: lettered,
    derivation: {
      ...full,
      direct: full.direct.slice(0, variables.length),
      hypergradient: full.hypergradient.slice(0, variables.length),
    },
    plan: { ...plan, blocks },
    kernels: matrices.map((own, k) => {
      const slope = slopes[k];
      return slope === undefined || isZero(slope) ? own : { ...own, slope };
    }),
  };
}

const representersOf = ({ level }: Problem): readonly Representer[] =>
  clausesOf(level).flatMap((clause) => (clause.kind === "optimize" ? (clause.representers ?? []) : []));

function problemWith(g: Graph, problem: Problem, stands: ReadonlyMap<Node, Node>): Problem {
  const one = (node: Node): Node => substitute(g, [node], stands)[0] as Node;
  const clauseWith = (clause: LowerClause): LowerClause =>
    clause.kind === "solves"
      ? { ...clause, residual: one(clause.residual) }
      : {
          ...clause,
          objective: one(clause.objective),
          minimand: one(clause.minimand),
          ...(clause.representers && {
            representers: clause.representers.map((own) => ({
              ...own,
              gram: one(own.gram),
              values: { ...own.values, node: one(own.values.node) },
              norm: { ...own.norm, node: one(own.norm.node) },
            })),
          }),
        };
  const levelWith = (level: LowerLevel): LowerLevel => ({
    clauses: level.clauses.map(clauseWith),
    deeper: level.deeper && levelWith(level.deeper),
  });
  return {
    ...problem,
    upper: problem.upper && { ...problem.upper, objective: one(problem.upper.objective) },
    level: problem.level && levelWith(problem.level),
  };
}

// ------------------------------------------------------------------------------------------------------- sentences

/** What the letters are, and what the functions are by the representer theorem. */
export function kernelFindings(story: Story, block: NamedBlock): readonly (readonly Inline[])[] {
  const { represented: facts } = block.plan.facts;
  if (facts === undefined) return [];
  const { representers, certificate, inFunctions } = facts.represented;
  const spaces = representers.flatMap(({ coefficients: { name }, gram, matrices }): readonly (readonly Inline[])[] => {
    const own = story.kernels.filter(({ matrix }) => [...matrices.values()].includes(matrix));
    const lettersOf = (isGram: boolean): readonly Inline[] =>
      commas(
        own
          .filter(({ matrix, slope }) => (isGram ? matrix === gram : matrix !== gram && slope !== undefined))
          .map(({ letter }) => nameOf(story, letter)),
      );
    const elsewhere = lettersOf(false);
    return [
      [
        `${name} is in the RKHS of `,
        ...kernelText(story, name),
        `; by the representer theorem it is a sum over the points where its clause evaluates it, of the kernel times coefficients, which ${name} stands for`,
      ],
      [
        ...lettersOf(true),
        " is the kernel between these points",
        ...(elsewhere.length === 0 ? [] : ["; ", ...elsewhere, " between those where the rest evaluates it and these"]),
      ],
    ];
  });
  const names = commas(representers.map(({ coefficients }) => nameOf(story, coefficients)));
  const isProved = facts.isConvex && facts.penalties.every((sign) => sign === "positive");
  const unique: readonly Inline[] = isProved
    ? [
        "convex in the values, with a positive penalty on each norm: there is exactly one minimiser, and nothing is assumed",
      ]
    : certificate === undefined
      ? []
      : [
          "assumed, and verified at the solution found: the curvature on the span of the kernel is positive definite, so it is a strict minimum",
        ];
  const condition: readonly Inline[] = [
    "the condition in ",
    ...names,
    " is the gradient in the RKHS read off at the points: the derivative by the coefficients without its factor k, so that no system is as badly conditioned as k",
  ];
  const both: readonly Inline[] =
    typeof inFunctions === "string"
      ? [`differentiated through the coefficients; not in the RKHS itself: ${inFunctions}`]
      : ["differentiated through the coefficients or in the RKHS: gradcheck shows both"];
  return [...spaces, unique, condition, both];
}

/** `gaussian(bandwidth: exp(s))` */
function kernelText(story: Story, name: string): readonly Inline[] {
  const template = story.problem.declarations.get(name) ?? [];
  const pieces = template.slice(template.indexOf(" in RKHS(") + 1, -1);
  return pieces.map((piece) => (typeof piece === "string" ? piece : show(story, piece)));
}

/** How the adjoint is found where it is found in the RKHS. */
export function adjointInSpace(story: Story, block: NamedBlock): readonly (readonly Inline[])[] {
  if (block.plan.adjoint.solver !== "rkhs") return [];
  const values = commas(block.plan.facts.block.adjoints.map((v) => nameOf(story, v)));
  return [
    [
      ...values,
      " holds the values of the adjoint function a = Σ γ[c] k(c, ·) + b/ρ at the points, where b is the gradient of ",
      story.upper,
      " in the RKHS, ρ the penalty, D the curvature of the loss in the values, and ",
      block.curvature,
      " γ = −D b/ρ",
    ],
  ];
}

/** ⟨dℒ/dK, ∂K/∂s⟩ for each kernel matrix that reads the variable. */
export function throughKernels(story: Story, variable: Input): readonly Formula[] {
  return story.kernels
    .filter(({ matrix, slope }) => slope !== undefined && dependsOn(matrix, new Set([variable])))
    .map(({ letter }) => ({
      kind: "inner",
      left: derivative(story.upper, [nameOf(story, letter)], true),
      right: derivative(nameOf(story, letter), [nameOf(story, variable)]),
    }));
}

/** dℒ/dK where a kernel reads upper variables. */
export function kernelSlopes(story: Story): readonly Item[] {
  const variables = new Set<Node>(story.problem.upper?.variables ?? []);
  return story.kernels.flatMap(({ letter, matrix, slope }): readonly Item[] =>
    slope === undefined || !dependsOn(matrix, variables)
      ? []
      : [{ kind: "equation", sides: [derivative(story.upper, [nameOf(story, letter)], true), show(story, slope)] }],
  );
}
