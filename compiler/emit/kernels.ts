/**
 * Functions in an RKHS as they are explained: each kernel matrix is a letter. What the kernel reads enters the hypergradient by way of
 * these letters, ⟨∂ℒ/∂K, ∂K/∂s⟩, so that no formula holds the kernel's own.
 */
import { type Derivation, deriveImplicit } from "../derive/implicit.ts";
import { isZero } from "../derive/pieces.ts";
import { type Graph, input } from "../ir/graph.ts";
import { dependsOn, type Input, type Node } from "../ir/node.ts";
import { substitute } from "../ir/substitute.ts";
import type { LowerClause, LowerLevel, Problem, Representer } from "../lower/problem.ts";
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
  const { expansions, graph: g } = problem;
  if (expansions.length === 0) return { problem, derivation, plan, kernels: [] };
  const matrices = expansions.flatMap(({ coefficients, matrices: own, approximation }) =>
    [...own].map(([table, matrix]) => {
      const apart = [...(expansions.length === 1 ? [] : [coefficients.name]), ...(table === "" ? [] : [table])];
      const what = approximation === undefined ? "kernel matrix" : "basis";
      return { matrix, letter: input(g, [what, apart.join(":")].join(" ").trim(), "step", matrix.shape) };
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

/** What a function is, and what the letters are. */
function spaceOf(
  story: Story,
  { coefficients: { name }, gram, matrices, approximation }: Representer,
): readonly (readonly Inline[])[] {
  const own = story.kernels.filter(({ matrix }) => [...matrices.values()].includes(matrix));
  const lettersOf = (isGram: boolean): readonly Inline[] =>
    commas(
      own
        .filter(({ matrix, slope }) => (isGram ? matrix === gram : matrix !== gram && slope !== undefined))
        .map(({ letter }) => nameOf(story, letter)),
    );
  const elsewhere = lettersOf(false);
  const stands =
    approximation === undefined
      ? `; by the representer theorem it is a sum over the points where its clause evaluates it, of the kernel times coefficients, which ${name} stands for`
      : `; an approximation: in the span of the kernel at ${approximation.count.key} of the points where its clause evaluates it, chosen by seed ${approximation.seed} (Nyström), with coordinates in an orthonormal basis of it, which ${name} stands for`;
  return [
    [`${name} is in the RKHS of `, ...kernelText(story, name), stands],
    [
      ...lettersOf(true),
      approximation === undefined ? " is the kernel between these points" : " is that basis at all these points",
      ...(elsewhere.length === 0
        ? []
        : [
            "; ",
            ...elsewhere,
            ` ${approximation === undefined ? "between those where the rest evaluates it and these" : "where the rest evaluates it"}`,
          ]),
    ],
  ];
}

/** What the functions of a block are, and what makes their condition one that has a single solution. */
export function kernelFindings(story: Story, block: NamedBlock): readonly (readonly Inline[])[] {
  const { represented: facts, block: own } = block.plan.facts;
  const approximate = story.problem.expansions.filter(
    ({ approximation, coefficients }) => approximation !== undefined && own.unknowns.includes(coefficients),
  );
  const spaces = [...(facts?.represented.representers ?? []), ...approximate].flatMap((each) => spaceOf(story, each));
  if (facts === undefined) return spaces;
  const { representers, certificate, inFunctions } = facts.represented;
  const names = commas(representers.map(({ coefficients }) => nameOf(story, coefficients)));
  const isProved = facts.isConvex && facts.penalties.every((sign) => sign === "positive");
  const unique: readonly Inline[] = isProved
    ? [
        "convex in the values, with a positive penalty on each norm: there is exactly one minimiser, and nothing is assumed",
      ]
    : facts.isConvex
      ? [
          "convex in the values; assumed, and verified: the penalty on each norm is positive, so there is exactly one minimiser",
        ]
      : certificate === undefined
        ? []
        : [
            "assumed, and verified at the solution found: penalties are positive and the curvature on the span of the kernel is positive definite, so it is a strict minimum",
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
