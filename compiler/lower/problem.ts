/**
 * A checked model as tensor expressions: objectives, conditions, starts, params and reports over one graph. `maximizes`
 * becomes the minimisation of the negative; the upper level keeps the author's sign.
 */
import type { Span } from "../../grammar/diagnostics.ts";
import type { Generator, Model, ModelClause, ModelUnknown, Term } from "../check/model.ts";
import { add, createGraph, type Graph, input, scale } from "../ir/graph.ts";
import type { Input, InputRole, Node } from "../ir/node.ts";
import { spread, unbatched } from "./batched.ts";
import { type Lowering, lowerClosed, refuse } from "./terms.ts";

export type LowerClause = {
  readonly unknowns: readonly Input[];
  readonly span: Span;
} & (
  | {
      readonly kind: "optimize";
      readonly direction: "minimizes" | "maximizes";
      /** As written. */
      readonly objective: Node;
      /** What is minimised: the objective or its negative. */
      readonly minimand: Node;
    }
  /** residual = left − right, of the unknown's shape. */
  | { readonly kind: "solves"; readonly residual: Node }
);

export interface Problem {
  readonly graph: Graph;
  readonly upper?: {
    readonly direction: "minimize" | "maximize";
    /** As written: values keep the author's sign. */
    readonly objective: Node;
    readonly variables: readonly Input[];
    readonly span: Span;
  };
  readonly clauses: readonly LowerClause[];
  readonly reports: readonly { readonly name: string; readonly value: Node }[];
  /** The start of every unknown, of its shape. */
  readonly starts: ReadonlyMap<string, Node>;
  readonly params: readonly { readonly input: Input; readonly value: Node }[];
  readonly generated: readonly { readonly input: Input; readonly generator: Generator }[];
}

/** Throws a BilevelError with a refusal where the program uses what cannot be derived yet. */
export function lowerModel(model: Model): Problem {
  refuseWhatIsNotDerived(model);
  const graph = createGraph();
  const inputs = declareInputs(graph, model);
  const generated: Lowering["generated"] = new Map();
  const context: Lowering = {
    graph,
    variable: (name) => inputs.get(name) as Input,
    generated,
    binders: new Map(),
    lowered: new Map(),
  };
  const lower = (term: Term): Node => lowerClosed(context, term);

  const clauses = (model.level?.clauses ?? []).map((clause) => lowerClause(context, clause));
  const upper = model.upper && {
    direction: model.upper.direction,
    objective: lower(model.upper.objective),
    variables: model.upper.over.map((name) => inputs.get(name) as Input),
    span: model.upper.span,
  };
  const starts = new Map(
    model.unknowns
      .filter((unknown) => inputs.has(unknown.name))
      .map((unknown) => {
        const shape = (inputs.get(unknown.name) as Input).shape;
        const zero: Term = {
          kind: "number",
          value: 0,
          type: { kind: "array", element: "real", shape: [] },
          span: unknown.span,
        };
        return [unknown.name, spread(graph, unbatched(lower(unknown.init ?? zero)), [], new Map(), shape)];
      }),
  );
  const params = model.params.map((param) => ({
    input: inputs.get(param.name) as Input,
    value: spread(graph, unbatched(lower(param.value)), [], new Map(), param.type.shape),
  }));
  const reports = model.reports.map((report) => ({ name: report.name, value: lower(report.value) }));
  return { graph, upper, clauses, reports, starts, params, generated: [...generated.values()] };
}

function declareInputs(graph: Graph, model: Model): ReadonlyMap<string, Input> {
  const inputs = new Map<string, Input>();
  const upper = new Set(model.upper?.over);
  for (const unknown of model.unknowns) {
    if (unknown.type.kind === "weights") refuse(`the unknown weights ${unknown.name}`, unknown.span);
    const role: InputRole = upper.has(unknown.name) ? "upper" : "lower";
    inputs.set(unknown.name, input(graph, unknown.name, role, unknown.type.shape));
  }
  for (const param of model.params) inputs.set(param.name, input(graph, param.name, "param", param.type.shape));
  return inputs;
}

function lowerClause(context: Lowering, clause: ModelClause): LowerClause {
  const g = context.graph;
  if (clause.kind === "solves") {
    const unknown = context.variable(clause.unknown.name);
    const sides = [clause.left, clause.right].map((term) =>
      spread(g, unbatched(lowerClosed(context, term)), [], new Map(), unknown.shape),
    );
    return { kind: "solves", unknowns: [unknown], residual: add(g, [1, -1], sides), span: clause.span };
  }
  const objective = lowerClosed(context, clause.objective);
  return {
    kind: "optimize",
    direction: clause.direction,
    unknowns: clause.unknowns.map((unknown) => context.variable(unknown.name)),
    objective,
    minimand: clause.direction === "minimizes" ? objective : scale(g, -1, objective),
    span: clause.span,
  };
}

/** Everything the language has and the derivation does not, refused at its place before any work is done. */
function refuseWhatIsNotDerived(model: Model): void {
  const upperSubject = model.upper?.subject[0];
  if (upperSubject !== undefined) refuse("a constraint (subject to)", upperSubject.span);
  const deeper = model.level?.deeper?.clauses[0];
  if (deeper !== undefined) refuse("a level under a level", deeper.span);
  for (const unknown of model.unknowns) {
    if (unknown.index !== undefined)
      refuse(`one unknown per index (${unknown.name}[${unknown.index.name}])`, unknown.span);
    if (unknown.set !== undefined) refuse(`the set of ${unknown.name} (in ${unknown.set.name})`, unknown.set.span);
  }
  const fn = model.functions[0];
  if (fn !== undefined) refuse(`the unknown function ${fn.name}`, fn.span);
  const network = model.networks[0];
  if (network !== undefined) refuse(`the network ${network.name}`, network.span);
  for (const clause of model.level?.clauses ?? []) {
    const unknowns: readonly ModelUnknown[] = clause.kind === "optimize" ? clause.unknowns : [clause.unknown];
    const indexed = unknowns.find((unknown) => unknown.index !== undefined);
    if (indexed !== undefined) refuse(`one problem per index (${indexed.name})`, indexed.span);
    if (clause.kind !== "optimize") continue;
    if (clause.subject[0] !== undefined) refuse("a constraint (subject to)", clause.subject[0].span);
    if (clause.selection !== undefined) refuse(`a selection (by ${clause.selection.by.kind})`, clause.selection.span);
  }
}
