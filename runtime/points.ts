/**
 * Hypergradients at many points, solved together where the problem at many points is a problem of the same kind
 * (compiler/derive/points.ts): X is read once for all of them. Where it is not, and at each point that the batch does not settle,
 * they are asked for one by one, so that answers, warnings and refusals are always those of one point.
 */
import { type Answers, distinct, type Parts } from "./answers.ts";
import type { Binding } from "./bind.ts";
import { byName } from "./method/gradcheck.ts";
import { createTogether, type PointAnswer } from "./method/points.ts";
import type { GradientResult, Point } from "./types.ts";

export type Gradients = (points: readonly Point[]) => readonly GradientResult[];

export function createGradients(parts: Parts, answers: Answers): Gradients {
  const { problem, plan, binding } = parts;
  const variables = problem.upper?.variables ?? [];
  const together = plan.method === "aid" ? createTogether(binding, problem, parts.derivation, parts.solve) : () => [];
  const result = ({ value, gradient, lower, residuals }: PointAnswer): GradientResult => ({
    value,
    gradient: byName(binding, variables, gradient),
    lower: Object.assign({}, ...[...lower].map(([unknown, values]) => byName(binding, [unknown], values))),
    residuals,
    method: plan.method,
    engine: binding.engine.name,
    warnings: distinct(parts.warnings),
    complete: true,
  });
  return (points) =>
    batchesOf(points, batchLimit(binding)).flatMap((batch) => {
      const solved = batch.length === 1 ? [] : together(batch.map(answers.place));
      return batch.map((point, k) => {
        const answer = solved[k];
        return answer === undefined ? answers.hypergradient(point) : result(answer);
      });
    });
}

const largestBatch = 64;
/** Numbers that a temporary array of a batch may hold: those of one point are rarely larger than the data. */
const temporaryLimit = 2 ** 26;

function batchLimit({ constants }: Binding): number {
  const data = [...constants.values()].reduce((sum, vector) => sum + vector.length, 0);
  return Math.max(1, Math.min(largestBatch, Math.floor(temporaryLimit / Math.max(1, data))));
}

/** As few parts as the limit allows, as equal as can be: equal ones share their kernels. */
function batchesOf<T>(items: readonly T[], limit: number): readonly (readonly T[])[] {
  const size = Math.ceil(items.length / Math.ceil(items.length / limit));
  return Array.from({ length: Math.ceil(items.length / size) || 0 }, (_, k) => items.slice(k * size, (k + 1) * size));
}
