/**
 * Networks and functions at a point. A network is its family at its weights. A function in L2(D) is what it is at the points where
 * the program evaluates it: its values there are inputs of their own, and how they follow from the weights of the family that
 * represents it is kept beside them (derive/functional.ts decides which of the two is differentiated).
 */
import type { Family, FunctionDeclaration, Model, Term } from "../check/model.ts";
import type { MapType } from "../check/types.ts";
import { input, map } from "../ir/graph.ts";
import { type Input, type Node, reachable } from "../ir/node.ts";
import { type Batched, ownShape, unbatched } from "./batched.ts";
import { applyFamily, closedFormOf, isLinearFamily, type WeightTensor, weightsOf } from "./families.ts";
import type { ClosedForm, FunctionValue, L2Function } from "./problem.ts";
import { type Expansion, lowerExpansion } from "./representer.ts";
import { chosen, type Lowering, refuse } from "./terms.ts";
import type { Lower } from "./weights.ts";

/** A network or function with the family that its weights belong to. */
export interface ParametricMap {
  readonly name: string;
  readonly type: MapType;
  readonly family: Family;
  /** What a function in L2 is declared with. */
  readonly functional?: FunctionDeclaration;
}

export interface Maps {
  /** Absent for a function in an RKHS, which has no weights. */
  readonly named: (name: string) => ParametricMap | undefined;
  /** The values met, by function, argument and chosen entry. */
  readonly values: Map<string, FunctionValue>;
  /** Functions in an RKHS, by name. */
  readonly expansions: Map<string, Expansion>;
}

export function createMaps({ networks, functions }: Model): Maps {
  const all = new Map<string, ParametricMap>([
    ...networks.map(({ name, type, family }) => [name, { name, type, family }] as const),
    ...functions.flatMap((functional) => {
      const { name, type, family, space } = functional;
      return space.kind === "L2" && family !== undefined ? [[name, { name, type, family, functional }] as const] : [];
    }),
  ]);
  return { named: (name) => all.get(name), values: new Map(), expansions: new Map() };
}

export const tensorsOf = ({ type, family }: ParametricMap): readonly WeightTensor[] => weightsOf(type, family);

type Apply = Extract<Term, { kind: "apply" }>;

/** Whether the term is a function in L2 as such: neither a frozen copy nor at other weights. */
export const isValue = (context: Lowering, term: Term): term is Apply =>
  term.kind === "apply" &&
  !term.frozen &&
  term.weights === undefined &&
  context.maps.named(term.map)?.functional !== undefined;

/** `entry`: the class whose value alone is read, as in `h(s)[a]`. */
export function lowerMap(context: Lowering, term: Apply, lower: Lower, entry?: Term): Batched {
  const g = context.graph;
  const parametric = context.maps.named(term.map);
  const expansion = context.maps.expansions.get(term.map);
  if (expansion !== undefined) {
    const at = term.arguments.map((argument) => lower.parts(argument)[0] as Batched);
    const value = lowerExpansion(context, expansion, term, at, tableOf(context, at, term));
    return entry === undefined ? value : chosen(g, value, ownShape(value).length - 1, lower.parts(entry)[0] as Batched);
  }
  if (parametric === undefined)
    return refuse(`the function ${term.map}, which has no values yet where it is used`, term.span);
  if (term.index !== undefined) return refuse(`one function per index (${term.map})`, term.span);
  const points = term.arguments.map((argument) => lower.parts(argument)[0] as Batched);
  const leading = (term.type.kind === "array" ? term.type.shape : []).slice(0, term.leading);
  const index = entry && (lower.parts(entry)[0] as Batched);
  const at = (family: Family, weights: readonly Batched[]): Batched => {
    const value = applyFamily(g, parametric.type, family, weights, points, leading);
    return index === undefined ? value : chosen(g, value, ownShape(value).length - 1, index);
  };
  const own =
    (term.weights === undefined ? undefined : lower.parts(term.weights)) ?? context.weights(term.map).map(unbatched);
  const weights = term.frozen ? own.map(({ node, batch }) => ({ node: map(g, "stop", node), batch })) : own;
  const network = at(parametric.family, weights);
  const { functional } = parametric;
  if (functional === undefined || !isValue(context, term) || readsUnknown(points)) return network;
  const key = [term.map, ...[...points, ...(index === undefined ? [] : [index])].map(({ node }) => node.id)].join(" ");
  const known = context.maps.values.get(key);
  const table = tableOf(context, points, term);
  const adjoint = functional.adjoint ?? parametric.family;
  const { shape } = network.node;
  const name = known?.input.name ?? valueName(context, term.map, table);
  const value = known ?? {
    of: term.map,
    input: input(g, name, "value", shape),
    network: network.node,
    adjointInput: input(g, `adjoint function ${name}`, "adjoint", shape),
    adjointNetwork: at(adjoint, adjointWeights(context, functional).map(unbatched)).node,
    table,
  };
  context.maps.values.set(key, value);
  return { node: value.input, batch: network.batch };
}

