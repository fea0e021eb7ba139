/** The cart and pole of Barto, Sutton and Anderson (1983), with the constants and limits of the benchmark CartPole-v1. */
import type { Random } from "../../runtime/random.ts";

/** Position, velocity, angle and angular velocity. */
export type State = readonly [number, number, number, number];
export type Action = 0 | 1;

const gravity = 9.8;
const cartMass = 1;
const poleMass = 0.1;
const halfLength = 0.5;
const force = 10;
const seconds = 0.02;
const farthest = 2.4;
const steepest = (12 * Math.PI) / 180;
/** An episode that lasts so long is a success and ends. */
export const longest = 500;

export function start(random: Random): State {
  const near = (): number => 0.1 * random.uniform() - 0.05;
  return [near(), near(), near(), near()];
}

/** One step of Euler's method, under a push to the left (0) or to the right (1). */
export function push([x, v, angle, spin]: State, action: Action): State {
  const mass = cartMass + poleMass;
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const along = ((action === 1 ? force : -force) + poleMass * halfLength * spin ** 2 * sin) / mass;
  const turning = (gravity * sin - cos * along) / (halfLength * (4 / 3 - (poleMass * cos ** 2) / mass));
  const speeding = along - (poleMass * halfLength * turning * cos) / mass;
  return [x + seconds * v, v + seconds * speeding, angle + seconds * spin, spin + seconds * turning];
}

export const hasFallen = ([x, , angle]: State): boolean => Math.abs(x) > farthest || Math.abs(angle) > steepest;
