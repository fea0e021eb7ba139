/**
 * Functional implicit differentiation (Petrulionyte, Mairal and Arbel 2024). The lower unknown is a function h in L2(D), which
 * minimises g(w, h) = E_D[ℓ(w, v)], v = h(z): a loss that is strongly convex in the value v, row by row. Its condition is ∂_v ℓ = 0 in
 * L2(D), and the Lagrangian of all implicit differentiation, with the adjoint function a and h held constant, is
 *
 *     ℒ(w, h) = f(w, h) − E_D[⟨a(z), ∂_v ℓ(w, h(z))⟩].
 *
 * ∂ℒ/∂h = 0 says that the adjoint function minimises the adjoint loss
 *
 *     ½ E_D[aᵀ ∂²_v ℓ a] − ⟨a, ∂_v f⟩,
 *
 * whose last part runs over the points where f evaluates h: another table's rows, if need be. The hypergradient is ∂ℒ/∂w. Both h
 * and a are represented by families of maps and found by minimising in their weights; no second derivative of such a map is taken.
 */
import { BilevelError } from "../../grammar/diagnostics.ts";
import { notPointwise } from "../errors.ts";
import { add, type Graph, scale } from "../ir/graph.ts";
import { type Input, type Node, reachable } from "../ir/node.ts";
import { substitute } from "../ir/substitute.ts";
import type { ClosedForm, FunctionValue, L2Function, LowerClause, LowerLevel, Problem } from "../lower/problem.ts";
import { simplify } from "../simplify/simplify.ts";
import { gradient, hessianVectorProduct, jacobian } from "./differentiate.ts";
import { pairing } from "./pairing.ts";

/** What a clause asks of a function in L2(D). */
export interface Functional {
  readonly fn: L2Function;
  /** h(z) at the rows of D. */
  readonly value: FunctionValue;
  /** E_D[ℓ], and its first and second derivative in the values at the rows. */
  readonly loss: Node;
  readonly slope: Node;
  readonly curvature: Node;
}

type Optimize = Extract<LowerClause, { kind: "optimize" }>;

/** Throws a refusal where the clause is no loss of h's values, row by row. */
export function functionalOf(g: Graph, clause: Optimize, fn: L2Function): Functional {
  const refuse = (why: string, suggestion: string): never => {
    throw new BilevelError([notPointwise(fn.name, why, clause.span, suggestion)]);
  };
  const [loss] = simplify(g, [clause.minimand]) as [Node];
  const read = new Set(reachable([loss]));
  const values = fn.values.filter(({ input }) => read.has(input));
  const [value] = values;
  if (clause.unknowns.length !== fn.weights.length)
    return refuse("another unknown is chosen with it", "give each unknown a clause of its own, joined by `and`");
  if (clause.subject.length > 0 || clause.selected !== undefined)
    return refuse("it has constraints or a selection", "take them away, or write method: aid");
  if (value === undefined || values.length > 1)
    return refuse(`it evaluates ${fn.name} at ${values.length} arguments`, `evaluate ${fn.name} at one argument`);
  if (value.table === undefined || value.table !== fn.table)
    return refuse(
      `it evaluates ${fn.name} on the rows of ${value.table ?? "several tables"}, and ${fn.name} is in L2(${fn.table ?? "..."})`,
      `declare ${fn.name} in L2(${value.table ?? "D"})`,
    );
  if (readsWeights(g, loss, fn))
    return refuse(
      `it reads ${fn.name} other than through its values at the rows`,
      "an L2 function has no weights to penalise: leave that term out, or write method: aid to differentiate in the weights",
    );
  const slope = simplify(g, gradient(g, loss, [value.input]))[0] as Node;
  return { fn, value, loss, slope, curvature: simplify(g, [jacobian(g, slope, value.input)])[0] as Node };
}

/** Whether a derivative in the weights is left beside those through values. */
function readsWeights(g: Graph, node: Node, fn: L2Function): boolean {
  const direct = simplify(g, gradient(g, node, fn.weights));
  return !direct.every((slope) => slope.kind === "constant" && slope.value === 0);
}

/** The adjoint loss in the values of the adjoint function; absent where `lagrangian` does not read h. */
export function adjointLoss(g: Graph, functional: Functional, lagrangian: Node): Node | undefined {
  const { fn, value, loss } = functional;
  if (readsWeights(g, lagrangian, fn))
    throw new BilevelError([
      notPointwise(
        fn.name,
        `the upper level reads ${fn.name} other than through its values at rows of tables`,
        fn.span,
        `evaluate ${fn.name} at arguments that read no unknown, or write method: aid`,
      ),
    ]);
  const slopes = simplify(
    g,
    gradient(
      g,
      lagrangian,
      fn.values.map(({ input }) => input),
    ),
  );
  const read = fn.values.flatMap((at, k) => {
    const slope = slopes[k] as Node;
    return slope.kind === "constant" && slope.value === 0 ? [] : [pairing(g, at.adjointInput, slope)];
  });
  if (read.length === 0) return undefined;
  const [product] = hessianVectorProduct(g, loss, [value.input], [value.adjointInput]) as [Node];
  return add(g, [1, ...read.map(() => -1)], [scale(g, 0.5, pairing(g, value.adjointInput, product)), ...read]);
}

/** What is minimised in the weights of a family: the loss, and the ridge penalty on a last layer in closed form. */
export function penalised(g: Graph, loss: Node, head: ClosedForm | undefined): Node {
  const squares = head?.weights.map((tensor) => pairing(g, tensor, tensor)) ?? [];
  return add(g, [1, ...squares.map(() => head?.ridge ?? 0)], [loss, ...squares]);
}

/** E_D[⟨a, ∂_v ℓ⟩] */
export function adjointPairing(g: Graph, { value, slope }: Functional): Node {
  return pairing(g, value.adjointInput, slope);
}

/** Nodes with every value of a function and of its adjoint written through the family that represents it. */
export function throughFamilies(
  g: Graph,
  functions: readonly L2Function[],
): (nodes: readonly Node[]) => readonly Node[] {
  const replacements = new Map<Node, Node>(
    functions.flatMap(({ values }) =>
      values.flatMap(({ input, network, adjointInput, adjointNetwork }) => [
        [input, network] as const,
        [adjointInput, adjointNetwork] as const,
      ]),
    ),
  );
  return (nodes) => (replacements.size === 0 ? nodes : substitute(g, nodes, replacements));
}

/** The same problem in the weights of the families: functions are then unknowns like any other. */
export function onWeights(problem: Problem): Problem {
  const through = throughFamilies(problem.graph, problem.functions);
  const one = (node: Node): Node => through([node])[0] as Node;
  const headOf = ({ unknowns }: LowerClause) =>
    problem.functions.find(({ weights }) => unknowns.includes(weights[0] as Input))?.head;
  const onLevel = (level: LowerLevel): LowerLevel => ({
    clauses: level.clauses.map(
      (clause): LowerClause =>
        clause.kind === "solves"
          ? { ...clause, residual: one(clause.residual) }
          : {
              ...clause,
              objective: one(clause.objective),
              minimand: penalised(problem.graph, one(clause.minimand), headOf(clause)),
            },
    ),
    deeper: level.deeper && onLevel(level.deeper),
  });
  return {
    ...problem,
    functions: [],
    upper: problem.upper && { ...problem.upper, objective: one(problem.upper.objective) },
    level: problem.level && onLevel(problem.level),
  };
}
