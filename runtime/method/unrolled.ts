/**
 * Iterative differentiation: the steps of compiler/derive/path.ts taken, and their derivative, in reverse or forward mode as the plan
 * says.
 */
import type { Binding } from "../bind.ts";
import type { Vector } from "../engine/engine.ts";
import type { BlockRuntime } from "./block.ts";
import { createDescent, type Descent, type DescentSteps } from "./descent.ts";
import type { PathRuntime, Sinks } from "./path.ts";
import { createTangents } from "./tangents.ts";

export function createUnrolled(binding: Binding, block: BlockRuntime, descent: Descent): PathRuntime {
  const { adjoint } = block.plan;
  const steps = createDescent(binding, block, descent);
  if (adjoint.solver === "forward") return createTangents(binding, block, descent, steps);
  const asked = adjoint.arguments.get("max");
  return createReverse(binding, block, descent, steps, typeof asked === "number" ? asked : descent.steps);
}

/**
 * Adjoints carried back through the last `kept` steps (Shaban, Cheng, Hatch and Boots 2019 where these are not all). Every √kept-th
 * state is kept on the way and the ones between are taken again going back, so memory grows as √kept and the work by one more pass
 * (Griewank and Walther 2000).
 *
 * What is left of the adjoint where the differentiated steps begin, over what it was at the end, is what the minimiser's adjoint lacks:
 * for a quadratic and no momentum exactly ‖Hv − b‖ / ‖b‖ with v = r Σ_t p_t, Neumann's series cut off.
 */
function createReverse(
  binding: Binding,
  block: BlockRuntime,
  descent: Descent,
  steps: DescentSteps,
  kept: number,
): PathRuntime {
  const { engine } = binding;
  const { state, kernels } = steps;
  const segment = Math.ceil(Math.sqrt(kept));
  const places = (count: number): readonly State[] =>
    Array.from({ length: count }, () => state.map(() => engine.allocate(block.size)));
  const checkpoints = places(Math.ceil(kept / segment));
  const states = places(segment);
  const end = places(1)[0] as State;
  const [product, late] = [engine.allocate(block.size), engine.allocate(block.size)];
  const move = (from: State, to: State): void => from.forEach((vector, k) => engine.copy(vector, to[k] as Vector));
  const first = descent.steps - kept;

  /** v and q from p_{t+1} and q_{t+1} to p_t and q_t, at the state (y_t, d_t). */
  const stepBack = (sinks: Sinks): void => {
    if (state.length > 1) engine.axpy(1, late, block.v);
    kernels.deliverStep(sinks, steps.factor());
    block.transposedProduct.apply(block.v, product);
    if (state.length > 1) {
      engine.axpy(-1, late, block.v);
      engine.axpy(1, block.v, late);
      engine.scale(steps.momentum(), late);
    }
    engine.axpy(-steps.rate(), product, block.v);
  };

  return {
    run: () => {
      steps.begin();
      for (let t = 0; t < descent.steps; t += 1) {
        if (t >= first && (t - first) % segment === 0) move(state, checkpoints[(t - first) / segment] as State);
        steps.step();
      }
    },

    pullBack: (adjoint, sinks) => {
      move(state, end);
      engine.copy(adjoint, block.v);
      engine.fill(late, 0);
      for (let k = checkpoints.length - 1; k >= 0; k -= 1) {
        const count = Math.min(segment, kept - k * segment);
        move(checkpoints[k] as State, state);
        for (let t = 0; t < count; t += 1) {
          move(state, states[t] as State);
          if (t < count - 1) steps.step();
        }
        for (let t = count - 1; t >= 0; t -= 1) {
          move(states[t] as State, state);
          stepBack(sinks);
        }
      }
      const left = Math.hypot(engine.norm(block.v), engine.norm(late));
      const whole = engine.norm(adjoint);
      if (first === 0) kernels.deliverStart(sinks);
      move(end, state);
      return whole === 0 || (first === 0 && !descent.approximates) ? 0 : left / whole;
    },
  };
}

type State = readonly Vector[];
