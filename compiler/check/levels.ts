/** Levels: every unknown that the problem reads is optimised by somebody, starts copy shallower unknowns, and objectives depend on theirs. */
import { report, type Scope } from "./context.ts";
import { badStart, unoptimisedUnknown, unreadUnknown } from "./errors.ts";
import type { FunctionDeclaration, Kernel, Model, ModelClause, ModelLevel, Subject, Term } from "./model.ts";
import type { CheckedProblem, Optimised } from "./problem.ts";
import { namesRead } from "./terms.ts";

type Declared = Pick<Model, "unknowns" | "networks" | "functions" | "reports">;

export function checkLevels(scope: Scope, { upper, level, optimised }: CheckedProblem, declared: Declared): void {
  const clauses = clausesOf(level);
  const upperTerms = upper === undefined ? [] : [upper.objective, ...sidesOf(upper.subject)];
  const clauseTerms = clauses.map(termsOfClause);
  const belonging = [
    ...declared.unknowns.flatMap((u) => [...(u.set?.arguments ?? []), ...(u.init ? [u.init] : [])]),
    ...declared.functions.flatMap(kernelTerms),
  ];
  const read = namesRead([...upperTerms, ...clauseTerms.flat(), ...belonging]);
  checkOptimised(scope, declared, optimised, read);
  checkStarts(scope, declared, optimised);

  clauses.forEach((clause, i) => {
    const own = namesRead(clauseTerms[i] ?? []);
    const unknowns = clause.kind === "solves" ? [clause.unknown] : clause.unknowns;
    const what = clause.kind === "solves" ? "its own equation" : "its own objective";
    for (const { name, span } of unknowns) if (!own.has(name)) report(scope, unreadUnknown(span, name, what));
  });
  for (const name of upper?.over ?? []) {
    const span = optimised.get(name)?.span;
    if (!read.has(name) && span !== undefined) report(scope, unreadUnknown(span, name, "the problem"));
  }
}

function clausesOf(level: ModelLevel | undefined): readonly ModelClause[] {
  return level === undefined ? [] : [...level.clauses, ...clausesOf(level.deeper)];
}

const sidesOf = (subject: readonly Subject[]): readonly Term[] => subject.flatMap((s) => [s.left, s.right]);

function termsOfClause(clause: ModelClause): readonly Term[] {
  if (clause.kind === "solves") return [clause.left, clause.right];
  const { selection } = clause;
  const starts = selection?.from.kind === "starts" ? selection.from.values : [];
  const rates = selection?.by.kind === "descent" ? [...selection.by.arguments.values()] : [];
  return [clause.objective, ...sidesOf(clause.subject), ...starts, ...rates];
}

function kernelTerms({ space }: FunctionDeclaration): readonly Term[] {
  const terms = (kernel: Kernel): readonly Term[] => {
    if (kernel.kind === "base") return [...kernel.parameters.values()];
    return kernel.kind === "scaled" ? [kernel.factor, ...terms(kernel.operand)] : kernel.operands.flatMap(terms);
  };
  return space.kind === "RKHS" ? terms(space.kernel) : [];
}

/** A network may be a form for other weights, so only its own weights being read asks for somebody to choose them. */
function checkOptimised(scope: Scope, declared: Declared, optimised: Optimised, read: ReadonlySet<string>): void {
  const reported = namesRead(declared.reports.map((r) => r.value));
  for (const { name, span } of [...declared.unknowns, ...declared.functions]) {
    if (!optimised.has(name) && (read.has(name) || !reported.has(name)))
      report(scope, unoptimisedUnknown(span, name, "var"));
  }
  for (const { name, span } of declared.networks) {
    if (!optimised.has(name) && read.has(name)) report(scope, unoptimisedUnknown(span, name, "network"));
  }
}

/** `init w` copies an unknown that is settled before: one of a shallower level. */
function checkStarts(scope: Scope, declared: Declared, optimised: Optimised): void {
  const sortOf = new Map([...declared.unknowns, ...declared.networks, ...declared.functions].map((d) => [d.name, d]));
  for (const { name, init } of declared.unknowns) {
    if (init === undefined) continue;
    const depth = optimised.get(name)?.depth ?? 0;
    for (const other of namesRead([init])) {
      if (sortOf.has(other) && (optimised.get(other)?.depth ?? 0) >= depth) {
        report(
          scope,
          badStart(
            init.span,
            `${name} starts at ${other}, which is not an outer unknown of it`,
            "a start may copy an unknown of a shallower level",
          ),
        );
      }
    }
  }
}
