/** Random syntax trees, for round trips. Their spans mean nothing; they have no comments. */
import fc from "fast-check";
import type {
  Arguments,
  BinaryOperator,
  Binder,
  Clause,
  Declaration,
  Expression,
  IndexItem,
  Level,
  MapTypeSyntax,
  Name,
  NamedArgument,
  Program,
  Selection,
  SizeSyntax,
  TypeSyntax,
  UnknownSyntax,
} from "../../grammar/syntax.ts";
import { keywords } from "../../grammar/tokens.ts";

const span = { file: "", start: 0, end: 0 };
const maxDepth = 4;

const words = [
  "x",
  "y",
  "theta",
  "λ",
  "x_1",
  "été",
  "real",
  "adjoint",
  "descent",
  "minimise",
  "Ω2",
  "_",
  "inn",
  "trueish",
];
const word = fc.constantFrom(...words);
const name: fc.Arbitrary<Name> = word.map((text) => ({ text, span }));
const label: fc.Arbitrary<Name> = fc.constantFrom(...words, ...Object.keys(keywords)).map((text) => ({ text, span }));

const numbers = ["0", "1", "0.5", "1e-3", "2_000", "3.25E+7", "10"];
const number = fc
  .constantFrom(...numbers)
  .map((text): Expression => ({ kind: "number", value: Number(text.replace("_", "")), text, span }));
const string = fc
  .string({ unit: "binary", maxLength: 8 })
  .map((value): Expression => ({ kind: "string", value, span }));
const boolean = fc.boolean().map((value): Expression => ({ kind: "boolean", value, span }));
const variable = word.map((text): Expression => ({ kind: "name", name: text, span }));

const literals: ReadonlySet<string> = new Set(["number", "string", "boolean", "list"]);
const binaryOperators: readonly BinaryOperator[] = [
  "+",
  "-",
  "*",
  "/",
  "^",
  "@",
  "==",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "&&",
  "||",
];

function binary(operator: BinaryOperator, left: Expression, right: Expression, parenthesized: boolean): Expression {
  const marked =
    parenthesized && (operator === "*" || operator === "/") && right.kind === "binary" && right.operator === "@";
  const operand: Expression = marked ? { ...right, parenthesized: true } : right;
  return { kind: "binary", operator, left, right: operand, operatorSpan: span, span };
}

const trees = fc.letrec<{
  expression: Expression;
  item: IndexItem;
  given: Arguments;
  binder: Binder;
  callee: Expression;
}>((tie) => {
  const expression = tie("expression");
  const indexable = expression.filter(({ kind }) => !literals.has(kind));
  const items = fc.array(tie("item"), { minLength: 1, maxLength: 3 });
  const index = (object: fc.Arbitrary<Expression>) =>
    fc.record({ object, items }).map((node): Expression => ({ kind: "index", ...node, span }));
  return {
    expression: fc.oneof(
      { maxDepth, depthIdentifier: "tree" },
      fc.oneof(number, variable, boolean, string),
      fc.array(expression, { maxLength: 3 }).map((each): Expression => ({ kind: "list", items: each, span })),
      fc
        .record({ operator: fc.constantFrom("-" as const, "!" as const), operand: expression })
        .map((node): Expression => ({ kind: "unary", ...node, span })),
      fc
        .tuple(fc.constantFrom(...binaryOperators), expression, expression, fc.boolean())
        .map((parts) => binary(...parts)),
      expression.map((operand): Expression => ({ kind: "transpose", operand, span })),
      fc.record({ object: indexable, field: label }).map((node): Expression => ({ kind: "field", ...node, span })),
      index(indexable),
      fc
        .record({ callee: tie("callee"), arguments: tie("given"), weights: fc.option(expression, { nil: undefined }) })
        .map(({ weights, ...node }): Expression => ({ kind: "call", ...node, ...(weights && { weights }), span })),
      fc
        .record({
          reducer: fc.constantFrom("E" as const, "sum" as const),
          binders: fc.array(tie("binder"), { minLength: 1, maxLength: 2 }),
          body: expression,
        })
        .map((node): Expression => ({ kind: "reduce", ...node, span })),
    ),
    callee: fc.oneof(
      variable,
      fc.constantFrom("sum", "E", "solve").map((text): Expression => ({ kind: "name", name: text, span })),
      index(variable),
    ),
    item: fc.oneof(
      expression.map((value): IndexItem => ({ kind: "at", value, span })),
      fc
        .record({ from: expression, to: expression }, { requiredKeys: [] })
        .map((ends): IndexItem => ({ kind: "slice", ...ends, span })),
    ),
    given: fc.record({
      positional: fc.array(expression, { maxLength: 2 }),
      named: fc.array(fc.record({ name: label, value: expression }), { maxLength: 2 }),
    }),
    binder: fc
      .record({ name, range: expression }, { requiredKeys: ["range"] })
      .map((node): Binder => ({ ...node, span })),
  };
});

export const expressions: fc.Arbitrary<Expression> = trees.expression;

const size: fc.Arbitrary<SizeSyntax> = fc.oneof(
  expressions.map((value): SizeSyntax => ({ kind: "expression", value, span })),
  fc.constant<SizeSyntax>({ kind: "endless", span }),
);
const arrayType: fc.Arbitrary<TypeSyntax> = fc
  .record({
    element: fc.constantFrom("real" as const, "int" as const, "bool" as const, "class" as const),
    sizes: fc.array(size, { maxLength: 2 }),
  })
  .map((node) => ({ kind: "array", ...node, span }));
