/**
 * A tensor program written down as JavaScript: one line a node, through the builders of runtime/standalone.ts, then the rest of
 * what the compiler found as a literal, each expression under the formula it computes.
 */
import { type Node, reachable } from "../ir/node.ts";
import { type Size, showSizes } from "../ir/size.ts";
import { fresh, identifier, nameFor, numberText, reservedWords } from "./javascript.ts";
import { array, createNotation } from "./notation.ts";
import { lineOf } from "./text.ts";

/** The builders that `writeProgram` calls. */
export const builderNames = [
  "graph",
  "size",
  "input",
  "constant",
  "literal",
  "sizeNode",
  "iota",
  "delta",
  "einsum",
  "add",
  "map",
  "reduce",
  "gather",
  "scatter",
  "reshape",
  "solve",
  "logdet",
  "cholesky",
] as const;

const reserved: readonly string[] = [...builderNames, ...reservedWords];

/** Keys that only messages about a source would read. */
const unwritten = new Set(["span", "pathSpan"]);
const widest = 110;

interface Writer {
  readonly names: ReadonlyMap<Node, string>;
  readonly formulaOf: (node: Node) => string;
  /** Objects that are named before, because several places mean the same one. */
  readonly shared: ReadonlyMap<object, string>;
}

/**
 * The statements of a function body that returns `value`: nested objects, arrays and maps of plain data and nodes. Properties
 * named `graph` are the builders' graph, and spans are left out.
 */
export function writeProgram(value: object): string {
  const found = survey(value);
  const nodes = reachable([...found.nodes]);
  const notation = createNotation(nodes);
  const taken = new Set(reserved);
  const names = new Map(nodes.map((node) => [node, nameFor(node, taken)]));
  const shared = new Map(
    [...found.repeated].map(([object, key]) => [object, fresh(identifier(key.replace(/s$/, "")), taken, 1)]),
  );
  const formulas = new Map<Node, string>();
  const formulaOf = (node: Node): string => {
    const known = formulas.get(node) ?? lineOf(array(notation, node));
    formulas.set(node, known);
    return known;
  };
  const writer: Writer = { names, formulaOf, shared };
  const lines = nodes.map((node) => `const ${names.get(node)} = ${construction(node, names)};`);
  for (const [object, name] of shared)
    lines.push("", `const ${name} = ${written({ ...writer, shared: without(shared, object) }, object, "", "")};`);
  return [...lines, "", `return ${written(writer, value, "", "")};`].join("\n");
}

function without(shared: Writer["shared"], object: object): Writer["shared"] {
  const others = new Map(shared);
  others.delete(object);
  return others;
}

// ------------------------------------------------------------------------------------------------------------ nodes

const quoted = (text: string): string => JSON.stringify(text);

function construction(node: Node, names: ReadonlyMap<Node, string>): string {
  const shape = quoted(showSizes(node.shape));
  const own = (operand: Node): string => names.get(operand) as string;
  const all = (operands: readonly Node[]): string => operands.map(own).join(", ");
  const withShape = node.shape.length === 0 ? "" : `, ${shape}`;
  switch (node.kind) {
    case "input":
      return `input(${quoted(node.name)}, ${quoted(node.role)}${withShape})`;
    case "constant":
      return `constant(${numberText(node.value)}${withShape})`;
    case "literal":
      return `literal([${[...node.values].map(numberText).join(", ")}]${withShape})`;
    case "size":
      return `sizeNode(${quoted(node.size.key)})`;
    case "iota":
    case "delta":
      return `${node.kind}(${quoted((node.shape[0] as Size).key)})`;
    case "einsum":
      return einsumText(node, all);
    case "add":
      return `add(${node.operands.map((operand, k) => `[${numberText(node.coefficients[k] as number)}, ${own(operand)}]`).join(", ")})`;
    case "map":
      return `map(${quoted(node.fn)}, ${all(node.operands)})`;
    case "reduce":
      return `reduce(${quoted(node.fn)}, ${own(node.operand)}, ${node.axis})`;
    case "gather":
      return `gather(${own(node.operand)}, ${own(node.index)}, ${node.axis})`;
    case "scatter":
      return `scatter(${own(node.operand)}, ${own(node.index)}, ${node.axis}, ${quoted((node.shape[node.axis] as Size).key)})`;
    case "reshape":
      return `reshape(${own(node.operand)}, ${shape})`;
    case "solve":
      return `solve(${own(node.matrix)}, ${own(node.rhs)})`;
    case "logdet":
    case "cholesky":
      return `${node.kind}(${own(node.matrix)})`;
    default:
      return node satisfies never;
  }
}

const letters = "ijklmnpqrstuvwxyzabcdefghoABCDEFGHIJKLMNOPQRSTUVWXYZ";
/** Any character does; beyond the alphabet they come from further up. */
const letterOf = (label: number): string => letters[label] ?? String.fromCodePoint(0x100 + label);

