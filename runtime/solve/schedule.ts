/**
 * How step sizes fall: the factor on the rate after t steps, the product of what is asked for,
 *
 *     1 / (1 + t)^decay,   (1 + cos(π min(t / cosine, 1))) / 2,   drop^⌊t / drop_every⌋.
 *
 * A decay of ½ is the schedule of stochastic gradients, the cosine that of Loshchilov and Hutter 2017 without restarts.
 */
import { minimiserDefaults } from "./defaults.ts";

export type Schedule = (taken: number) => number;

export function scheduleOf(given: ReadonlyMap<string, number | boolean>): Schedule {
  const argument = (name: string, fallback: number): number => {
    const value = given.get(name);
    return typeof value === "number" ? value : fallback;
  };
  const decay = argument("decay", 0);
  const [cosine, every] = [
    argument("cosine", Number.POSITIVE_INFINITY),
    argument("drop_every", Number.POSITIVE_INFINITY),
  ];
  const drop = argument("drop", minimiserDefaults.drop);
  return (taken) =>
    (1 + taken) ** -decay *
    ((1 + Math.cos(Math.PI * Math.min(taken / cosine, 1))) / 2) *
    drop ** Math.floor(taken / every);
}
