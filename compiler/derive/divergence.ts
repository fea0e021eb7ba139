/**
 * divergence(e, v): the trace of the derivative of e with respect to the data v, through the lower level.
 *
 * Exactly: with R(v, y) = 0 the lower level's conditions,
 *
 *     tr(∂e/∂v) − tr(∂e/∂y (∂R/∂y)⁻¹ ∂R/∂v),
 *
 * an expression like any other, which the upper level differentiates again; on a face, the masks are part of R, so that a lasso's degrees
 * of freedom are the size of its support.
 *
 * By Monte Carlo finite differences (Ramani, Blu and Unser 2008; Deledalle et al. 2014): with δ standard normal and a second copy y′ of the
 * lower level that sees v + hδ,
 *
 *     ⟨δ, e(v + hδ, y′) − e(v, y)⟩ / h,    averaged over the probes.
 */
import type { Generator } from "../check/model.ts";
import { add, constant, einsum, type Graph, input, map, multiply, reshape, scale, solve, sumAll } from "../ir/graph.ts";
import { dependsOn, type Input, type Node } from "../ir/node.ts";
import { productOfSizes, type Size } from "../ir/size.ts";
import { substitute } from "../ir/substitute.ts";
import type { Divergence, LowerClause, LowerLevel, Problem } from "../lower/problem.ts";
import { conditionsOf } from "./conditions.ts";
import { jacobian } from "./differentiate.ts";
import { stackColumns, stackMatrix, stackRows } from "./stack.ts";

/** The problem with every divergence written out. */
export function expandDivergences(problem: Problem): Problem {
  let expanded = problem;
  for (const divergence of problem.divergences) {
    const { problem: grown, value } =
      divergence.probing === undefined
        ? { problem: expanded, value: exact(expanded, divergence) }
        : probed(expanded, divergence, divergence.probing);
    expanded = replaced(grown, divergence.placeholder, value);
  }
  return { ...expanded, divergences: [] };
}

function replaced(problem: Problem, placeholder: Input, value: Node): Problem {
  const g = problem.graph;
  const swap = (node: Node): Node => substitute(g, [node], new Map([[placeholder, value]]))[0] as Node;
  return {
    ...problem,
    ...(problem.upper && {
      upper: {
        ...problem.upper,
        objective: swap(problem.upper.objective),
        subject: problem.upper.subject.map((constraint) => ({ ...constraint, value: swap(constraint.value) })),
      },
    }),
    reports: problem.reports.map((report) => ({ ...report, value: swap(report.value) })),
  };
}

/** Σ_i ∂e_i/∂v_i for arrays of one shape. */
function traceOf(g: Graph, derivative: Node, rank: number): Node {
  const axes = Array.from({ length: rank }, (_, i) => i);
  return einsum(g, [derivative], [[...axes, ...axes]], []);
}

function exact(problem: Problem, { of, by }: Divergence): Node {
  const g = problem.graph;
  const direct = traceOf(g, jacobian(g, of, by), by.shape.length);
  const conditions = conditionsOf(g, problem.level, problem);
  const unknowns = conditions.flatMap((condition) => condition.unknowns);
  if (!dependsOn(of, new Set<Node>(unknowns))) return direct;
  const residual = conditions.flatMap((condition) => condition.residual);
  const count = productOfSizes(by.shape);
  const flat = (node: Node, rows: Size, columns: Size): Node => reshape(g, node, [rows, columns]);
  const size = (node: Node): Size => productOfSizes(node.shape);
  const curvature = stackMatrix(
    g,
    residual.map((r) => unknowns.map((y) => jacobian(g, r, y))),
    unknowns,
  );
  const outward = stackColumns(
    g,
    unknowns.map((y) => flat(jacobian(g, of, y), count, size(y))),
    unknowns,
  );
  const inward = stackRows(
    g,
    residual.map((r) => flat(jacobian(g, r, by), size(r), count)),
    unknowns,
  );
  const through = einsum(
    g,
    [outward, solve(g, curvature, inward)],
    [
      [0, 1],
      [1, 0],
    ],
    [],
  );
  return add(g, [1, -1], [direct, through]);
}

