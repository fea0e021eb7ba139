/** How an unknown in L2 and its adjoint function are found: what has to hold of its loss, and who minimises in the weights. */
import { BilevelError, type Span } from "../../grammar/diagnostics.ts";
import { notPointwise, notStronglyConvex, solverUnavailable } from "../errors.ts";
import { declaredName, type Input } from "../ir/node.ts";
import { type Asked, asked } from "./asked.ts";
import type { BlockFacts } from "./facts.ts";
import type { BlockPlan, Choice, Options } from "./plan.ts";
import type { PointwiseFacts } from "./pointwise.ts";
import type { InnerSolver } from "./solvers.ts";

/** Throws a refusal where the loss does not determine the value at every row, or cannot be shown to. */
export function refuseLoss(
  { functional, form, isRowwise, isQuadratic, convexity, modulus }: PointwiseFacts,
  { block }: BlockFacts,
): void {
  const { name } = functional.fn;
  const { span } = block.clauses[0] as { readonly span: Span };
  if (form.kind === "zero") throw new BilevelError([notStronglyConvex(name, "not curved in it", span)]);
  if (!isRowwise)
    throw new BilevelError([
      notPointwise(name, "its curvature couples rows", span, "write a mean of losses: E[D](loss(h(z), y))"),
    ]);
  // A curvature that the value does not change is looked at, row by row, when there are numbers.
  if (modulus !== undefined || convexity === "convex" || isQuadratic) return;
  throw new BilevelError([
    notStronglyConvex(name, convexity === "concave" || convexity === "affine" ? convexity : "not proved convex", span),
  ]);
}

const minimisers = ["newton", "adam", "sgd", "lbfgs", "gd"] as const satisfies readonly InnerSolver[];
type Minimiser = (typeof minimisers)[number];

/** A function and its adjoint, each minimised in the weights of its family; by default both in the same way. */
export function planFunction(facts: BlockFacts, pointwise: PointwiseFacts, options: Options): BlockPlan {
  refuseLoss(pointwise, facts);
  const ask = asked(options, "inner", minimisers);
  const dualAsk = asked(options, "adjoint", minimisers);
  const inner = minimiserOf(facts, ask);
  const own = { facts, inner, linear: linearOf(facts), damping: 0, ...headOf(facts) } as const;
  const { dual } = facts;
  if (dual === undefined || facts.upper === "absent")
    return { ...own, adjoint: { solver: "none", arguments: new Map(), reason: "the upper level does not read it" } };
  const dualInner = minimiserOf(dual, dualAsk.solver === undefined && dual.form.kind === "operator" ? ask : dualAsk);
  return {
    ...own,
    adjoint: { solver: "function", arguments: dualInner.arguments, reason: dualInner.reason },
    dual: { facts: dual, inner: dualInner, linear: linearOf(dual), adjoint: none, damping: 0, ...headOf(dual) },
  };
}

const none = { solver: "none", arguments: new Map(), reason: "" } as const;

/** A last layer in closed form is a linear system, given the others. */
function headOf({ head, block }: BlockFacts): Pick<BlockPlan, "head"> {
  if (head === undefined) return {};
  if (!head.quadratic) {
    const name = declaredName(block.unknowns[0] as Input);
    const { span } = block.clauses[0] as { readonly span: Span };
    const why = "its last layer has no closed form, since the loss is not quadratic in its value";
    throw new BilevelError([notPointwise(name, why, span, "leave out head: closed_form")]);
  }
  const inner = { solver: "cholesky", arguments: new Map(), reason: "a linear system" } as const;
  return { head: { facts: head, inner, linear: "cholesky", adjoint: none, damping: 0 } };
}

const linearOf = ({ form, minimisation }: BlockFacts): BlockPlan["linear"] =>
  form.kind === "operator" ? "cg" : minimisation ? "cholesky" : "lu";

/** Steps of Adam between two upper steps, where nothing else was asked for. */
const defaultAdamSteps = 20;

/** These follow a gradient and need no objective: a clause with a stopped copy has none. */
const isStepping = (solver: Minimiser): boolean => solver === "adam" || solver === "sgd";

function minimiserOf(facts: BlockFacts, ask: Asked<Minimiser>): Choice<InnerSolver> {
  const isDeep = facts.form.kind === "operator";
  const { solver = isDeep ? "adam" : "newton" } = ask;
  const refuse = (key: string, what: string, why: string, suggestion: string): never => {
    throw new BilevelError([solverUnavailable(key, what, why, ask.span, suggestion)]);
  };
  const name = declaredName(facts.block.unknowns[0] as Input);
  const fits = minimisers.filter((own) =>
    facts.head !== undefined ? isStepping(own) : own === "newton" ? !isDeep : facts.minimisation || isStepping(own),
  );
  if (!fits.includes(solver))
    refuse("inner", solver, `does not find the weights of ${name}`, `the ones that do: ${fits.join(", ")}`);
  const batch = ask.arguments.get("batch");
  if (batch !== undefined && !isStepping(solver))
    refuse("batch", String(batch), `is for steps, and ${solver} reads every row`, "leave it out, or write inner: adam");
  if (ask.solver !== undefined) return { solver, arguments: ask.arguments, reason: "as asked" };
  if (!isDeep)
    return {
      solver,
      arguments: ask.arguments,
      reason: "a linear family: exact; the function is unique where its weights may not be, so steps are shifted there",
    };
  return {
    solver,
    arguments: new Map([["max", defaultAdamSteps], ...ask.arguments]),
    reason: "a network: a few steps between two upper steps, each from where the last ones ended",
  };
}
