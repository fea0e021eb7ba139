/** Who acts in the environment and remembers: a generator of batches for the compiled problem, told its value function at each step. */
import type { Present, TableGiven, Weights } from "../../index.ts";
import { createRandom, type Random } from "../../runtime/random.ts";
import { type Action, hasFallen, longest, push, type State, start } from "./cartpole.ts";

interface Transition {
  readonly s: State;
  readonly a: Action;
  readonly next: State;
  /** 0 where the pole has fallen. */
  readonly goesOn: 0 | 1;
}

type Matrix = readonly (readonly number[])[];

/** The value of either action, by the weights of mlp(hidden: [.., ..], activation: tanh). */
function values(q: Weights, state: State): readonly number[] {
  const layer = (x: readonly number[], k: number): readonly number[] => {
    const [matrix, bias] = [q[`W${k}`] as Matrix, q[`b${k}`] as readonly number[]];
    return bias.map((b, j) =>
      x.reduce((sum, value, i) => sum + value * ((matrix[i] as readonly number[])[j] as number), b),
    );
  };
  return layer(layer(layer(state, 1).map(Math.tanh), 2).map(Math.tanh), 3);
}

const greedy = (q: Weights, state: State): Action => {
  const [left = 0, right = 0] = values(q, state);
  return right > left ? 1 : 0;
};

/** The mean return of some episodes under the best action. */
export function evaluate(q: Weights, episodes: number, random: Random): number {
  const lengths = Array.from({ length: episodes }, () => {
    let state = start(random);
    for (let t = 1; t <= longest; t += 1) {
      state = push(state, greedy(q, state));
      if (hasFallen(state)) return t;
    }
    return longest;
  });
  return lengths.reduce((a, b) => a + b) / episodes;
}

export interface Settings {
  readonly seed: number;
  /** Rows of a batch; as many transitions are gathered at random before the first. */
  readonly batch: number;
  /** How often an action is random. */
  readonly exploring: number;
  readonly evaluateEvery: number;
  readonly episodes: number;
}

/** Acts once, then gives a batch of what it remembers; `onReturn` hears the mean return now and then. */
export async function* experience(
  { seed, batch, exploring, evaluateEvery, episodes }: Settings,
  onReturn: (step: number, value: number) => void,
): AsyncGenerator<TableGiven, void, Present> {
  const random = createRandom(seed);
  const judge = createRandom(seed + 0.5);
  const memory: Transition[] = [];
  let [state, time] = [start(random), 0];
  const act = (a: Action): void => {
    const next = push(state, a);
    time += 1;
    const fallen = hasFallen(next);
    memory.push({ s: state, a, next, goesOn: fallen ? 0 : 1 });
    [state, time] = fallen || time === longest ? [start(random), 0] : [next, time];
  };
  while (memory.length < batch) act(random.integer(2) as Action);
  for (let step = 1; ; step += 1) {
    const drawn = Array.from({ length: batch }, () => memory[random.integer(memory.length)] as Transition);
    const { lower } = yield {
      s: drawn.map(({ s }) => s),
      a: drawn.map(({ a }) => a),
      r: drawn.map(() => 1),
      next: drawn.map(({ next }) => next),
      goes_on: drawn.map(({ goesOn }) => goesOn),
    };
    const q = lower.q as Weights;
    act(random.uniform() < exploring ? (random.integer(2) as Action) : greedy(q, state));
    if (step % evaluateEvery === 0) onReturn(step, evaluate(q, episodes, judge));
  }
}