function probed(
  problem: Problem,
  { of, by }: Divergence,
  probing: NonNullable<Divergence["probing"]>,
): { readonly problem: Problem; readonly value: Node } {
  const g = problem.graph;
  let grown = problem;
  const estimates: Node[] = [];
  for (let k = 0; k < probing.probes; k += 1) {
    const seed = probing.seed + k;
    const generator: Generator = { kind: "normal", seed };
    const direction = input(g, `probe ${seed} of ${by.name}`, "generated", by.shape);
    const axes = by.shape.map((_, i) => i);
    const sizes = new Map(by.shape.map((s, i) => [i, s]));
    const step = einsum(g, [probing.step], [[]], axes, sizes);
    const moved = add(g, [1, 1], [by, multiply(g, step, direction)]);
    const { level, swap, copies } = probedLevel(problem, `at probe ${seed}`, new Map<Node, Node>([[by, moved]]));
    const difference = add(g, [1, -1], [swap(of), of]);
    estimates.push(sumAll(g, multiply(g, direction, difference)));
    const sets = new Map([
      ...grown.sets,
      ...copies.flatMap(([y, copy]) => {
        const set = problem.sets.get(y.name);
        return set === undefined ? [] : [[copy.name, set] as const];
      }),
    ]);
    const merged = grown.level && level ? merge(grown.level, level) : (level ?? grown.level);
    grown = {
      ...grown,
      sets,
      ...(merged && { level: merged }),
      generated: [...grown.generated, { input: direction, generator }],
    };
  }
  const total = scale(
    g,
    1 / probing.probes,
    add(
      g,
      estimates.map(() => 1),
      estimates,
    ),
  );
  const inverse = map(g, "power", probing.step, constant(g, -1));
  return { problem: grown, value: multiply(g, total, inverse) };
}

/** A copy of the lower level with unknowns of its own and other data. */
function probedLevel(problem: Problem, suffix: string, data: ReadonlyMap<Node, Node>) {
  const g = problem.graph;
  const unknowns: Input[] = [];
  for (let level = problem.level; level !== undefined; level = level.deeper) {
    unknowns.push(...level.clauses.flatMap((clause) => clause.unknowns));
  }
  const copies = unknowns.map((y) => [y, input(g, `${y.name} ${suffix}`, "lower", y.shape)] as const);
  const replacements = new Map<Node, Node>([...data, ...copies]);
  const swap = (node: Node): Node => substitute(g, [node], replacements)[0] as Node;
  const copyClause = (clause: LowerClause): LowerClause => {
    const own = clause.unknowns.map((y) => replacements.get(y) as Input);
    if (clause.kind === "solves") return { ...clause, unknowns: own, residual: swap(clause.residual) };
    const { selected } = clause;
    return {
      ...clause,
      unknowns: own,
      objective: swap(clause.objective),
      minimand: swap(clause.minimand),
      subject: clause.subject.map((constraint) => ({ ...constraint, value: swap(constraint.value) })),
      ...(selected && {
        selected: {
          ...selected,
          ...(selected.start && { start: selected.start.map(swap) }),
          ...(selected.kind === "descent" && selected.rate && { rate: swap(selected.rate) }),
          ...(selected.kind === "descent" && selected.momentum && { momentum: swap(selected.momentum) }),
        },
      }),
    };
  };
  const copyLevel = (level: LowerLevel): LowerLevel => ({
    clauses: level.clauses.map(copyClause),
    ...(level.deeper && { deeper: copyLevel(level.deeper) }),
  });
  return { level: problem.level && copyLevel(problem.level), swap, copies };
}

function merge(a: LowerLevel, b: LowerLevel): LowerLevel {
  const deeper = a.deeper && b.deeper ? merge(a.deeper, b.deeper) : (a.deeper ?? b.deeper);
  return { clauses: [...a.clauses, ...b.clauses], ...(deeper && { deeper }) };
}
