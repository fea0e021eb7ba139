/**
 * Files of made-up rows for the tables that a program declares, so that it runs before there are data. What has a number
 * or a label for each row follows linearly, with noise, from the fields that have a vector there; the same field follows
 * the same law in every table, so that what is fitted to one table holds on another.
 */
import type { Model } from "../compiler/check/model.ts";
import type { ArrayType, Element, TableType } from "../compiler/check/types.ts";
import { evaluateSize, namesIn, type Size } from "../compiler/ir/size.ts";
import { pathOf } from "../runtime/data/sources.ts";
import { createRandom, type Random } from "../runtime/random.ts";
import { toNested } from "../runtime/values.ts";

const rows = 60;
/** Entries along every other axis whose size the data decide. */
const width = 4;
const classes = 3;
const noise = 0.3;

/** The text of each file, by its path. Those of formats other than csv and json are left out. */
export function mockFiles(model: Model): ReadonlyMap<string, string> {
  const sizes = mockSizes(model);
  return new Map(
    model.data.flatMap((declaration) => {
      const { source, tables } = declaration;
      const [path, table] = [pathOf(declaration, undefined), tables[0]];
      if (source.kind !== "file" || path === undefined || table === undefined) return [];
      const columns = mockColumns(model, table.name, table.type, sizes);
      if (source.format === "csv") return [[path, csvText(source.columns, columns)] as const];
      return source.format === "json" ? [[path, jsonText(columns)] as const] : [];
    }),
  );
}

function mockSizes(model: Model): ReadonlyMap<string, number> {
  const tables = model.data.flatMap((declaration) => declaration.tables);
  const counted = new Set(tables.flatMap(({ type }) => [...namesIn(type.rows)]));
  const named = tables.flatMap(({ type }) =>
    [...type.fields.values()].flatMap((field) =>
      field.kind === "array" ? field.shape.flatMap((size) => [...namesIn(size)]) : [],
    ),
  );
  const free = [...named, ...counted].map((name) => [name, counted.has(name) ? rows : width] as const);
  const defined = model.dims.flatMap((dim) => {
    const value = dim.kind === "defined" ? evaluateSize(dim.value, new Map()) : undefined;
    return value === undefined ? [] : [[dim.name, value] as const];
  });
  return new Map([...free, ...defined]);
}

interface MockColumn {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

function mockColumns(
  model: Model,
  table: string,
  type: TableType,
  sizes: ReadonlyMap<string, number>,
): ReadonlyMap<string, MockColumn> {
  const fields = [...type.fields].flatMap(([name, field]) => (field.kind === "array" ? [{ name, field }] : []));
  const causesOf = (field: ArrayType) => fields.filter((other) => hasVectorAt(other.field.shape, field.shape));
  const columns = new Map<string, MockColumn>();
  const random = createRandom(seedOf(table));
  // What has no cause comes first.
  for (const { name, field } of fields.toSorted((a, b) => causesOf(a.field).length - causesOf(b.field).length)) {
    const shape = field.shape.map((size) => evaluateSize(size, sizes) ?? width);
    const causes = causesOf(field).map((cause) => ({ name: cause.name, ...(columns.get(cause.name) as MockColumn) }));
    const scores = scoresOf(name, causes, scoreCount(model, table, name, field.element, sizes), random);
    const signed = model.requirements.some(
      (each) => each.kind === "plus-minus-one" && each.table === table && each.field === name,
    );
    const value = signed ? ([score = 0]: readonly number[]) => (score < 0 ? -1 : 1) : valueOf[field.element];
    const count = shape.reduce((product, size) => product * size, 1);
    columns.set(name, { shape, values: Array.from({ length: count }, (_, entry) => value(scores(entry), random)) });
  }
  return columns;
}

/** Of an entry, so many numbers: each a sum over the causes' vectors there by weights that the names decide, and noise. */
function scoresOf(
  name: string,
  causes: readonly (MockColumn & { readonly name: string })[],
  count: number,
  random: Random,
): (entry: number) => readonly number[] {
  const laws = causes.map((cause) => {
    const length = cause.shape.at(-1) ?? 1;
    const weights = createRandom(seedOf(`${name} follows ${cause.name}`));
    const law = Array.from({ length: count * length }, () => weights.normal() / Math.sqrt(length * causes.length));
    return { law, length, values: cause.values };
  });
  const deviation = causes.length === 0 ? 1 : noise;
  return (entry) =>
    Array.from({ length: count }, (_, k) => {
      let score = deviation * random.normal();
      for (const { law, length, values } of laws)
        for (let j = 0; j < length; j++) score += (law[k * length + j] ?? 0) * (values[entry * length + j] ?? 0);
      return score;
    });
}

/** Whether it has one axis more. */
const hasVectorAt = (shape: readonly Size[], prefix: readonly Size[]): boolean =>
  shape.length === prefix.length + 1 && prefix.every((size, axis) => size.key === shape[axis]?.key);

/** How many scores decide an entry: one for each class. */
function scoreCount(
  { requirements }: Model,
  table: string,
  field: string,
  element: Element,
  sizes: ReadonlyMap<string, number>,
): number {
  if (element !== "class") return 1;
  const below = requirements.flatMap((each) =>
    each.kind === "labels-below" && each.table === table && each.field === field
      ? [evaluateSize(each.classes, sizes) ?? classes]
      : [],
  );
  return Math.min(classes, ...below);
}

const valueOf = {
  real: ([score = 0]) => Number(score.toFixed(4)),
  class: (scores) => scores.indexOf(Math.max(...scores)),
  bool: ([score = 0]) => (score > 0 ? 1 : 0),
  int: (_, random) => random.integer(10),
} as const satisfies Record<Element, (scores: readonly number[], random: Random) => number>;

/** FNV-1a: another text, another seed. */
function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}

function csvText(
  columns: ReadonlyMap<string, readonly string[] | "rest">,
  fields: ReadonlyMap<string, MockColumn>,
): string {
  const parts = [...fields].map(([field, { shape, values }]) => {
    const entries = shape[1] ?? 1;
    const named = columns.get(field) ?? "rest";
    const names = named === "rest" ? Array.from({ length: entries }, (_, j) => `${field}${j + 1}`) : named;
    return { names, cellsOf: (row: number) => values.slice(row * entries, (row + 1) * entries) };
  });
  const count = Math.max(...[...fields.values()].map(({ shape }) => shape[0] ?? 0));
  const lines = Array.from({ length: count }, (_, row) => parts.flatMap(({ cellsOf }) => cellsOf(row)));
  return `${[parts.flatMap(({ names }) => names), ...lines].map((cells) => cells.join(",")).join("\n")}\n`;
}

function jsonText(fields: ReadonlyMap<string, MockColumn>): string {
  const arrays = [...fields].map(([name, { shape, values }]) => [name, toNested(Float64Array.from(values), shape)]);
  return `${JSON.stringify(Object.fromEntries(arrays))}\n`;
}
