/** Methods that step on estimates from drawn rows: which there are, what they take, where they fit. */
import { BilevelError, type Span } from "../../grammar/diagnostics.ts";
import type { Derivation } from "../derive/implicit.ts";
import { solverUnavailable } from "../errors.ts";
import { declaredName, dependsOn, type Node } from "../ir/node.ts";
import { argumentsOf, optionTable } from "./options.ts";
import type { Options } from "./plan.ts";

export const stochasticMethods = ["soba", "saba", "srba", "amigo", "stocbio", "bsa", "ttsa", "f2sa", "bome"] as const;
export type StochasticMethod = (typeof stochasticMethods)[number];

export interface StochasticPlan {
  readonly method: StochasticMethod;
  /** Rows of each table for one estimate; infinite: all of them. */
  readonly batch: number;
  readonly seed: number;
  /** As asked for or by default; a rate that is not there is found at the start. */
  readonly arguments: ReadonlyMap<string, number>;
}

/** `undefined` for any other method. Throws a refusal where the method does not fit the problem. */
export function planStochastic({ blocks, constraints }: Derivation, options: Options): StochasticPlan | undefined {
  const asked = options.get("method");
  const method = stochasticMethods.find((name) => asked?.kind === "word" && name === asked.value);
  if (method === undefined || asked?.kind !== "word") return undefined;
  const refuse = (why: string, span: Span, suggestion = "leave the method to auto"): never => {
    throw new BilevelError([solverUnavailable("method", method, why, span, suggestion)]);
  };
  for (const key of ["inner", "adjoint", "outer"] as const) {
    const other = options.get(key);
    if (other?.kind === "word" && other.value !== "auto")
      refuse(
        `steps on every level by itself, and ${key}: ${other.value} asks for another solver`,
        other.span,
        `leave ${key} out`,
      );
  }
  if (constraints !== undefined) refuse("takes no constraints in the upper problem", asked.span);
  if (blocks.length === 0) refuse("moves both levels, and there is no lower one", asked.span);
  for (const { clauses, unknowns, minimand, nonsmooth, constrained, path, represented } of blocks) {
    const names = [...new Set(unknowns.map(declaredName))].join(", ");
    const span = clauses[0]?.span ?? asked.span;
    if (path !== undefined) refuse(`minimizes by steps of its own, and ${names} says by which`, span);
    if (represented !== undefined) refuse(`steps on finitely many numbers, and ${names} is in an RKHS`, span);
    if (nonsmooth !== undefined || constrained !== undefined)
      refuse(`steps along gradients, and ${names} has a kink, a set or constraints`, span);
    if (minimand === undefined)
      refuse(`is for minimisations, and ${names} solves equations or answers another clause that answers it`, span);
    const others = new Set<Node>(blocks.flatMap((other) => (other.unknowns === unknowns ? [] : other.unknowns)));
    const isFirstOrder = method === "f2sa" || method === "bome";
    if (isFirstOrder && minimand !== undefined && dependsOn(minimand, others))
      refuse(
        `takes no derivative through a clause, and what ${names} minimizes reads another one's unknown`,
        span,
        "write method: soba",
      );
  }
  const given = new Map(
    Object.entries(argumentsOf(optionTable.method, method)).flatMap(([name, rule]) => {
      const value = asked.arguments.get(name);
      const number = value?.kind === "number" ? value.value : rule.default;
      return typeof number === "number" ? [[name, number] as const] : [];
    }),
  );
  const whole = (key: "batch" | "seed", fallback: number): number => {
    const value = options.get(key);
    return value?.kind === "number" ? value.value : fallback;
  };
  const takesRows = Object.hasOwn(argumentsOf(optionTable.method, method), "batch");
  return {
    method,
    batch: takesRows ? (given.get("batch") ?? whole("batch", defaultBatch)) : Number.POSITIVE_INFINITY,
    seed: whole("seed", 0),
    arguments: given,
  };
}

const defaultBatch = 64;
