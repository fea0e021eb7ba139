/** `bilevel check`: parse, names, types, shapes, the data, and what was found of the problem, on one screen. */
import type { DataSource, Model } from "../compiler/check/model.ts";
import { showType } from "../compiler/check/types.ts";
import type { Compiled } from "../compiler/compile.ts";
import { isPenalty, type Piece } from "../compiler/derive/nonsmooth.ts";
import { declaredName } from "../compiler/ir/node.ts";
import type { Selected } from "../compiler/lower/problem.ts";
import type { BlockFacts } from "../compiler/plan/facts.ts";
import type { BlockPlan, Plan } from "../compiler/plan/plan.ts";
import type { CurvatureForm } from "../compiler/plan/structure.ts";
import { planFor, readData } from "./inspect.ts";
import { diagnosticsJson, type ExitStatus, type Output } from "./output.ts";
import { compileFile, type ProgramFlags } from "./program.ts";
import { columnWidth, pad } from "./show.ts";

export async function check(file: string, flags: ProgramFlags, output: Output): Promise<ExitStatus> {
  const { compiled, data, options } = await compileFile(file, flags, output);
  const model = compiled.model as Model;
  const { sizes, warnings } = await readData(model, data, options, "later");
  const plan = planFor(compiled, options, sizes);
  const diagnostics = [...compiled.diagnostics, ...warnings];
  output.diagnose(diagnostics);
  if (output.json)
    output.printJson({ ok: true, diagnostics: diagnosticsJson(output, diagnostics), sizes: Object.fromEntries(sizes) });
  else output.print(showFindings(file, compiled, model, plan, sizes));
  return 0;
}

type Row = readonly [title: string, text: string];

function showFindings(
  file: string,
  compiled: Compiled,
  model: Model,
  plan: Plan | undefined,
  sizes: ReadonlyMap<string, number>,
): string {
  const { upper, reports } = model;
  const rows: readonly Row[] = [
    ...dataRows(model),
    ...(sizes.size === 0
      ? []
      : [["sizes", [...sizes].map(([name, value]) => `${name} = ${value}`).join(", ")] as const]),
    ...(upper === undefined
      ? []
      : [["upper", `${upper.direction} over ${upper.over.map((name) => withType(model, name)).join(", ")}`] as const]),
    ...(plan?.blocks ?? []).flatMap((block): readonly Row[] => [
      [
        "lower",
        `${declaredIn(block.facts)
          .map((name) => withType(model, name))
          .join(", ")}: ${describeFacts(block.facts)}`,
      ],
      ["", `solved by ${block.inner.solver}, adjoint ${adjointText(block)}`],
    ]),
    ...(reports.length === 0 ? [] : [["reports", reports.map(({ name }) => name).join(", ")] as const]),
  ];
  const width = columnWidth(rows.map(([title]) => title));
  const head = compiled.model?.problemSpan === undefined ? `${file}: ok, declarations alone` : `${file}: ok`;
  return `${[head, ...rows.map(([title, text]) => `  ${pad(title, width)}  ${text}`)].join("\n")}\n`;
}

function withType(model: Model, name: string): string {
  const unknown = model.unknowns.find((each) => each.name === name);
  if (unknown === undefined) return name;
  const index = unknown.index === undefined ? "" : `[${unknown.index.name}]`;
  return `${name}${index}: ${showType(unknown.type)}`;
}

function dataRows(model: Model): readonly Row[] {
  return model.data.flatMap(({ tables, source }) =>
    tables.map(({ name, type }): Row => {
      const fields = [...type.fields].map(
        ([field, fieldType]) => `${field}: ${fieldType.kind === "table" ? "table" : showType(fieldType)}`,
      );
      return ["data", `${name} { ${fields.join(", ")} } ${sourceText(source)}`];
    }),
  );
}

function sourceText(source: DataSource): string {
  switch (source.kind) {
    case "file":
      return `from ${source.path}`;
    case "generated":
      return `generated (${source.generator.kind})`;
    case "split":
      return `split from ${source.table}`;
    case "folds":
      return `folds of ${source.table}`;
    case "standardize":
      return `from ${source.table}, scaled like ${source.like}`;
    case "stream":
      return "fed by the program that embeds this one";
  }
}

const curvatureForms = {
  zero: () => "no curvature",
  diagonal: () => "diagonal curvature",
  blocks: ({ count, order }) => `curvature of ${count.key} blocks of order ${order.key}`,
  dense: ({ order }) => `dense curvature of order ${order.key}`,
  operator: ({ order }) => `curvature of order ${order.key}, never formed`,
} as const satisfies Record<CurvatureForm["kind"], (form: CurvatureForm) => string>;

const convexities = {
  affine: "affine",
  convex: "convex",
  concave: "concave",
  unknown: "convexity not proved",
} as const satisfies Record<BlockFacts["convexity"], string>;

/** The unknowns that the program declares; multipliers are left out. */
const declaredIn = ({ block }: BlockFacts): readonly string[] => [
  ...new Set(block.clauses.flatMap(({ unknowns }) => unknowns.map(declaredName))),
];

function adjointText({ adjoint, facts, dual }: BlockPlan): string {
  if (dual !== undefined) return `a function by ${dual.inner.solver}`;
  if (adjoint.solver === "none") return "not needed";
  return facts.block.path === undefined ? `by ${adjoint.solver}` : "in reverse along the path";
}

function describeFacts(facts: BlockFacts): string {
  const { nonsmooth, constrained, path, unknowns } = facts.block;
  const equations = facts.quadratic ? "linear equations" : "equations";
  const system = facts.represented === undefined ? equations : `in an RKHS, ${equations}`;
  const kind = facts.smooth === undefined ? system : smoothText(facts);
  const strength =
    facts.smooth === undefined ? [] : [facts.modulus === undefined ? convexities[facts.convexity] : "strongly convex"];
  const ties = [...new Set((nonsmooth?.pieces ?? []).map((piece) => tieTexts[piece.kind]))].filter(
    (text) => text !== "",
  );
  const answered =
    nonsmooth === undefined && constrained === undefined && unknowns.some(({ role }) => role === "multiplier");
  return [
    kind,
    ...strength,
    ...ties,
    ...(constrained === undefined ? [] : ["constrained"]),
    ...(answered ? ["with the deeper level's adjoint"] : []),
    curvatureForms[facts.form.kind](facts.form),
    ...(path === undefined ? [] : [pathText(path.selected)]),
  ].join(", ");
}

const smoothText = ({ smoothQuadratic, block }: BlockFacts): string =>
  `${smoothQuadratic ? "quadratic" : "smooth"}${block.nonsmooth?.pieces.some(isPenalty) ? " but for kinks" : ""}`;

const tieTexts = {
  free: "",
  penalty: "",
  group: "",
  box: "between bounds",
  simplex: "in a simplex",
  ball: "in a ball",
  psd: "positive semidefinite",
} as const satisfies Record<Piece["kind"], string>;

const pathText = (selected: Selected): string =>
  selected.kind === "gradient_flow"
    ? "the limit of gradient flow"
    : `the end of ${selected.steps} ${selected.steps === 1 ? "step" : "steps"} of descent`;
