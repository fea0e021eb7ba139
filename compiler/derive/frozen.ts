/**
 * The problem with every copy that `stop` makes as an input of its own: held at its values at one point, the copies have no derivative
 * because they do not move, which is what differences of the problem solved again have to compare with.
 */
import { input } from "../ir/graph.ts";
import { type Input, type Node, reachable } from "../ir/node.ts";
import { substitute } from "../ir/substitute.ts";
import { clausesOf, type LowerClause, type LowerLevel, type Problem } from "../lower/problem.ts";

export interface Frozen {
  readonly problem: Problem;
  /** What each input stands for. */
  readonly copies: readonly { readonly node: Node; readonly input: Input }[];
}

/** `undefined` where nothing is stopped, or where it is inside a function in an RKHS. */
export function freezeCopies(problem: Problem): Frozen | undefined {
  const { graph: g, upper, level } = problem;
  const clauses = clausesOf(level);
  if (clauses.some((clause) => clause.kind === "optimize" && clause.representers)) return undefined;
  const roots = [
    ...(upper === undefined ? [] : [upper.objective, ...upper.subject.map(({ value }) => value)]),
    ...clauses.flatMap((clause) =>
      clause.kind === "solves" ? [clause.residual] : [clause.objective, ...clause.subject.map(({ value }) => value)],
    ),
  ];
  const stopped = reachable(roots).filter((node) => node.kind === "map" && node.fn === "stop");
  if (stopped.length === 0) return undefined;
  const copies = stopped.map((node, k) => ({ node, input: input(g, `copy ${k + 1}`, "step", node.shape) }));
  const held = new Map<Node, Node>(copies.map((copy) => [copy.node, copy.input]));
  const hold = (node: Node): Node => substitute(g, [node], held)[0] as Node;
  const holdAll = <C extends { readonly value: Node }>(list: readonly C[]): readonly C[] =>
    list.map((each) => ({ ...each, value: hold(each.value) }));
  const clauseOf = (clause: LowerClause): LowerClause =>
    clause.kind === "solves"
      ? { ...clause, residual: hold(clause.residual) }
      : {
          ...clause,
          objective: hold(clause.objective),
          minimand: hold(clause.minimand),
          subject: holdAll(clause.subject),
        };
  const levelOf = (each: LowerLevel): LowerLevel => ({
    clauses: each.clauses.map(clauseOf),
    deeper: each.deeper && levelOf(each.deeper),
  });
  return {
    copies,
    problem: {
      ...problem,
      ...(upper && { upper: { ...upper, objective: hold(upper.objective), subject: holdAll(upper.subject) } }),
      ...(level && { level: levelOf(level) }),
    },
  };
}