/** Weights of the adjoint function's family. */
function adjointWeights({ graph }: Lowering, { name, type, family, adjoint }: FunctionDeclaration): readonly Input[] {
  return weightsOf(type, (adjoint ?? family) as Family).map((tensor) =>
    input(graph, `adjoint of ${name}.${tensor.name}`, "adjoint", tensor.shape),
  );
}

/** The functions in L2 with all that is known of them; `start` gives a tensor's start. */
export function functionsOf(
  context: Lowering,
  model: Model,
  start: (tensor: WeightTensor) => Node,
): readonly L2Function[] {
  return model.functions.flatMap((functional): readonly L2Function[] => {
    const { name, type, space, family, adjoint } = functional;
    if (space.kind !== "L2" || family === undefined) return [];
    const represented = adjoint ?? family;
    const [weights, adjoints] = [context.weights(name), adjointWeights(context, functional)];
    const closed = (of: Family, tensors: readonly Input[]): ClosedForm | undefined => {
      const form = closedFormOf(of);
      return form && { weights: tensors.slice(-form.tensors), ridge: form.ridge };
    };
    const [head, adjointHead] = [closed(family, weights), closed(represented, adjoints)];
    return [
      {
        name,
        rank: type.to.shape.length,
        table: space.table.kind === "data" ? space.table.name : undefined,
        weights,
        adjointWeights: adjoints,
        ...(head && { head }),
        ...(adjointHead && { adjointHead }),
        adjointStarts: weightsOf(type, represented).map(start),
        isLinear: isLinearFamily(family),
        isAdjointLinear: isLinearFamily(represented),
        values: [...context.maps.values.values()].filter((value) => value.of === name),
        span: functional.span,
      },
    ];
  });
}

function readsUnknown(points: readonly Batched[]): boolean {
  const read = reachable(points.map(({ node }) => node));
  return read.some((node) => node.kind === "input" && (node.role === "upper" || node.role === "lower"));
}

/** The declared table whose rows the arguments run over, where it is one. */
function tableOf(context: Lowering, points: readonly Batched[], term: Apply): string | undefined {
  const bound = points.flatMap(({ batch }) => batch).map((id) => context.binders.get(id));
  const columns = term.arguments.map((argument) => (argument.kind === "column" ? argument.table : undefined));
  const refs = [...bound.map((range) => (range?.kind === "table" ? range.table : undefined)), ...columns];
  const names = new Set(refs.flatMap((ref) => (ref?.kind === "data" ? [ref.name] : [])));
  return names.size === 1 ? [...names][0] : undefined;
}

/** `h.obs`, or `h.obs2` for the second argument on the same table. */
function valueName({ graph }: Lowering, name: string, table = "points"): string {
  const free = (k: number): string => {
    const candidate = `${name}.${table}${k === 1 ? "" : k}`;
    return graph.inputs.has(candidate) ? free(k + 1) : candidate;
  };
  return free(1);
}
