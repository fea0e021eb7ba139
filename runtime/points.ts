/**
 * Hypergradients at many points, solved together where the problem at many points is a problem of the same kind
 * (compiler/derive/points.ts): X is read once for all of them. Where it is not, and at each point that the batch does not settle,
 * they are asked for one by one, so that answers, warnings and refusals are always those of one point.
 */
import { type Answers, distinct, type Parts } from "./answers.ts";
import { byName } from "./method/gradcheck.ts";
import { batchesOf, batchLimit, createTogether, type PointAnswer } from "./method/points.ts";
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