const simpleType = fc.oneof(
  arrayType,
  name.map((map): TypeSyntax => ({ kind: "weights", map, span })),
);
const type: fc.Arbitrary<TypeSyntax> = fc.oneof(
  simpleType,
  fc
    .array(fc.record({ name: label, type: simpleType }), { minLength: 1, maxLength: 3 })
    .map((fields): TypeSyntax => ({ kind: "table", fields: fields.map((field) => ({ ...field, span })), span })),
);
const mapType: fc.Arbitrary<MapTypeSyntax> = fc
  .record({ from: fc.array(type, { minLength: 1, maxLength: 2 }), to: type })
  .map((node) => ({ ...node, span }));

const names = fc.array(name, { minLength: 1, maxLength: 3 });
const constraint = fc
  .tuple(fc.constantFrom<BinaryOperator>("<=", ">=", "=="), expressions, expressions)
  .map(([op, a, b]) => binary(op, a, b, false));
const subject = fc.array(constraint, { maxLength: 2 });
const unknown: fc.Arbitrary<UnknownSyntax> = fc
  .record({ name, index: name }, { requiredKeys: ["name"] })
  .map((node) => ({ ...node, span }));
const noArguments: Arguments = { positional: [], named: [] };
const selection: fc.Arbitrary<Selection> = fc
  .record(
    {
      from: fc.oneof(
        fc.constant({ kind: "previous" as const, span }),
        fc.array(expressions, { minLength: 1, maxLength: 2 }).map((values) => ({ kind: "starts" as const, values })),
      ),
      by: fc.constantFrom("gradient_flow", "descent").map((text) => ({ text, span })),
      arguments: fc.oneof(fc.constant(noArguments), trees.given),
    },
    { requiredKeys: ["by", "arguments"] },
  )
  .map((node) => ({ ...node, span }));
const clause: fc.Arbitrary<Clause> = fc.oneof(
  fc
    .record(
      {
        direction: fc.constantFrom("minimizes" as const, "maximizes" as const),
        unknowns: fc.array(unknown, { minLength: 1, maxLength: 2 }),
        objective: expressions,
        subject,
        selection,
      },
      { requiredKeys: ["direction", "unknowns", "objective", "subject"] },
    )
    .map((node): Clause => ({ kind: "optimize", ...node, span })),
  fc
    .record({ unknown, left: expressions, right: expressions })
    .map((node): Clause => ({ kind: "solves", ...node, span })),
);
const level: fc.Arbitrary<Level> = fc
  .array(fc.array(clause, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 3 })
  .map(
    (levels) =>
      levels.reduceRight<Level | undefined>(
        (deeper, clauses) => ({ clauses, ...(deeper && { deeper }), span }),
        undefined,
      ) as Level,
  );
const objective = fc
  .record({
    direction: fc.constantFrom("minimize" as const, "maximize" as const),
    objective: expressions,
    over: names,
    subject,
  })
  .map((node) => ({ ...node, span }));
const problem: fc.Arbitrary<Declaration> = fc
  .oneof(fc.record({ objective, level }, { requiredKeys: ["objective"] }), fc.record({ level }))
  .map((node) => ({ kind: "problem", ...node, span }));

const entry: fc.Arbitrary<NamedArgument> = fc.record({ name: label, value: expressions });
const plain: fc.Arbitrary<Declaration> = fc.oneof(
  fc.record({ name, value: expressions }).map((node): Declaration => ({ kind: "dim", ...node, span })),
  fc.record({ name, type, value: expressions }).map((node): Declaration => ({ kind: "param", ...node, span })),
  fc.record({ names, source: expressions }).map((node): Declaration => ({ kind: "data", ...node, span })),
  fc
    .record({ name, type, source: expressions })
    .map(({ name: only, ...node }): Declaration => ({ kind: "data", names: [only], ...node, span })),
  fc
    .record(
      { name, parameters: fc.array(name, { maxLength: 2 }), value: expressions },
      { requiredKeys: ["name", "value"] },
    )
    .map((node): Declaration => ({ kind: "let", ...node, span })),
  fc
    .record(
      { name, index: trees.binder, type, set: expressions, init: expressions },
      { requiredKeys: ["name", "type"] },
    )
    .map((node): Declaration => ({ kind: "var", ...node, span })),
  fc
    .record({ name, type: mapType, family: expressions })
    .map((node): Declaration => ({ kind: "network", ...node, span })),
  fc
    .record(
      { name, index: trees.binder, type: mapType, space: expressions, family: expressions, adjoint: expressions },
      { requiredKeys: ["name", "type", "space"] },
    )
    .map((node): Declaration => ({ kind: "function", ...node, span })),
  fc.record({ name, value: expressions }).map((node): Declaration => ({ kind: "report", ...node, span })),
  fc.array(entry, { maxLength: 3 }).map((entries): Declaration => ({ kind: "solve", entries, span })),
  fc.string({ maxLength: 6 }).map((path): Declaration => ({ kind: "import", path, pathSpan: span, span })),
);

const docLine = fc.constantFrom("What it is.", "", "#5 of them", "two  spaces");
const documented = (declaration: fc.Arbitrary<Declaration>): fc.Arbitrary<Declaration> =>
  fc
    .tuple(declaration, fc.option(fc.array(docLine, { minLength: 1, maxLength: 2 }), { nil: undefined }))
    .map(([node, lines]) => (lines ? { ...node, doc: lines.join("\n") } : node));

/** Programs with at most one problem: two in a row would read as one where the second has no objective. */
export const programTrees: fc.Arbitrary<Program> = fc
  .tuple(
    fc.array(documented(plain), { maxLength: 4 }),
    fc.option(documented(problem), { nil: undefined }),
    fc.array(documented(plain), { maxLength: 2 }),
  )
  .map(([before, middle, after]) => ({
    declarations: [...before, ...(middle ? [middle] : []), ...after],
    comments: [],
    unread: [],
    lineStarts: [],
    span,
  }));