function einsumText(node: Extract<Node, { kind: "einsum" }>, all: (operands: readonly Node[]) => string): string {
  const text = (labels: readonly number[]): string => labels.map(letterOf).join("");
  const form = `${node.labels.map(text).join(",")}->${text(node.output)}`;
  const unnamed = node.sizes.flatMap((size, label): readonly string[] => {
    const k = node.labels.findIndex((labels) => labels.includes(label));
    const axis = node.labels[k]?.indexOf(label) ?? -1;
    return node.operands[k]?.shape[axis]?.key === size.key ? [] : [`${letterOf(label)}: ${quoted(size.key)}`];
  });
  return `einsum(${quoted(form)}, [${all(node.operands)}]${unnamed.length === 0 ? "" : `, { ${unnamed.join(", ")} }`})`;
}

// ------------------------------------------------------------------------------------------------------------- data

const isNode = (value: object): value is Node => "kind" in value && "id" in value && "shape" in value;
const isSize = (value: object): value is Size => "key" in value && "terms" in value;

/** The parts of a plain value, by what they are called. */
function entriesOf(value: object): readonly (readonly [key: unknown, part: unknown])[] {
  if (Array.isArray(value)) return value.map((part) => ["", part]);
  if (value instanceof Map) return [...value];
  return Object.entries(value).filter(([key, part]) => part !== undefined && key !== "graph" && !unwritten.has(key));
}

/** The nodes within, and the objects with nodes in them that are met more than once, inner ones first. */
function survey(value: object) {
  const nodes = new Set<Node>();
  const met = new Map<object, { readonly holdsNodes: boolean; readonly key: string; times: number }>();
  const visit = (part: unknown, key: string): boolean => {
    if (typeof part !== "object" || part === null || isSize(part)) return false;
    if (isNode(part)) {
      nodes.add(part);
      return true;
    }
    const known = met.get(part);
    if (known !== undefined) {
      known.times += 1;
      return known.holdsNodes;
    }
    const parts = entriesOf(part).flatMap(([name, own]): readonly boolean[] => {
      const inMap = part instanceof Map;
      return [
        ...(inMap ? [visit(name, key)] : []),
        visit(own, typeof name === "string" && name !== "" && !inMap ? name : key),
      ];
    });
    const holdsNodes = parts.includes(true);
    met.set(part, { holdsNodes, key, times: 1 });
    return holdsNodes;
  };
  visit(value, "part");
  const repeated = new Map(
    [...met].flatMap(([part, { holdsNodes, key, times }]) =>
      times > 1 && holdsNodes && !Array.isArray(part) ? [[part, key] as const] : [],
    ),
  );
  return { nodes, repeated };
}

const propertyName = (key: string): string => (/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) ? key : quoted(key));

function written(writer: Writer, value: unknown, indent: string, key: string): string {
  if (typeof value === "number") return numberText(value);
  if (typeof value === "function") throw new Error(`${key} is no plain data`);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const shared = writer.shared.get(value);
  if (shared !== undefined) return shared;
  if (isNode(value)) return writer.names.get(value) as string;
  if (isSize(value)) return `size(${quoted(value.key)})`;
  const inner = `${indent}  `;
  if (Array.isArray(value))
    return listed(
      value.map((part) => written(writer, part, inner, "")),
      "[",
      "]",
      indent,
      key,
    );
  if (value instanceof Map) {
    const items = [...value].map(
      ([name, part]) => `[${written(writer, name, inner, "")}, ${written(writer, part, inner, "")}]`,
    );
    return items.length === 0 ? "new Map()" : listed(items, "new Map([", "])", indent, key);
  }
  // A function or an instance of a class would lose what it is.
  if (Object.getPrototypeOf(value) !== Object.prototype) throw new Error(`${key} is no plain data`);
  const items = entriesOf(value).map(([name, part]) => {
    const property = propertyName(String(name));
    const text = written(writer, part, inner, property);
    return { text: text === property ? property : `${property}: ${text}`, comments: commentsOn(writer, part) };
  });
  if ("graph" in value) items.unshift({ text: "graph", comments: [] });
  const hasComments = items.some(({ comments }) => comments.length > 0);
  const texts = items.map(({ text, comments }) =>
    [...comments.map((comment) => `// ${comment}`), text].join(`\n${inner}`),
  );
  return listed(texts, "{ ", " }", indent, key, hasComments);
}

/** On one line where it fits. */
function listed(
  items: readonly string[],
  open: string,
  close: string,
  indent: string,
  key: string,
  tall = false,
): string {
  if (items.length === 0) return open.trim() + close.trim();
  const line = open + items.join(", ") + close;
  if (!tall && !line.includes("\n") && indent.length + key.length + line.length < widest) return line;
  return `${open.trimEnd()}\n${items.map((item) => `${indent}  ${item},\n`).join("")}${indent}${close.trimStart()}`;
}

/** The formulas of the expressions that a property holds; a name says all of an input. */
function commentsOn(writer: Writer, value: unknown): readonly string[] {
  const nodes: readonly unknown[] = Array.isArray(value) ? value.flat() : [value];
  return nodes.flatMap((node) =>
    typeof node === "object" && node !== null && isNode(node) && node.kind !== "input" ? [writer.formulaOf(node)] : [],
  );
}
